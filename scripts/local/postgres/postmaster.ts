import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { StartFailure } from './failure.ts';

/** How long a fast shutdown may take before an immediate one, and that one before a kill. */
export const stopPatience = { fastMs: 10_000, immediateMs: 5_000 };

/** What a running server writes about itself into `postmaster.pid`. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** Accepts connections. */
  readonly ready: boolean;
}

/** Reads `postmaster.pid` of a data folder; undefined when there is none, or when it is only half written. */
export function readPostmaster(data: string): Postmaster | undefined {
  let lines: string[];
  try {
    lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return undefined;
  }
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
}

/** Checks whether a process is a Postgres server of this data folder now: another process may have got its pid. */
export function isPostmasterOf(pid: number, data: string): boolean {
  try {
    const folder = realpathSync(data);
    if (process.platform === 'linux') {
      // A server works inside its data folder. A dead one that nobody has collected has no such link any more.
      return (
        readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'postgres' &&
        readlinkSync(`/proc/${pid}/cwd`) === folder
      );
    }
    const command = execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return command.includes('postgres') && command.includes(folder);
  } catch {
    return false;
  }
}

/**
 * Stops what an earlier run left behind on a data folder, and clears a pid file that now names a stranger.
 * Call it with the folder's lock held: whatever runs there then has no owner any more.
 * @throws StartFailure when the server does not stop
 */
export async function stopLeftover(data: string, patience = stopPatience): Promise<void> {
  const left = readPostmaster(data);
  if (!left) return;
  if (!isPostmasterOf(left.pid, data)) {
    // Postgres copes with the pid of a dead process, but refuses to start when any process of its own user has it.
    if (isAlive(left.pid)) rmSync(join(data, 'postmaster.pid'), { force: true });
    return;
  }
  const steps: [NodeJS.Signals, number][] = [
    ['SIGINT', patience.fastMs],
    ['SIGQUIT', patience.immediateMs],
    ['SIGKILL', patience.immediateMs],
  ];
  for (const [signal, waitMs] of steps) {
    if (!sendSignal(left.pid, signal)) return;
    const deadlineMs = Date.now() + waitMs;
    while (Date.now() < deadlineMs) {
      if (!isPostmasterOf(left.pid, data)) return;
      await delay(20);
    }
  }
  throw new StartFailure(`the Postgres server ${left.pid} on ${data} does not stop, not even when killed.`);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** False when the process is gone already. */
function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
