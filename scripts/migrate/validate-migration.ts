import { runners } from '#schema/validator/review.ts';
import { command } from '../cli/command.ts';
import * as option from '../cli/option.ts';
import { paths } from '../paths.ts';
import { isFaultless, validationJson, validationText } from './validation/report.ts';
import { findSources } from './validation/sources.ts';
import { validateSources } from './validation/validate-sources.ts';

await command({
  name: 'validate:migration',
  summary: 'Checks that migrations neither stall nor break the programs that run meanwhile.',
  description: [
    'It reads the files with the grammar of Postgres and applies the rules of docs/migrations/. Then it runs them on a temporary',
    'Postgres with rows in every table, and compares the locks taken, the tables written again and the tables read with what the',
    'text was taken to say. Without a file, it validates the migrations of this release.',
    'It works on any folder of SQL: a file runs after those before it in its folder.',
    'A line "-- allow rule: reason" above a statement accepts one fault. Exit code 1 when anything else is found.',
  ].join('\n'),
  arguments: {
    files: option.several(option.path({ description: 'a file of SQL, or a folder of them', exists: true })),
  },
  options: {
    runner: option.choice(runners, {
      description:
        'who runs the files: this runner, another one with a transaction for each file, or one with none (psql). Default: this one when all files are named 000001_name.sql, otherwise none',
    }),
    static: option.flag({ description: 'only read the files, and start no Postgres' }),
    squawk: option.flag({ description: 'also show what squawk says; it does not count' }),
  },
  examples: [
    { type: '', does: 'validates every migration of this release' },
    { type: 'sql/migrations/000026_restorations.sql', does: 'validates that file, after those before it' },
    { type: '--static --json', does: 'only reads the files, and prints JSON' },
    { type: '--runner transaction db/migrate', does: 'validates the migrations of another program' },
    { type: '--squawk db/migrate/20260101_add.sql', does: 'shows a second opinion too' },
  ],
  run: async ({ options, arguments: { files }, signal, note }) => {
    const sources = await findSources(files.length > 0 ? files : [paths.migrations], options.runner);
    const report = await validateSources(sources, {
      isRun: !options.static,
      asksSquawk: options.squawk,
      signal,
      onFile: (file) => note(`${file} …`),
    });
    return { text: validationText(report), json: validationJson(report), failed: !isFaultless(report) };
  },
});
