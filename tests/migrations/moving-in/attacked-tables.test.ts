import { expect, test } from 'vitest';
import { openCheckWorld } from './check-world.ts';

const world = openCheckWorld();

test.each([
  [
    'a column with the name of one that the move adds',
    'taken-column',
    'alter table inventory.movements add column lot text',
    'alter table inventory.movements drop column lot',
  ],
  [
    'a table with the name of one that the move makes',
    'taken-name',
    'create table inventory.balances (sku text)',
    'drop table inventory.balances',
  ],
  [
    'a trigger',
    'trigger',
    `create function public.swallow() returns trigger language plpgsql as 'begin return null; end';
     create trigger swallow before update on inventory.movements for each row execute function public.swallow()`,
    'drop function public.swallow cascade',
  ],
  [
    'a rule',
    'trigger',
    'create rule twice as on insert to inventory.items do also select 1',
    'drop rule twice on inventory.items',
  ],
  [
    'a generated column',
    'dependent-object',
    `alter table inventory.movements add column sent boolean generated always as (kind = 'issue') stored`,
    'alter table inventory.movements drop column sent',
  ],
  [
    'a view that groups by a key',
    'dependent-object',
    `create view public.grouped as
     select i.* from inventory.items i join inventory.movements m on m.item_id = i.id group by i.id`,
    'drop view public.grouped',
  ],
  [
    'a published column',
    'dependent-object',
    'create publication sent for table inventory.movements (id, kind)',
    'drop publication sent',
  ],
  [
    'a key of another name',
    'key-name',
    'alter table inventory.items rename constraint items_sku_key to items_sku_unique',
    'alter table inventory.items rename constraint items_sku_unique to items_sku_key',
  ],
  [
    'a table that inherits',
    'inheriting-table',
    'create table public.old () inherits (inventory.movements)',
    'drop table public.old',
  ],
])('the check names %s', async (_, rule, make, undo) => {
  await world.client.query(make);
  try {
    expect(new Set((await world.found()).map(([found]) => found))).toEqual(new Set([rule]));
  } finally {
    await world.client.query(undo);
  }
});
