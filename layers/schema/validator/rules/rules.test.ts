import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { paths } from '#scripts/paths.ts';
import { KnownSchema } from '../schema/known-schema.ts';
import { type Finding, validateFile } from '../validate.ts';
import { rules } from './rules.ts';

const pages = join(paths.root, 'docs/migrations');
const exampleSchema = await readFile(join(pages, 'schema.sql'), 'utf8');
const byName = rules.map(({ name, title }) => ({ name, title }));

/** The sections of a page, by heading. */
async function sectionsOf(name: string): Promise<Map<string, string>> {
  const page = await readFile(join(pages, `${name}.md`), 'utf8');
  const [head = '', ...sections] = page.split(/^## /m);
  return new Map([
    ['', head],
    ...sections.map((section): [string, string] => {
      const [heading = '', ...lines] = section.split('\n');
      return [heading, lines.join('\n')];
    }),
  ]);
}

function examplesIn(section: string | undefined): string[] {
  return [...(section ?? '').matchAll(/^```sql\n([\s\S]*?)^```$/gm)].map(([, sql = '']) => sql);
}

async function schemaOfExamples(): Promise<KnownSchema> {
  const schema = new KnownSchema();
  await validateFile({ file: 'schema.sql', content: exampleSchema }, 'stockade', schema);
  return schema;
}

function validateExample(content: string, schema: KnownSchema): Promise<{ findings: readonly Finding[] }> {
  const runner = content.startsWith('-- run by psql') ? 'statement' : 'stockade';
  return validateFile({ file: 'example.sql', content }, runner, schema);
}

test('every rule has a page, and there is no page without a rule', async () => {
  const names = (await readdir(pages)).filter((file) => file.endsWith('.md') && file !== 'README.md');
  expect(names.map((file) => file.slice(0, -3)).sort()).toEqual(byName.map(({ name }) => name).sort());
  expect(new Set(byName.map(({ name }) => name)).size).toBe(rules.length);
});

describe.each(byName)('$name', async ({ name, title }) => {
  const sections = await sectionsOf(name);

  test('its page says what it refuses and what to do instead', () => {
    expect(sections.get('')).toBe(`# ${name}\n\n${title}.\n\n`);
    expect([...sections.keys()].slice(0, 3)).toEqual(['', 'What it refuses', 'What to do instead']);
  });

  const refused = examplesIn(sections.get('What it refuses'));
  test.each(refused)('refuses %s', async (example) => {
    const { findings } = await validateExample(example, await schemaOfExamples());
    expect(findings.map(({ rule }) => rule)).toContain(name);
  });

  test('every rule finds nothing in what the page says to do instead', async () => {
    const accepted = examplesIn(sections.get('What to do instead'));
    expect([refused.length > 0, accepted.length > 0]).toEqual([true, true]);
    const schema = await schemaOfExamples();
    for (const example of accepted) {
      const { findings } = await validateExample(example, schema);
      expect([example, findings]).toEqual([example, []]);
    }
  });
});
