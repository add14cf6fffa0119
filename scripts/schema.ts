import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dumpFromMigrations, goldenFile, lineDiff, readGolden } from './catalog/golden.ts';
import { command } from './cli/command.ts';
import * as option from './cli/option.ts';
import { paths } from './paths.ts';

await command({
  name: 'schema',
  summary: `Writes ${goldenFile}: the whole schema that the migrations make, as the database itself tells it.`,
  description:
    'It starts a Postgres of its own, applies every migration to an empty database and dumps its catalogue.',
  options: {
    check: option.flag({
      description: `write nothing; fail with the difference when ${goldenFile} is out of date`,
    }),
  },
  examples: [
    { type: '', does: 'writes the file; review its diff together with the migration' },
    { type: '--check', does: 'what `npm run check` does' },
  ],
  run: async ({ options, signal }) => {
    const file = join(paths.root, goldenFile);
    const written = await readGolden(file);
    const actual = await dumpFromMigrations(paths.migrations, signal);
    const difference = lineDiff(written, actual);
    const json = { file: goldenFile, changed: difference !== '', difference };
    if (!difference) return { text: `${goldenFile} is up to date.`, json };
    if (options.check) {
      return {
        text: `${difference}\n${goldenFile} is out of date: run \`npm run schema\`.`,
        json,
        failed: true,
      };
    }
    await writeFile(file, actual);
    return { text: `Wrote ${goldenFile}.`, json };
  },
});
