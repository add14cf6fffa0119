import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { findFiles } from '#scripts/develop/check/files.ts';
import { paths } from '#scripts/paths.ts';

const documents = await findFiles(paths.root, '{*,docs/**/*}.md');
const read = (file: string) => readFileSync(join(paths.root, file), 'utf8');

/** The anchors of a page, as a code host makes them of its headings. */
function anchorsOf(file: string): string[] {
  return [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test.each(documents)('every link of %s leads to a file and a heading', (file) => {
  const links = [...read(file).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  const broken = links
    .filter((target) => !/^https?:/.test(target))
    .filter((target) => {
      const [path = '', anchor] = target.split('#');
      const linked = path === '' ? file : join(dirname(file), path);
      if (!existsSync(join(paths.root, linked))) return true;
      return anchor !== undefined && !anchorsOf(linked).includes(anchor);
    });
  expect(broken).toEqual([]);
});

test('every file of the implementation summary exists, and every feature has a test', () => {
  const rows = read('IMPLEMENTATION_SUMMARY.md')
    .split('\n')
    .filter((line) => /^\| .*`.*\|$/.test(line));
  const features = rows.map((row) => [...row.matchAll(/\| `([^`]+)`(?= \|)/g)].map(([, path = '']) => path));
  expect(features.length).toBeGreaterThan(40);
  for (const [at, feature] of features.entries()) expect(feature, rows[at]).toHaveLength(2);
  expect(features.map(([, test]) => test).filter((test) => !test?.endsWith('.test.ts'))).toEqual([]);
  expect(features.flat().filter((path) => !existsSync(join(paths.root, path)))).toEqual([]);
});

test.each(['docs', 'docs/runbook', 'docs/isolation', 'docs/migrations', 'docs/examples', 'docs/adapters'])(
  'the index of %s has every page',
  (folder) => {
    const index = read(`${folder}/README.md`);
    const pages = readdirSync(join(paths.root, folder)).filter(
      (file) => /\.(md|sql)$/.test(file) && file !== 'README.md',
    );
    // The rules of the lint are numbered: their folder is their list.
    expect(pages.filter((page) => !/^\d{4}_/.test(page) && !index.includes(`(${page})`))).toEqual([]);
  },
);
