import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';
import { createScratchDatabase } from '#scripts/migrate/catalog/scratch-database.ts';
import { paths } from '#scripts/paths.ts';
import { shellBlocks, Terminal } from '#tests/commands/handbook.ts';
import { asSuperuser } from '#tests/prove/clone.ts';
import { openMovingWorld } from './moving-world.ts';

const world = openMovingWorld();
let folder: string;
beforeAll(() => {
  folder = makeScratchFolder('moving-in');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const blocksOf = async (document: string) =>
  shellBlocks(document, await readFile(join(paths.root, document), 'utf8'));

const openTerminal = (databaseUrl: string) =>
  Terminal.open(folder, { ...process.env, NO_COLOR: '1', DATABASE_URL: databaseUrl });

test('the commands of the quick start move an inventory in', async () => {
  await world.shop.addUser('ann@example.com');
  await world.shop.addItem('BOLT');
  await world.shop.addLocation('MAIN');
  await world.shop.receive('BOLT', 'MAIN', 5);

  const terminal = await openTerminal(world.database.url);
  const printed: string[] = [];
  for (const block of await blocksOf('README_MIGRATIONS.md')) {
    // The value to fill in is the URL of the database, which the terminal has.
    if (block.kind === 'fill') continue;
    printed.push((await terminal.paste(`${block.document}:${block.line}`, block.text)).stdout);
  }
  expect(printed).toHaveLength(6);
  expect(printed[0]).toBe('Every row can move in.\n');
  const api = await world.api('acme');
  expect((await api.request('GET', '/v1/items/BOLT/balance')).body).toMatchObject({ onHand: 5 });
  expect((await world.status()).next).toBe('done');
});

test('the commands of the guide adopt an application and check a file', async () => {
  const role = `guide_${randomBytes(6).toString('hex')}`;
  await using stack = new AsyncDisposableStack();
  stack.defer(async () => {
    await asSuperuser(inject('clusterUrl'), (client) => client.query(`drop role if exists ${role}`));
  });
  const application = stack.use(await createScratchDatabase(inject('clusterUrl')));
  const client = new Client(application.url);
  await client.connect();
  await client
    .query(
      `create table public.shops (id bigint generated always as identity primary key, name text not null);
       create table public.orders (
         id bigint generated always as identity primary key, shop_id bigint not null references public.shops
       );
       create index on public.orders (shop_id);
       create role ${role} login;
       grant select, insert, update, delete on public.shops, public.orders to ${role};
       with shop as (insert into public.shops (name) values ('Corner') returning id)
       insert into public.orders (shop_id) select id from shop`,
    )
    .finally(() => client.end());

  const terminal = await openTerminal(application.url);
  const adopted = join(folder, 'adopted');
  for (const block of await blocksOf('docs/MIGRATION_GUIDE.md')) {
    const text = block.text.replaceAll(/(?<= )adopted/g, adopted);
    await terminal.paste(`${block.document}:${block.line}`, text);
  }
  await terminal.paste('the adoption', `npm run migrate:all -- --migrations ${adopted}/migrations`);
  const status = await terminal.paste(
    'what is left',
    `npm run migrate:all -- --migrations ${adopted}/migrations --dry-run`,
  );
  expect(status.stdout).toMatch(/^Nothing to apply/);
});
