import { constants, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** The unprivileged account that runs Postgres when we are root: Postgres refuses to run as root. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** True when this process is root, and Postgres therefore has to run as somebody else. */
export function runsAsRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * Chooses the account for a new cluster: `postgres` where the machine has one, otherwise `nobody`.
 * Reads `/etc/passwd` alone: a bare container may have neither `getent` nor `useradd`.
 */
export function unprivilegedAccount(passwd: string = readPasswd()): Account {
  return accountNamed('postgres', passwd) ?? accountNamed('nobody', passwd) ?? { uid: 65_534, gid: 65_534 };
}

/**
 * Checks whether an account that holds no extra groups can get at a path, by the mode bits of the path itself
 * and of every folder above it (symlinks resolved).
 * A folder must let the account in; a file must let it read and, if anybody may run it, run it.
 */
export function canReach(account: Account, path: string): boolean {
  try {
    const real = realpathSync(path);
    const stats = statSync(real);
    const isProgram = stats.isFile() && (stats.mode & 0o111) !== 0;
    if (stats.isFile() && !allows(account, real, constants.R_OK)) return false;
    if ((isProgram || stats.isDirectory()) && !allows(account, real, constants.X_OK)) return false;
    return foldersAbove(real).every((folder) => allows(account, folder, constants.X_OK));
  } catch {
    return false;
  }
}

function allows(account: Account, path: string, bit: number): boolean {
  const { uid, gid, mode } = statSync(path);
  const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0;
  return ((mode >> shift) & bit) === bit;
}

function foldersAbove(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [] : [parent, ...foldersAbove(parent)];
}

function accountNamed(name: string, passwd: string): Account | undefined {
  const line = passwd.split('\n').find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (!uid || !gid || Number(uid) === 0) return undefined;
  // macOS writes nobody as -2; the system calls want it unsigned.
  return { uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 };
}

function readPasswd(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8');
  } catch {
    return '';
  }
}
