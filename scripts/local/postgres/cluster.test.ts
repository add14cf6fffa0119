import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { canReach, runsAsRoot, unprivilegedAccount } from './account.ts';
import { findBinaries } from './binaries.ts';
import { type Cluster, type ClusterOptions, startCluster } from './cluster.ts';
import { isPostmasterOf, readPostmaster } from './postmaster.ts';
import { makeScratchFolder } from './scratch-folder.ts';
import { freePort, startServer } from './server.ts';

let template: string;
let folder: string;
let directory: string;
const clusters: Cluster[] = [];
const children: ChildProcess[] = [];
const heldElsewhere: { pid: number; data: string }[] = [];

beforeAll(async () => {
  template = makeScratchFolder('template');
  const cluster = await startCluster({ directory: join(template, 'pg'), durable: false });
  await cluster.stop();
});

afterAll(() => rmSync(template, { recursive: true, force: true }));

beforeEach(() => {
  folder = makeScratchFolder('cluster');
  directory = join(folder, 'new');
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await Promise.all(heldElsewhere.splice(0).map(({ pid, data }) => gone(pid, data)));
  await Promise.all(clusters.splice(0).map((cluster) => cluster.stop()));
  rmSync(folder, { recursive: true, force: true });
});

async function start(options: Partial<ClusterOptions> = {}): Promise<Cluster> {
  const cluster = await startCluster({
    directory,
    durable: false,
    sharedPlaces: [join(folder, 'shared')],
    ...options,
  });
  clusters.push(cluster);
  return cluster;
}

