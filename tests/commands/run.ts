import { type ChildProcess, execFile, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { paths } from '#scripts/paths.ts';
import type { Ended, Order } from './command-host.ts';

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Started with the first command; ends with this process. */
let host: ChildProcess | undefined;
let isBusy = false;

/**
 * Runs the file behind an npm command as a process of its own would. What runs while another does gets such a process;
 * one after the other they share one.
 */
export function run(script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return runFile(join(paths.root, 'scripts', script), args, env);
}

/** The same for a command that is in any file. */
export async function runFile(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  if (isBusy) return await runAlone(file, args, env);
  isBusy = true;
  try {
    host ??= startHost();
    const order: Order = { file: pathToFileURL(file).href, args, env: environmentOf(env) };
    return await ask(host, order);
  } finally {
    isBusy = false;
  }
}

function startHost(): ChildProcess {
  const started = fork(join(paths.root, 'tests/commands/command-host.ts'), {
    cwd: paths.root,
    env: environmentOf({}),
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  started.once('exit', () => {
    host = undefined;
  });
  started.unref();
  return started;
}

/** A command that ends its process at once has ended the host as well; the next one gets another. */
async function ask(asked: ChildProcess, order: Order): Promise<Outcome> {
  asked.channel?.ref();
  return await new Promise((resolve, reject) => {
    const onEnded = (ended: Ended) => {
      asked.off('exit', onExit);
      asked.channel?.unref();
      resolve(ended);
    };
    const onExit = (code: number | null) =>
      reject(new Error(`${order.file} has ended the process it shares with other commands: ${code}`));
    asked.once('message', onEnded);
    asked.once('exit', onExit);
    asked.send(order);
  });
}

function runAlone(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [file, ...args],
      { env: environmentOf(env), cwd: paths.root },
      (error, stdout, stderr) => resolve({ exitCode: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
    );
  });
}

/** The local platform as a process of its own, once it has said that it runs. */
export interface RunningPlatform {
  readonly url: string;
  /** What it has printed. */
  readonly output: () => string;
  readonly pid: number;
  /** Sends a signal and waits for the end of the process. */
  stop(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): Promise<{ exitCode: number | null }>;
}

/** Starts `npm start` with the options and waits for the last line of its welcome. */
export async function startPlatform(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<RunningPlatform> {
  const child = spawn(process.execPath, [join(paths.root, 'scripts/develop/start.ts'), ...args], {
    env: environmentOf(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  const exited = once(child, 'exit');
  const ready = (async () => {
    for await (const line of createInterface(child.stdout)) {
      output += `${line}\n`;
      if (line.startsWith('Press Ctrl-C to stop')) return;
    }
    throw new Error(`the platform ended before it was ready:\n${output}`);
  })();
  await ready;
  child.stdout.resume();
  return {
    url: /running at (\S+)/.exec(output)?.[1] ?? '',
    output: () => output,
    pid: child.pid ?? 0,
    async stop(signal) {
      child.kill(signal);
      const [exitCode] = await exited;
      return { exitCode };
    },
  };
}

function environmentOf(changes: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { DATABASE_URL: _, ...env } = process.env;
  return { ...env, NO_COLOR: '1', ...changes };
}
