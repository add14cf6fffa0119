import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lineDiff } from '#schema/catalog/line-diff.ts';
import { command } from '../cli/command.ts';
import * as option from '../cli/option.ts';
import { paths } from '../paths.ts';
import { generateReference, readReference, referenceFile } from './commands/reference.ts';

await command({
  name: 'commands',
  summary: `Writes ${referenceFile}: the --help of every command.`,
  options: {
    check: option.flag({
      description: `write nothing; fail with the difference when ${referenceFile} is out of date`,
    }),
  },
  examples: [
    { type: '', does: 'writes the file, after a change of a command' },
    { type: '--check', does: 'compares, as `npm run check` does' },
  ],
  run: async ({ options }) => {
    const actual = await generateReference();
    const difference = lineDiff((await readReference()) ?? '', actual);
    const json = { file: referenceFile, changed: difference !== '', difference };
    if (!difference) return { text: `${referenceFile} is up to date.`, json };
    if (options.check) {
      return {
        text: `${difference}\n${referenceFile} is out of date: run \`npm run commands\`.`,
        json,
        failed: true,
      };
    }
    await writeFile(join(paths.root, referenceFile), actual);
    return { text: `Wrote ${referenceFile}.`, json };
  },
});