/** From here on the folder is one in which a cluster was made earlier: initdb takes most of a first start. */
function useMadeCluster(): void {
  directory = join(folder, 'pg');
  execFileSync('cp', ['-a', join(template, 'pg'), directory]);
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Another platform: a Node process in a group of its own that holds a cluster until it is killed. */
async function startElsewhere(then = '', account: { uid?: number; gid?: number } = {}) {
  const module = new URL('./cluster.ts', import.meta.url).href;
  const script = `import { startCluster } from ${JSON.stringify(module)};
    const keepAlive = setInterval(() => {}, 60_000);
    const cluster = await startCluster({ directory: ${JSON.stringify(directory)}, durable: false });
    console.log(JSON.stringify({ pid: cluster.pid, url: cluster.url, data: cluster.dataDirectory }));
    ${then}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    ...account,
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async () => String((await lines.next()).value);
  const held = JSON.parse(await nextLine()) as { pid: number; url: string; data: string };
  heldElsewhere.push(held);
  return { child, nextLine, ...held };
}

async function gone(pid: number, data: string): Promise<void> {
  await vi.waitFor(() => expect(isPostmasterOf(pid, data)).toBe(false), { timeout: 20_000, interval: 20 });
}

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
  expect(statSync(join(directory, 'password')).mode & 0o777).toBe(0o600);
  const wrong = new URL(cluster.url);
  wrong.password = 'wrong';
  await expect(query(wrong.href, 'select 1')).rejects.toThrow(/password authentication failed/);
});

test('kill -9 of the platform takes the server down, and the next start finds the data', async () => {
  useMadeCluster();
  const other = await startElsewhere();
  await query(other.url, 'create table survived as select 1 as one');
  other.child.kill('SIGKILL');
  await gone(other.pid, other.data);

  const cluster = await start();
  expect(await query(cluster.url, 'select one from survived')).toEqual([{ one: 1 }]);
});

test('a platform that ends without stopping its cluster is not kept alive by it, and takes it along', async () => {
  useMadeCluster();
  const other = await startElsewhere('clearInterval(keepAlive);');
  if (other.child.exitCode === null) await once(other.child, 'exit');
  expect(other.child.exitCode).toBe(0);
  await gone(other.pid, other.data);
});

test.runIf(process.platform === 'linux')(
  'a server whose platform and guardian were both killed is stopped by the next start',
  async () => {
    useMadeCluster();
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
    useMadeCluster();
    const cluster = await start();
    process.kill(parentOf(cluster.pid), 'SIGKILL');
    await cluster.ended;
    expect(isPostmasterOf(cluster.pid, cluster.dataDirectory)).toBe(true);
    await cluster.stop();
    expect(isPostmasterOf(cluster.pid, cluster.dataDirectory)).toBe(false);
  },
);

test('a server that crashed is reported, and starts again over its stale pid file', async () => {
  useMadeCluster();
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
  useMadeCluster();
  const cluster = await start();
  await cluster.stop();
  const { uid, gid } = statSync(cluster.dataDirectory);
  const stranger = spawn('sleep', ['60'], runsAsRoot() ? { uid, gid, cwd: '/' } : {});
  children.push(stranger);
  await once(stranger, 'spawn');
  writeFileSync(
    join(cluster.dataDirectory, 'postmaster.pid'),
    `${stranger.pid}\n${cluster.dataDirectory}\n0\n1\n\n127.0.0.1\n\nready   \n`,
  );
  await start();
  expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
});

test('a second platform on the same folder is refused and told the pid of the first', async () => {
  useMadeCluster();
  const other = await startElsewhere();
  await expect(start()).rejects.toThrow(
    `another Stockade (pid ${other.child.pid}) is running on ${directory}`,
  );
  expect(await query(other.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('the same process cannot hold a folder twice', async () => {
  useMadeCluster();
  const cluster = await start();
  await expect(start()).rejects.toThrow(`pid ${process.pid}`);
  await cluster.stop();
  await start();
});

test('Ctrl-C reaches only Node, which still has its database while it shuts down', async () => {
  useMadeCluster();
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
  mkdirSync(join(directory, 'data.initializing-abandoned/data/base'), { recursive: true });
  writeFileSync(join(directory, 'data.initializing-abandoned/data/PG_VERSION'), '18\n');
  writeFileSync(join(directory, 'password'), 'kept-before\n');
  const cluster = await start();
  expect(new URL(cluster.url).password).toBe('kept-before');
  expect(await query(cluster.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  expect(readdirSync(directory).filter((name) => name.includes('initializing'))).toEqual([]);
});

test('a platform that is killed while it makes its cluster leaves nothing that the next start cannot mend', async () => {
  const other = startElsewhere().catch(() => {});
  await vi.waitFor(
    () => expect(readdirSync(directory).some((name) => name.includes('initializing'))).toBe(true),
    { timeout: 10_000, interval: 5 },
  );
  for (const child of children) child.kill('SIGKILL');
  await other;
  expect(existsSync(join(directory, 'data'))).toBe(false);
  const cluster = await start();
  expect(await query(cluster.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('a data folder of another major version is refused, not touched', async () => {
  useMadeCluster();
  const cluster = await start();
  await cluster.stop();
  writeFileSync(join(cluster.dataDirectory, 'PG_VERSION'), '17\n');
  await expect(start()).rejects.toThrow(/made by PostgreSQL 17, and this is PostgreSQL 18/);
});

test('a password file that is gone or wrong is named', async () => {
  useMadeCluster();
  const cluster = await start();
  await cluster.stop();
  const file = join(directory, 'password');
  const password = readFileSync(file);
  rmSync(file);
  await expect(start()).rejects.toThrow(`${file} is missing`);
  writeFileSync(file, 'another\n');
  await expect(start()).rejects.toThrow(`refuses the password in ${file}`);
  writeFileSync(file, password);
  await start();
});

test('a given port that is taken is named; a proposed one is replaced', async () => {
  useMadeCluster();
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
    logFile: join(directory, 'postgres.log'),
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
  useMadeCluster();
  const log = join(directory, 'postgres.log');
  writeFileSync(log, 'LOG:  could not bind IPv4 address "127.0.0.1": Address already in use\n');
  const starting = start({ port: 1, settings: { shared_buffers: 'plenty' } });
  await expect(starting).rejects.toThrow(
    /Its log ends with:\n[^\n]*invalid value for parameter "shared_buffers": "plenty"[\s\S]*postgres\.log/,
  );
  expect(readFileSync(log, 'utf8')).toMatch(/^LOG: {2}could not bind[\s\S]*"plenty"/);
  await start();
});

test('destroy() leaves nothing behind', async () => {
  useMadeCluster();
  const cluster = await start();
  await cluster.destroy();
  expect(existsSync(directory)).toBe(false);
});

describe.skipIf(!runsAsRoot())('as root', () => {
  test('Postgres runs as an unprivileged account', async () => {
    const cluster = await start();
    expect(statSync(`/proc/${cluster.pid}`).uid).toBe(unprivilegedAccount().uid);
    expect(cluster.dataDirectory).toBe(join(directory, 'data'));
  });

  test('below a closed home folder the data is kept where the account can reach it, with a link to it', async () => {
    const home = join(folder, 'home');
    mkdirSync(home, { mode: 0o700 });
    directory = join(home, 'checkout/pg');
    const cluster = await start();
    expect(cluster.dataDirectory).toMatch(new RegExp(`^${folder}/shared/data-[0-9a-f]{16}$`));
    expect(lstatSync(join(directory, 'data')).isSymbolicLink()).toBe(true);
    expect(statSync(cluster.dataDirectory).mode & 0o777).toBe(0o700);
    expect(statSync(home).mode & 0o777).toBe(0o700);
    await query(cluster.url, 'create table kept as select 42 as answer');
    await cluster.stop();

    const again = await start();
    expect(again.dataDirectory).toBe(cluster.dataDirectory);
    expect(await query(again.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await again.destroy();
    expect(readdirSync(join(folder, 'shared')).filter((name) => name.startsWith('data-'))).toEqual([]);
  });

  test('after the folder was deleted a start is fresh, and the data kept elsewhere is moved aside', async () => {
    const home = join(folder, 'home');
    mkdirSync(home, { mode: 0o700 });
    directory = join(home, 'pg');
    const cluster = await start();
    await query(cluster.url, 'create table old as select 1 as one');
    await cluster.stop();
    rmSync(directory, { recursive: true });

    const fresh = await start();
    expect(await query(fresh.url, `select to_regclass('old') as old`)).toEqual([{ old: null }]);
    expect(existsSync(join(`${fresh.dataDirectory}.previous`, 'PG_VERSION'))).toBe(true);
  });

  const nobody = { uid: 65_534, gid: 65_534 };
  const checkout = new URL('./cluster.ts', import.meta.url).pathname;
  const canRunAsNobody = [process.execPath, checkout, findBinaries().postgres].every((path) =>
    canReach(nobody, path),
  );
  test.runIf(canRunAsNobody)(
    'what an ordinary user made is run as that user, by the user and by root',
    async () => {
      mkdirSync(directory, { mode: 0o700 });
      chownSync(directory, nobody.uid, nobody.gid);
      const other = await startElsewhere(
        `process.on('SIGTERM', () => cluster.stop().then(() => process.exit(0)));`,
        nobody,
      );
      await query(other.url, 'create table theirs as select 1 as one');
      expect(statSync(`/proc/${other.pid}`).uid).toBe(nobody.uid);
      other.child.kill('SIGTERM');
      await once(other.child, 'exit');

      const cluster = await start();
      expect(statSync(`/proc/${cluster.pid}`).uid).toBe(nobody.uid);
      expect(await query(cluster.url, 'select one from theirs')).toEqual([{ one: 1 }]);
    },
  );
});
