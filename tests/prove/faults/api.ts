import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Job } from '#functions/schedules.ts';

/** What the process of the API receives. */
export type ToApi =
  | { readonly kind: 'clock'; readonly aheadMs: number }
  | { readonly kind: 'job'; readonly job: Job; readonly number: number };

/** What it says. */
export type FromApi =
  | { readonly kind: 'serving'; readonly port: number }
  | { readonly kind: 'job'; readonly number: number; readonly outcome: JobOutcome };

export interface JobOutcome {
  readonly succeeded: boolean;
  /** The result in words, or the error. */
  readonly text: string;
}

/** The API and the jobs in a process of their own: the local gateway and the handlers that deploy. */
export interface Api extends AsyncDisposable {
  /** The same after each start. */
  readonly url: string;
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Stops the process (SIGSTOP). Returns what lets it go on. */
  freeze(): () => void;
  /** Starts it again after its end. */
  start(): Promise<void>;
  /** Sets its clock ahead of the machine's, or back. */
  setClock(aheadMs: number): void;
  runJob(job: Job): Promise<JobOutcome>;
}

export async function startApi(env: NodeJS.ProcessEnv): Promise<Api> {
  let { child, port } = await startProcess(env, 0);
  let jobs = 0;
  const tell = (message: ToApi) => void child.send(message);
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    kill: end,
    freeze() {
      child.kill('SIGSTOP');
      return () => void child.kill('SIGCONT');
    },
    async start() {
      ({ child, port } = await startProcess(env, port));
    },
    setClock: (aheadMs) => tell({ kind: 'clock', aheadMs }),
    async runJob(job) {
      jobs += 1;
      const number = jobs;
      const asked = child;
      const outcome = new Promise<JobOutcome>((resolve) => {
        const onMessage = (message: FromApi) => {
          if (message.kind !== 'job' || message.number !== number) return;
          asked.off('message', onMessage);
          resolve(message.outcome);
        };
        asked.on('message', onMessage);
        asked.once('exit', () => resolve({ succeeded: false, text: 'the process has ended' }));
      });
      tell({ kind: 'job', job, number });
      return await outcome;
    },
    [Symbol.asyncDispose]: () => end('SIGKILL'),
  };
}

async function startProcess(
  env: NodeJS.ProcessEnv,
  port: number,
): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(join(import.meta.dirname, 'api-process.ts'), [String(port)], {
    env: { ...process.env, ...env },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the API did not start: exit code ${code}`);
  });
  const [message] = (await Promise.race([once(child, 'message'), ended])) as [FromApi];
  ended.catch(() => {});
  if (message.kind !== 'serving') throw new Error(`the API said ${message.kind} before it was serving`);
  return { child, port: message.port };
}
