import { once } from 'node:events';
import { chownSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openClusters, query } from '#tests/local/clusters.ts';
import { canReach, runsAsRoot, unprivilegedAccount } from './account.ts';
import { findBinaries } from './binaries.ts';

const world = openClusters();
const { start, startElsewhere } = world;

describe.skipIf(!runsAsRoot())('as root', () => {
  test('Postgres runs as an unprivileged account', async () => {
    const cluster = await start();
    expect(statSync(`/proc/${cluster.pid}`).uid).toBe(unprivilegedAccount().uid);
    expect(cluster.dataDirectory).toBe(join(world.directory, 'data'));
  });

  test('below a closed home folder the data is kept where the account can reach it, with a link to it', async () => {
    const home = join(world.folder, 'home');
    mkdirSync(home, { mode: 0o700 });
    world.directory = join(home, 'checkout/pg');
    const cluster = await start();
    expect(cluster.dataDirectory).toMatch(new RegExp(`^${world.folder}/shared/data-[0-9a-f]{16}$`));
    expect(lstatSync(join(world.directory, 'data')).isSymbolicLink()).toBe(true);
    expect(statSync(cluster.dataDirectory).mode & 0o777).toBe(0o700);
    expect(statSync(home).mode & 0o777).toBe(0o700);
    await query(cluster.url, 'create table kept as select 42 as answer');
    await cluster.stop();

    const again = await start();
    expect(again.dataDirectory).toBe(cluster.dataDirectory);
    expect(await query(again.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await again.destroy();
    expect(readdirSync(join(world.folder, 'shared')).filter((name) => name.startsWith('data-'))).toEqual([]);
  });

  test('after the folder was deleted a start is fresh, and the data kept elsewhere is moved aside', async () => {
    const home = join(world.folder, 'home');
    mkdirSync(home, { mode: 0o700 });
    world.directory = join(home, 'pg');
    const cluster = await start();
    await query(cluster.url, 'create table old as select 1 as one');
    await cluster.stop();
    rmSync(world.directory, { recursive: true });

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
      mkdirSync(world.directory, { mode: 0o700 });
      chownSync(world.directory, nobody.uid, nobody.gid);
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
