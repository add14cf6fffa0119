import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{layers,functions,scripts,infra,tests,sql}/**/*.test.ts'],
    globalSetup: ['./tests/cluster.ts'],
    // One Postgres serves the whole run; more workers than cores only take turns.
    pool: 'forks',
    maxWorkers: 2,
    // What handlers log is not the tests' output.
    env: { POWERTOOLS_LOG_LEVEL: 'SILENT', POWERTOOLS_METRICS_DISABLED: 'true' },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
