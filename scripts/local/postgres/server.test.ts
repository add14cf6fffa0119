import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { findBinaries } from './binaries.ts';
import { startCluster } from './cluster.ts';
import { placeData } from './data-place.ts';
import { makeScratchFolder } from './scratch-folder.ts';
import { freePort, type Server, startServer } from './server.ts';

test('a process with nothing else to do waits for the server that it stops', async () => {
  const folder = makeScratchFolder('server');
  const program = `
    import { startCluster } from ${JSON.stringify(new URL('./cluster.ts', import.meta.url).href)};
    const cluster = await startCluster({ directory: ${JSON.stringify(join(folder, 'pg'))}, durable: false });
    await cluster.stop();
    console.log('stopped');`;
  try {
    // Node ends with code 13 when nothing is left that could settle the promise that it awaits.
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
    expect(stdout).toBe('stopped\n');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a server that still runs on the folder is stopped, and the next attempt waits for its end', async () => {
  const folder = makeScratchFolder('server');
  let left: Server | undefined;
  let server: Server | undefined;
  try {
    const cluster = await startCluster({ directory: join(folder, 'pg'), durable: false });
    await cluster.stop();
    const { data, account } = placeData(join(folder, 'pg'));
    const options = {
      ...{ program: findBinaries().postgres, data, account, logFile: join(folder, 'log') },
      settings: { unix_socket_directories: '' },
    };
    left = await startServer(options);
    const url = new URL(cluster.url);
    url.port = String(left.port);
    const session = new Client(url.href);
    session.on('error', () => {});
    await session.connect();
    const { rows } = await session.query<{ pid: number }>('select pg_backend_pid() as pid');
    const pid = rows[0]?.pid ?? 0;
    // The server ends after its sessions, and this one hears of the end only when it goes on.
    process.kill(pid, 'SIGSTOP');
    let attempts = 0;
    const proposePort = () => {
      attempts += 1;
      return freePort();
    };
    setTimeout(() => process.kill(pid, 'SIGCONT'), 500);
    server = await startServer({ ...options, proposePort });
    expect(attempts).toBe(2);
    await left.ended;
  } finally {
    await server?.stop();
    await left?.stop();
    await rm(folder, { recursive: true, force: true });
  }
});

test('a process that cannot be started is named', async () => {
  const folder = makeScratchFolder('server');
  const { execPath } = process;
  process.execPath = join(folder, 'nowhere');
  try {
    const options = { program: 'postgres', data: folder, logFile: join(folder, 'log'), settings: {} };
    await expect(startServer(options)).rejects.toThrow(`cannot run ${process.execPath}: spawn`);
  } finally {
    process.execPath = execPath;
    await rm(folder, { recursive: true, force: true });
  }
});
