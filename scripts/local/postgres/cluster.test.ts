import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { gone, openClusters, query } from '#tests/local/clusters.ts';
import { runsAsRoot } from './account.ts';
import { findBinaries } from './binaries.ts';
import { isPostmasterOf, readPostmaster } from './postmaster.ts';
import { freePort, startServer } from './server.ts';

const world = openClusters();
const { start, startElsewhere, useMadeCluster } = world;

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

test('a first start makes a cluster, a later start finds what was written', async () => {
  const first = await start({ durable: true });
  await query(first.url, 'create table kept as select 42 as answer');
  await first.stop();
  expect(isPostmasterOf(first.pid, first.dataDirectory)).toBe(false);

  const second = await start({ durable: true });
  expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  expect(new URL(second.url).password).toBe(new URL(first.url).password);
});

test('the cluster is sealed off and made for a ledger', async () => {
  const cluster = await start({ durable: true, settings: { archive_mode: 'on' } });
  const [settings] = await query(
    cluster.url,
    `select ${[
      'listen_addresses',
      'unix_socket_directories',
      'data_checksums',
      'fsync',
      'password_encryption',
      'TimeZone',
      'archive_mode',
    ]
      .map((name) => `current_setting('${name}') as "${name}"`)
      .join(', ')}`,
  );
  expect(settings).toEqual({
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    data_checksums: 'on',
    fsync: 'on',
    password_encryption: 'scram-sha-256',
    TimeZone: 'UTC',
    archive_mode: 'on',
  });
  expect(
    await query(
      cluster.url,
      `select pg_encoding_to_char(encoding) as encoding, datlocprovider, datlocale from pg_database where datname = 'postgres'`,
    ),
  ).toEqual([{ encoding: 'UTF8', datlocprovider: 'b', datlocale: 'C.UTF-8' }]);
  expect(statSync(join(world.directory, 'password')).mode & 0o777).toBe(0o600);
  const wrong = new URL(cluster.url);
  wrong.password = 'wrong';
  await expect(query(wrong.href, 'select 1')).rejects.toThrow(/password authentication failed/);
});

test('kill -9 of the platform takes the server down, and the next start finds the data', async () => {
  await useMadeCluster();
  const other = await startElsewhere();
  await query(other.url, 'create table survived as select 1 as one');
  other.child.kill('SIGKILL');
  await gone(other.pid, other.data);

  const cluster = await start();
  expect(await query(cluster.url, 'select one from survived')).toEqual([{ one: 1 }]);
});

test('a platform that ends without stopping its cluster is not kept alive by it, and takes it along', async () => {
  await useMadeCluster();
  const other = await startElsewhere('clearInterval(keepAlive);');
  if (other.child.exitCode === null) await once(other.child, 'exit');
  expect(other.child.exitCode).toBe(0);
  await gone(other.pid, other.data);
});

test.runIf(process.platform === 'linux')(
  'a server whose platform and guardian were both killed is stopped by the next start',
  async () => {
    await useMadeCluster();
    const other = await startElsewhere();
    process.kill(parentOf(other.pid), 'SIGKILL');
    other.child.kill('SIGKILL');
    await once(other.child, 'exit');
    expect(isPostmasterOf(other.pid, other.data)).toBe(true);

    const cluster = await start();
    expect(cluster.pid).not.toBe(other.pid);
    expect(isPostmasterOf(other.pid, other.data)).toBe(false);
  },
);

test.runIf(process.platform === 'linux')(
  'stop() stops the server also when its guardian was killed',
  async () => {
    await useMadeCluster();
    const cluster = await start();
    process.kill(parentOf(cluster.pid), 'SIGKILL');
    await cluster.ended;
    expect(isPostmasterOf(cluster.pid, cluster.dataDirectory)).toBe(true);
    await cluster.stop();
    expect(isPostmasterOf(cluster.pid, cluster.dataDirectory)).toBe(false);
  },
);

test('a server that crashed is reported, and starts again over its stale pid file', async () => {
  await useMadeCluster();
  const cluster = await start();
  await query(cluster.url, 'create table before_crash as select 1 as one');
  process.kill(cluster.pid, 'SIGKILL');
  await cluster.ended;
  await cluster.stop();
  expect(readPostmaster(cluster.dataDirectory)?.ready).toBe(true); // stale, and it lies

  const again = await start();
  expect(await query(again.url, 'select one from before_crash')).toEqual([{ one: 1 }]);
});

test('a stranger that has the pid of an old server is left alone', async () => {
  await useMadeCluster();
  const cluster = await start();
  await cluster.stop();
  const { uid, gid } = statSync(cluster.dataDirectory);
  const stranger = spawn('sleep', ['60'], runsAsRoot() ? { uid, gid, cwd: '/' } : {});
  world.children.push(stranger);
  await once(stranger, 'spawn');
  writeFileSync(
    join(cluster.dataDirectory, 'postmaster.pid'),
    `${stranger.pid}\n${cluster.dataDirectory}\n0\n1\n\n127.0.0.1\n\nready   \n`,
  );
  await start();
  expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
});

