import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lineDiff } from '#schema/catalog/line-diff.ts';
import { command } from '../cli/command.ts';
import * as option from '../cli/option.ts';
import { paths } from '../paths.ts';
import { goldenFile, goldenFromMigrations, goldenTriggersFile, readGolden } from './catalog/golden.ts';

await command({
  name: 'schema',
  summary: `Writes ${goldenFile}: the complete schema after all migrations and functions, as the database reports it.`,
  description: [
    'It starts a temporary Postgres, applies every migration to an empty database and dumps its catalogue. It writes the',
    `digests of the ledger's triggers, which reconciliation expects, to ${goldenTriggersFile}.`,
  ].join('\n'),
  options: {
    check: option.flag({
      description: `write nothing; fail with the difference when ${goldenFile} is out of date`,
    }),
  },
  examples: [
    { type: '', does: 'writes the files; review their diff with the migration' },
    { type: '--check', does: 'compares, as `npm run check` does' },
  ],
  run: async ({ options, signal }) => {
    const outdated: { file: string; content: string; difference: string }[] = [];
    for (const { file, content } of await goldenFromMigrations(paths.migrations, signal)) {
      const difference = lineDiff(await readGolden(join(paths.root, file)), content);
      if (difference) outdated.push({ file, content, difference });
    }
    const json = outdated.map(({ file, difference }) => ({ file, difference }));
    if (outdated.length === 0) return { text: `${goldenFile} is up to date.`, json };
    const files = outdated.map(({ file }) => file).join(' and ');
    if (options.check) {
      const differences = outdated.map(({ difference }) => difference).join('\n');
      return { text: `${differences}\n${files}: out of date, run \`npm run schema\`.`, json, failed: true };
    }
    for (const { file, content } of outdated) await writeFile(join(paths.root, file), content);
    return { text: `Wrote ${files}.`, json };
  },
});
