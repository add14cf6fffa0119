import { execFile } from 'node:child_process';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { runsAsRoot, unprivilegedAccount } from '#scripts/local/postgres/account.ts';
import { findBinaries, reachableBinaries } from '#scripts/local/postgres/binaries.ts';
import { freePort } from '#scripts/local/postgres/server.ts';
import { type BackedUpLedger, inDatabase } from './backed-up-ledger.ts';
import { closing } from './interruption.ts';

const run = promisify(execFile);

/** The work of a person with only the files of a backup and a shell. Drills are compared with it. */
export interface PlainCopy {
  /** The URL of its database for the superuser. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Copies the files of the snapshot with `cp -r` and starts Postgres on them with `pg_ctl`. */
export async function startPlainCopy({
  directory,
  snapshotFolder,
  adminUrl,
}: BackedUpLedger): Promise<PlainCopy> {
  const place = join(directory, 'plain');
  const data = join(place, 'data');
  await mkdir(place);
  await run('cp', ['-r', snapshotFolder, data]);
  await mkdir(join(data, 'pg_wal'), { recursive: true });
  await chmod(data, 0o700);
  const account = runsAsRoot() ? unprivilegedAccount() : undefined;
  const found = findBinaries();
  const { postgres } = account ? reachableBinaries(found, account) : found;
  if (account) await run('chown', ['-R', `${account.uid}:${account.gid}`, place]);
  const port = await freePort();
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c shared_buffers=32MB -c max_connections=50`;
  const control = async (...words: string[]) =>
    await run(join(dirname(postgres), 'pg_ctl'), ['-D', data, '-w', ...words], { ...account, cwd: '/' });
  const starting = control('-l', join(place, 'log'), '-o', options, 'start');
  const stop = closing(async () => {
    await starting;
    await control('-m', 'immediate', 'stop');
    await rm(place, { recursive: true, force: true });
  });
  await starting;
  const url = new URL(inDatabase(adminUrl));
  url.port = String(port);
  return { url: url.href, stop };
}
