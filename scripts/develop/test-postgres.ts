import { join } from 'node:path';
import { counted } from '#platform/text/plural.ts';
import { command } from '../cli/command.ts';
import { CommandError } from '../cli/failure.ts';
import * as option from '../cli/option.ts';
import { binariesVariable } from '../local/postgres/binaries.ts';
import { paths } from '../paths.ts';
import { fetchBinaries, type OlderMajor, olderReleases } from './postgres-versions/fetch-binaries.ts';
import { runTests } from './postgres-versions/run-tests.ts';

/** The migration runner, the migrations, the lint, and everything that speaks HTTP. */
const defaultTests = [
  'layers/schema/book',
  'layers/schema/lint',
  'layers/schema/migrations',
  'tests/migrations',
  'sql/lint',
  'scripts/migrate/all',
  'tests/api',
  'tests/ledger',
  'tests/isolation',
];

await command({
  name: 'test:postgres',
  summary: 'Runs the tests of the migrations and of the HTTP API on an older version of Postgres.',
  description: [
    'The first run for a version fetches its programs from npm (20 MB) and keeps them in .stockade/postgres-programs.',
    '`npm test` runs all tests on Postgres 18. Exit code 1 when a test fails.',
  ].join('\n'),
  arguments: {
    version: option.choice(Object.keys(olderReleases), { description: '16 or 17', required: true }),
  },
  options: {
    tests: option.several(
      option.text({ description: 'run these tests in place of the default ones', placeholder: 'path' }),
    ),
  },
  examples: [
    { type: '16', does: 'runs them on Postgres 16' },
    { type: '17 --tests tests/seals', does: 'runs the tests of seals on Postgres 17' },
  ],
  run: async ({ arguments: { version }, options, signal, note }) => {
    const major = Number(version) as OlderMajor;
    const home = await fetchBinaries(major, join(paths.data, 'postgres-programs'), signal);
    const name = `Postgres ${olderReleases[major].split('-')[0]}`;
    note(`Running tests on ${name} …`);
    const tests = options.tests.length > 0 ? options.tests : defaultTests;
    const run = await runTests(paths.root, tests, { [binariesVariable]: home }, signal);
    if (!run) throw new CommandError(`the tests could not run on ${name}`, 'See the output above.');
    const { passed, failed, skipped, files } = run;
    return {
      text: `${name}: ${counted(passed, 'test')} passed, ${failed} failed, ${skipped} skipped (${counted(files, 'file')}).`,
      json: { version: olderReleases[major], passed, failed, skipped, files },
      failed: failed > 0 || passed === 0,
    };
  },
});