test('a second platform on the same folder is refused and told the pid of the first', async () => {
  await useMadeCluster();
  const other = await startElsewhere();
  await expect(start()).rejects.toThrow(
    `another Stockade (pid ${other.child.pid}) is running on ${world.directory}`,
  );
  expect(await query(other.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('the same process cannot hold a folder twice', async () => {
  await useMadeCluster();
  const cluster = await start();
  await expect(start()).rejects.toThrow(`pid ${process.pid}`);
  await cluster.stop();
  await start();
});

test('Ctrl-C reaches only Node, which still has its database while it shuts down', async () => {
  await useMadeCluster();
  const other = await startElsewhere(`
    const { Client } = await import(${JSON.stringify(import.meta.resolve('pg'))}).then((pg) => pg.default);
    process.on('SIGINT', async () => {
      const client = new Client({ connectionString: cluster.url });
      await client.connect();
      const { rows } = await client.query('select 7 as seven');
      await client.end();
      await cluster.stop();
      clearInterval(keepAlive);
      console.log(rows[0].seven);
    });
    console.log('listening');`);
  expect(await other.nextLine()).toBe('listening');
  if (other.child.pid === undefined) throw new Error('the other platform has no pid');
  process.kill(-other.child.pid, 'SIGINT'); // a terminal signals the whole foreground group
  expect(await other.nextLine()).toBe('7');
  expect(isPostmasterOf(other.pid, other.data)).toBe(false);
});

test('an initdb that was killed half way is cleared away and done again, with the password that was kept', async () => {
  mkdirSync(join(world.directory, 'data.initializing-abandoned/data/base'), { recursive: true });
  writeFileSync(join(world.directory, 'data.initializing-abandoned/data/PG_VERSION'), '18\n');
  writeFileSync(join(world.directory, 'password'), 'kept-before\n');
  const cluster = await start();
  expect(new URL(cluster.url).password).toBe('kept-before');
  expect(await query(cluster.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  expect(readdirSync(world.directory).filter((name) => name.includes('initializing'))).toEqual([]);
});

test('a platform that is killed while it makes its cluster leaves nothing that the next start cannot mend', async () => {
  const other = startElsewhere().catch(() => {});
  await vi.waitFor(
    () => expect(readdirSync(world.directory).some((name) => name.includes('initializing'))).toBe(true),
    { timeout: 10_000, interval: 5 },
  );
  for (const child of world.children) child.kill('SIGKILL');
  await other;
  expect(existsSync(join(world.directory, 'data'))).toBe(false);
  const cluster = await start();
  expect(await query(cluster.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('a data folder of another major version is refused, not touched', async () => {
  await useMadeCluster();
  const cluster = await start();
  await cluster.stop();
  writeFileSync(join(cluster.dataDirectory, 'PG_VERSION'), '17\n');
  await expect(start()).rejects.toThrow(/made by PostgreSQL 17, and this is PostgreSQL 18/);
});

test('a password file that is gone or wrong is named', async () => {
  await useMadeCluster();
  const cluster = await start();
  await cluster.stop();
  const file = join(world.directory, 'password');
  const password = readFileSync(file);
  rmSync(file);
  await expect(start()).rejects.toThrow(`${file} is missing`);
  writeFileSync(file, 'another\n');
  await expect(start()).rejects.toThrow(`refuses the password in ${file}`);
  writeFileSync(file, password);
  await start();
});

test('a given port that is taken is named; a proposed one is replaced', async () => {
  await useMadeCluster();
  const occupant = createServer().listen(0, '127.0.0.1');
  await once(occupant, 'listening');
  const { port } = occupant.address() as { port: number };
  await expect(start({ port })).rejects.toThrow(`port ${port} on 127.0.0.1 is taken`);
  const cluster = await start();
  await cluster.stop();

  const proposals = [port];
  const { uid, gid } = statSync(cluster.dataDirectory);
  const binaries = findBinaries();
  const server = await startServer({
    program: binaries.postgres,
    data: cluster.dataDirectory,
    logFile: join(world.directory, 'postgres.log'),
    account: runsAsRoot() ? { uid, gid } : undefined,
    settings: {},
    proposePort: async () => proposals.shift() ?? freePort(),
  });
  occupant.close();
  expect(proposals).toEqual([]);
  expect(server.port).not.toBe(port);
  await server.stop();
});

test('a server that cannot start says why, from what its log says of this start, and lets go of the folder', async () => {
  await useMadeCluster();
  const log = join(world.directory, 'postgres.log');
  writeFileSync(log, 'LOG:  could not bind IPv4 address "127.0.0.1": Address already in use\n');
  const starting = start({ port: 1, settings: { shared_buffers: 'plenty' } });
  await expect(starting).rejects.toThrow(
    /Its log ends with:\n[^\n]*invalid value for parameter "shared_buffers": "plenty"[\s\S]*postgres\.log/,
  );
  expect(readFileSync(log, 'utf8')).toMatch(/^LOG: {2}could not bind[\s\S]*"plenty"/);
  await start();
});

test('destroy() leaves nothing behind', async () => {
  await useMadeCluster();
  const cluster = await start();
  await cluster.destroy();
  expect(existsSync(world.directory)).toBe(false);
});
