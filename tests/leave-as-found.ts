import { afterAll, vi } from 'vitest';
import { refusedKeysOfProcess } from '#tenancy/credentials/refused-keys.ts';

const environment = { ...process.env };
const { argv, exitCode } = process;

/**
 * The test files of a worker share its process and the modules that it has loaded. Each leaves the process as it has found
 * it. This hook is registered before those of the file, so it comes last.
 */
afterAll(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
  process.argv = argv;
  process.exitCode = exitCode;
  refusedKeysOfProcess.forget();
});
