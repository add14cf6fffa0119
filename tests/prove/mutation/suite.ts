import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';

export interface SuiteOptions {
  /** Test files relative to the root. Default: all of them. */
  readonly files?: readonly string[];
  readonly config?: string;
  readonly workers: number;
  /** Ends at the first test that fails. */
  readonly stopAtFirst?: true;
  readonly environment?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface SuiteResult {
  readonly passed: boolean;
  /** Every failed test by file and name. A file that could not be loaded has its message. */
  readonly failures: readonly string[];
  readonly files: readonly { readonly file: string; readonly durationMs: number; readonly passed: boolean }[];
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly startTime: number;
    readonly endTime: number;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** Runs tests of a checkout in a new process. */
export async function runSuite(root: string, options: SuiteOptions): Promise<SuiteResult> {
  options.signal.throwIfAborted();
  const output = join(root, 'suite-report.json');
  await rm(output, { force: true });
  const child = spawn(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      ...(options.config ? [`--config=${options.config}`] : []),
      ...(options.stopAtFirst ? ['--bail=1'] : []),
      `--maxWorkers=${options.workers}`,
      '--reporter=json',
      `--outputFile=${output}`,
      ...(options.files ?? []),
    ],
    // A group of its own, so that the processes of a test end with it.
    {
      cwd: root,
      detached: true,
      stdio: 'ignore',
      env: { ...process.env, CI: 'true', ...options.environment },
    },
  );
  const exited = once(child, 'exit');
  const end = () => killGroup(child.pid);
  const timer = setTimeout(end, options.timeoutMs);
  options.signal.addEventListener('abort', end, { once: true });
  try {
    const [code, killedBy] = await exited;
    options.signal.throwIfAborted();
    const report = await readReport(output);
    // A fault can end the run before its first test with the exit code of success.
    const passed = code === 0 && report !== undefined;
    return {
      passed,
      failures: passed ? [] : failuresOf(root, report, killedBy ?? `exit code ${code}`),
      files: (report?.testResults ?? []).map(({ name, status, startTime, endTime }) => ({
        file: relative(root, name),
        durationMs: endTime - startTime,
        passed: status === 'passed',
      })),
    };
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener('abort', end);
    killGroup(child.pid);
  }
}

function failuresOf(root: string, report: Report | undefined, ending: string): string[] {
  const failures = (report?.testResults ?? []).flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(root, name);
    const failed = assertionResults.filter((test) => test.status === 'failed');
    if (failed.length > 0) return failed.map(({ fullName }) => `${file}: ${fullName}`);
    // vitest reports a file as failed, without a message, when it did not run because another one failed.
    return status === 'failed' && message ? [`${file}: ${message.split('\n')[0]}`] : [];
  });
  return failures.length > 0 ? failures : [`the run itself failed (${ending})`];
}

async function readReport(path: string): Promise<Report | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Report;
  } catch {
    return undefined;
  }
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
