import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checks, runbookOf } from '#recovery/monitor/run-checks.ts';
import { findFiles } from '#scripts/develop/check/files.ts';
import { paths } from '#scripts/paths.ts';

const folder = join(paths.root, 'docs/runbook');
const pages = readdirSync(folder)
  .filter((file) => file !== 'README.md')
  .map((file) => `docs/runbook/${file}`);

test.each(pages)('%s says what it means and what to do', (page) => {
  const headings = readFileSync(join(paths.root, page), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('#'));
  expect(headings[0]).toMatch(/^# \S/);
  expect(headings).toContain('## What it means');
  expect(headings).toContain('## What to do');
});

test('a page that an alert or an alarm names is there', async () => {
  const files = await findFiles(paths.root, '{functions,infra,layers,scripts}/**/*.ts');
  const named = files.flatMap((file) =>
    [...readFileSync(join(paths.root, file), 'utf8').matchAll(/'(docs\/runbook\/[a-z-]+\.md)'/g)].map(
      ([, page = '']) => page,
    ),
  );
  expect(named.filter((page) => !pages.includes(page))).toEqual([]);
});

test.each(checks.map(({ name }) => name))('the check %s of the backups has a page that names it', (name) => {
  expect(pages).toContain(runbookOf(name));
  expect(readFileSync(join(paths.root, runbookOf(name)), 'utf8')).toContain(`# BackupCheck ${name} (`);
});
