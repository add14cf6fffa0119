import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Client } from 'pg';
import { expect, vi } from 'vitest';
import { paths } from '#scripts/paths.ts';

/** A command that is killed. */
export interface KilledCommand {
  /** The file below `scripts/`. */
  readonly script: string;
  readonly args: readonly string[];
  /** The database it works on, as the superuser's URL. */
  readonly adminUrl: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts the file behind an npm command, waits until `isThere` no longer throws, and kills the process with SIGKILL. What
 * stops the command at that moment is the test's: a lock that another connection holds. A command that ends by itself
 * before fails the test.
 */
export async function killWhen(
  { script, args, adminUrl, env }: KilledCommand,
  isThere: () => Promise<unknown>,
): Promise<void> {
  const child = spawn(process.execPath, [join(paths.root, 'scripts', script), ...args], {
    env: { ...process.env, DATABASE_URL: adminUrl, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const exited = once(child, 'exit');
  const endedBefore = exited.then(([code]) => {
    throw new Error(`${script} ended with ${code} before it was to be killed:\n${errors}`);
  });
  try {
    await Promise.race([vi.waitFor(isThere, { timeout: 60_000, interval: 20 }), endedBefore]);
  } finally {
    child.kill('SIGKILL');
  }
  expect(await exited).toEqual([null, 'SIGKILL']);
}

/** Fails until a command waits for a lock in a statement that contains this text. */
export async function expectWaiting(superuser: Client, statement: string): Promise<void> {
  const { rows } = await superuser.query(
    `select wait_event_type from pg_stat_activity
     where application_name = 'stockade-command' and datname = current_database() and query ilike $1`,
    [`%${statement}%`],
  );
  expect(rows).toEqual([{ wait_event_type: 'Lock' }]);
}

/** Waits until the server has noticed that the killed command is gone, and has undone what it did not commit. */
export async function untilGone(superuser: Client): Promise<void> {
  await vi.waitFor(
    async () => {
      const { rows } = await superuser.query(
        `select pid from pg_stat_activity where application_name = 'stockade-command' and datname = current_database()`,
      );
      expect(rows).toEqual([]);
    },
    { timeout: 60_000, interval: 20 },
  );
}
