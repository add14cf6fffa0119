import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { lastOf } from '#portability/moving-in/steps.ts';
import type { MigrationEvent } from '#schema/migrations/migrate.ts';
import { asSuperuser } from '../clone.ts';
import type { Switchboard } from './switchboard.ts';

/** What the process of the migration says. */
export type FromRunner =
  | { readonly kind: 'event'; readonly event: MigrationEvent }
  | { readonly kind: 'ready to switch' };

export interface RunnerOptions {
  readonly databaseUrl: string;
  readonly switchboard: Switchboard;
  /** Starts the new program. It is awaited before the requests are held. */
  readonly prepare: () => Promise<unknown>;
  /** Decides after each event whether the process is killed with -9 now. */
  readonly kills?: ((message: FromRunner) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Moved {
  readonly durationMs: number;
  /** How long requests were held back for the switch. */
  readonly heldMs: number;
  /** What the runner was at when it was killed. */
  readonly killedAt: readonly string[];
}

/** Runs the whole migration, again after each kill, and holds the requests while it switches. */
export async function move(options: RunnerOptions): Promise<Moved> {
  const startedMs = performance.now();
  const killedAt: string[] = [];
  let heldMs = 0;
  for (;;) {
    options.signal?.throwIfAborted();
    const run = await runOnce(options);
    heldMs = Math.max(heldMs, run.heldMs);
    if (run.killedAt === undefined) {
      return { durationMs: performance.now() - startedMs, heldMs, killedAt };
    }
    killedAt.push(run.killedAt);
  }
}

async function runOnce({
  databaseUrl,
  switchboard,
  prepare,
  kills,
  signal,
}: RunnerOptions): Promise<{ readonly heldMs: number; readonly killedAt: string | undefined }> {
  const child = fork(join(import.meta.dirname, 'runner-process.ts'), {
    env: { ...process.env, DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const stop = () => child.kill('SIGKILL');
  signal?.addEventListener('abort', stop, { once: true });
  let heldSince: number | undefined;
  let heldMs = 0;
  let killedAt: string | undefined;
  const release = (program: 'old' | 'new') => {
    if (heldSince === undefined) return;
    heldMs = performance.now() - heldSince;
    heldSince = undefined;
    switchboard.release(program);
  };
  child.on('message', async (message: FromRunner) => {
    if (killedAt === undefined && kills?.(message)) {
      killedAt = textOf(message);
      stop();
      return;
    }
    if (message.kind === 'ready to switch') {
      await prepare();
      heldSince = performance.now();
      await switchboard.hold();
      answer(child);
    } else if (message.event.kind === 'applied' && message.event.name === lastOf.switch) release('new');
  });
  const [code] = await once(child, 'exit');
  signal?.removeEventListener('abort', stop);
  signal?.throwIfAborted();
  // Whether a killed switch was committed, only the database knows.
  if (heldSince !== undefined) release((await hasSwitched(databaseUrl)) ? 'new' : 'old');
  if (killedAt === undefined && code !== 0) throw new Error(`the migration failed with exit code ${code}`);
  return { heldMs, killedAt };
}

function answer(child: ChildProcess): void {
  if (child.connected) child.send('go');
}

function textOf(message: FromRunner): string {
  if (message.kind !== 'event') return message.kind;
  return 'name' in message.event ? `${message.event.kind} ${message.event.name}` : message.event.kind;
}

async function hasSwitched(databaseUrl: string): Promise<boolean> {
  return await asSuperuser(databaseUrl, async (client) => {
    const { rows } = await client.query('select from stockade_migrations.applied where name = $1', [
      lastOf.switch,
    ]);
    return rows.length > 0;
  });
}
