import { existsSync } from 'node:fs';
import { chown, mkdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Client } from 'pg';

/**
 * A disk that is full for one file of Postgres: the file is `/dev/full`, whose every write fails with ENOSPC. Postgres
 * gets the error from the kernel as it does on a full disk, and only the test that wants it does. It needs no mount and no
 * other user. Only Linux has it.
 */
const fullDevice = '/dev/full';

export const hasFullDisk = existsSync(fullDevice);

/** Leaves no room for new rows of a table. Sessions that have used the table must be closed first. Returns what undoes it. */
export async function fillTable(superuser: Client, table: string): Promise<() => Promise<void>> {
  // What is in memory only would be written to the full disk.
  await superuser.query('checkpoint');
  const { rows } = await superuser.query<{ path: string }>(
    `select current_setting('data_directory') || '/' || pg_relation_filepath($1) as path`,
    [table],
  );
  const path = rows[0]?.path ?? '';
  await rename(path, `${path}.kept`);
  await symlink(fullDevice, path);
  return async () => {
    await rm(path);
    await rename(`${path}.kept`, path);
  };
}

/** Leaves no room for the temporary files of the sessions of a role in this database. Returns what undoes it. */
export async function fillTemporaryFiles(superuser: Client, role: string): Promise<() => Promise<void>> {
  const { rows } = await superuser.query<{ folder: string; pid: number }>(
    `select current_setting('data_directory') || '/base/pgsql_tmp' as folder, pid
     from pg_stat_activity
     where usename = $1 and datname = current_database()`,
    [role],
  );
  const links: string[] = [];
  for (const { folder, pid } of rows) {
    const { uid, gid } = await stat(dirname(folder));
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chown(folder, uid, gid);
    // Postgres numbers the temporary files of a session, from 0 on.
    for (let number = 0; number < 20; number += 1) links.push(join(folder, `pgsql_tmp${pid}.${number}`));
  }
  for (const link of links) {
    await rm(link, { force: true });
    await symlink(fullDevice, link);
  }
  return async () => {
    for (const link of links) await rm(link, { force: true });
  };
}
