import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The result of a run of the tests. */
export interface TestRun {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly files: number;
}

/**
 * Runs tests of this checkout with vitest, in a process of its own. What vitest shows goes to stderr.
 * @param environment is added to the environment of this process
 * @returns undefined when the run itself failed, and vitest has said why
 */
export async function runTests(
  root: string,
  files: readonly string[],
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<TestRun | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'stockade-test-run-'));
  const report = join(folder, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  try {
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const child = spawn(process.execPath, [vitest, 'run', ...reporters, ...files], {
      cwd: root,
      stdio: ['ignore', process.stderr, process.stderr],
      env: { ...process.env, ...environment },
    });
    const stop = () => child.kill('SIGTERM');
    signal.addEventListener('abort', stop, { once: true });
    await once(child, 'exit');
    signal.removeEventListener('abort', stop);
    signal.throwIfAborted();
    return await read(report);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function read(report: string): Promise<TestRun | undefined> {
  const text = await readFile(report, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(text);
  // A file that could not be loaded has failed without a failed test.
  const broken = testResults.filter(
    (file: { status: string; assertionResults: { status: string }[] }) =>
      file.status === 'failed' && file.assertionResults.every(({ status }) => status !== 'failed'),
  ).length;
  return {
    passed: numPassedTests,
    failed: numFailedTests + broken,
    skipped: numPendingTests,
    files: testResults.length,
  };
}
