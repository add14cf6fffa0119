import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { SlowFiles } from './tests/slow-files.ts';

// Processes that tests start, and workers, load what was compiled before: by far most of what they do is loading.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url));

/** What starts servers and processes of its own takes longest. */
const long = /\/(tests\/(recovery|isolation|commands)|infra)\//;

/** The long ones first: at the end a worker would be alone with one of them. */
class LongOnesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => long.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  plugins: [
    {
      name: 'stockade:slow-files',
      // The reporters of a command line replace those of a configuration; this one comes on top of either.
      configureVitest: ({ vitest }) => void vitest.config.reporters.push(new SlowFiles()),
    },
  ],
  test: {
    include: ['{layers,functions,scripts,infra,tests,sql,bench}/**/*.test.ts'],
    // Prisma and what it brings weigh more than everything else together: `npm run test:adapters` installs it, and tests it.
    exclude: process.env.STOCKADE_TEST_ADAPTERS === 'all' ? [] : ['tests/adapters/prisma.test.ts'],
    globalSetup: ['./tests/cluster.ts'],
    // What a worker has loaded serves all its files: loading took longer than most of them.
    isolate: false,
    setupFiles: ['./tests/leave-as-found.ts'],
    sequence: { sequencer: LongOnesFirst },
    // Tests wait for servers and processes: with as many workers as cores, an eighth of two cores had nothing to do.
    pool: 'forks',
    maxWorkers: 3,
    // What handlers log is not the tests' output.
    env: { POWERTOOLS_LOG_LEVEL: 'SILENT', POWERTOOLS_METRICS_DISABLED: 'true' },
    // None takes half of it on a machine of its own; one that is shared may be several times slower.
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
