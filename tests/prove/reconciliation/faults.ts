import {
  balance,
  type FaultClass,
  inserted,
  movement,
  postedWithoutTrigger,
  prefixed,
  sql,
  unguarded,
  write,
} from './fault-class.ts';
import { inOrganization, post, skus } from './fixture.ts';
import { sealClasses } from './seal-classes.ts';

/** Everything that reconciliation must find. */
export const faultClasses: readonly FaultClass[] = [
  {
    name: 'a balance one too high',
    skus: ['F'],
    cause: 'direct_write',
    action: 'corrected',
    commit: sql(write('F', 'on_hand = on_hand + 1')),
  },
  {
    name: 'a balance one too low, of an item with new movements',
    skus: ['A'],
    cause: 'direct_write',
    action: 'corrected',
    commit: sql(write('A', 'on_hand = on_hand - 1')),
  },
  {
    name: 'a balance doubled',
    skus: ['G'],
    cause: 'direct_write',
    action: 'alerted',
    commit: sql(write('G', 'on_hand = on_hand * 2')),
  },
  {
    name: 'a balance deleted',
    skus: ['H'],
    cause: 'direct_write',
    action: 'alerted',
    commit: sql(`delete from inventory.balances where ${balance('H')}`),
  },
  {
    name: 'two balances with their figures exchanged',
    skus: ['A', 'N'],
    cause: 'direct_write',
    action: 'alerted',
    commit: sql(
      `with both_ as (select * from inventory.balances where (${balance('A')}) or (${balance('N')}))
       update inventory.balances b set on_hand = o.on_hand, version = o.version
       from both_ o where b.org_id = o.org_id and b.item_id <> o.item_id and ((${prefixed('A')}) or (${prefixed('N')}))`,
    ),
  },
  {
    name: 'a version one too high',
    skus: ['I'],
    cause: 'direct_write',
    action: 'corrected',
    commit: sql(write('I', 'version = version + 1')),
  },
  {
    name: 'a balance without any movement',
    skus: ['F'],
    cause: 'direct_write',
    action: 'alerted',
    commit: sql(
      `insert into inventory.balances (org_id, item_id, location_id, lot, on_hand, version)
       select org_id, item_id, location_id, 'invented', 5, 1 from inventory.balances where ${balance('F')}`,
    ),
  },
  {
    name: 'two errors that cancel each other in the total',
    skus: ['F', 'J'],
    cause: 'direct_write',
    action: 'corrected',
    commit: sql(write('F', 'on_hand = on_hand + 2'), write('J', 'on_hand = on_hand - 2')),
  },
  {
    name: 'a quantity reserved without a reservation',
    skus: ['K'],
    cause: 'direct_write',
    action: 'corrected',
    commit: sql(write('K', 'reserved = 3')),
  },
  {
    name: 'a quantity that is held, and not reserved',
    skus: ['L'],
    cause: 'direct_write',
    action: 'corrected',
    commit: sql(write('L', 'reserved = 0')),
  },
  {
    name: 'a hold that was changed without its trigger',
    skus: ['M'],
    cause: 'direct_write',
    action: 'corrected',
    commit: sql(
      'alter table inventory.reservation_lines disable trigger apply_changed_holds',
      `update inventory.reservation_lines set held = held - 1, released = released + 1 where (item_id, location_id) in (
         select item_id, location_id from inventory.balances where ${balance('M')}
       )`,
      'alter table inventory.reservation_lines enable always trigger apply_changed_holds',
    ),
  },
  {
    name: 'a negative reserved quantity',
    skus: ['K'],
    cause: 'direct_write',
    action: 'corrected',
    commit: sql(
      'alter table inventory.balances drop constraint balances_reserved_check',
      write('K', 'reserved = -3'),
    ),
  },
  {
    name: 'more small errors than a run corrects',
    skus,
    cause: 'direct_write',
    action: 'alerted',
    commit: sql(`update inventory.balances set on_hand = on_hand + 1
      where org_id = (select id from tenancy.organizations where slug = 'target')`),
  },
  {
    name: 'the trigger disabled for a while',
    skus: ['B'],
    cause: 'trigger_disabled',
    action: 'corrected',
    commit: postedWithoutTrigger(async (superuser) => {
      await post(superuser, 'issue', [['B', -1]]);
      await post(superuser, 'issue', [['B', -2]]);
    }),
  },
  {
    name: 'the trigger disabled for a while, with large postings',
    skus: ['B', 'E'],
    cause: 'trigger_disabled',
    action: 'alerted',
    commit: postedWithoutTrigger((superuser) =>
      post(superuser, 'receipt', [
        ['B', 500],
        ['E', 40],
      ]),
    ),
  },
  {
    name: 'the trigger dropped',
    skus: ['C'],
    cause: 'trigger_disabled',
    action: 'alerted',
    leavesTriggersBroken: true,
    commit: async (superuser, orgId) => {
      await superuser.query('drop trigger apply_movements on inventory.movements');
      await inOrganization(superuser, orgId, () => post(superuser, 'receipt', [['C', 1]]));
    },
  },
  {
    name: 'the trigger with another function',
    skus: ['C'],
    cause: 'trigger_disabled',
    action: 'alerted',
    leavesTriggersBroken: true,
    commit: async (superuser, orgId) => {
      await superuser.query(
        `create or replace function inventory.apply_movements() returns trigger language plpgsql security definer
         set search_path = '' as $$ begin return null; end $$`,
      );
      await inOrganization(superuser, orgId, () => post(superuser, 'receipt', [['C', 1]]));
    },
  },
  {
    name: 'an unsealed movement inserted without the trigger',
    skus: ['A'],
    cause: 'trigger_disabled',
    action: 'corrected',
    commit: async (superuser, orgId) => {
      await superuser.query('alter table inventory.movements disable trigger apply_movements');
      await inOrganization(superuser, orgId, async () => {
        const { rows } = await superuser.query(
          `insert into inventory.entries (org_id, id, kind, occurred_at, recorded_at, actor)
           values ($1, inventory.new_id(), 'adjustment', now(), clock_timestamp(), 'nobody') returning id`,
          [orgId],
        );
        await superuser.query(
          `insert into inventory.movements (org_id, entry_id, line, item_id, location_id, lot, quantity, occurred_at, recorded_at)
           select org_id, $1, 1, item_id, location_id, '', 3, now(), clock_timestamp() from inventory.balances where ${balance('A')}`,
          [rows[0].id],
        );
      });
      await superuser.query('alter table inventory.movements enable always trigger apply_movements');
    },
  },
  {
    name: 'a movement inserted into a sealed entry',
    skus: ['E'],
    cause: 'movement_inserted',
    action: 'alerted',
    commit: async (superuser, orgId) => {
      for (const trigger of ['apply_movements', 'above_seal_boundary'])
        await superuser.query(`alter table inventory.movements disable trigger ${trigger}`);
      await inOrganization(superuser, orgId, () => superuser.query(inserted('E', 'asc')));
      for (const trigger of ['apply_movements', 'above_seal_boundary'])
        await superuser.query(`alter table inventory.movements enable always trigger ${trigger}`);
    },
  },
  {
    name: 'an unsealed movement deleted',
    leavesEntryAlone: true,
    skus: ['D'],
    cause: 'movement_deleted',
    action: 'alerted',
    commit: unguarded(`delete from inventory.movements where ${movement('D', 4)}`),
  },
  {
    name: 'a sealed movement deleted',
    skus: ['E'],
    cause: 'movement_deleted',
    action: 'alerted',
    commit: unguarded(`delete from inventory.movements where ${movement('E', 1)}`),
  },
  {
    name: 'a sealed movement altered',
    skus: ['E'],
    cause: 'movement_altered',
    action: 'alerted',
    commit: unguarded(`update inventory.movements set quantity = quantity + 1 where ${movement('E', 1)}`),
  },
  {
    name: 'a sealed movement altered, and its balance with it',
    skus: ['E'],
    cause: 'movement_altered',
    action: 'alerted',
    commit: unguarded(
      `update inventory.movements set quantity = quantity + 1 where ${movement('E', 1)}`,
      write('E', 'on_hand = on_hand + 1'),
    ),
  },
  {
    name: 'an unsealed movement altered: nothing shows which of the two is right',
    skus: ['D'],
    cause: 'unknown',
    action: 'alerted',
    commit: unguarded(`update inventory.movements set quantity = quantity + 1 where ${movement('D', 4)}`),
  },
  {
    name: 'balances restored to their state before the last postings',
    skus: ['A', 'B', 'C'],
    cause: 'restored_to_older_point',
    action: 'alerted',
    commit: async (superuser, orgId) => {
      await superuser.query('create table public.older as select * from inventory.balances');
      await inOrganization(superuser, orgId, async () => {
        for (const sku of ['A', 'B', 'C']) await post(superuser, 'issue', [[sku, -1]]);
      });
      await superuser.query(
        `update inventory.balances b set on_hand = o.on_hand, version = o.version
         from public.older o
         where (b.org_id, b.item_id, b.location_id, b.lot) = (o.org_id, o.item_id, o.location_id, o.lot)`,
      );
      await superuser.query('drop table public.older');
    },
  },
  {
    name: 'an unfinished backfill',
    skus: skus.slice(2),
    cause: 'partial_backfill',
    action: 'alerted',
    commit: async (superuser, orgId) => {
      await superuser.query('delete from inventory.balances where org_id = $1', [orgId]);
      await inOrganization(superuser, orgId, () => superuser.query('select inventory.begin_backfill()'));
      await superuser.query('select inventory.backfill_balances($1, 2)', [orgId]);
    },
  },
  ...sealClasses,
];
