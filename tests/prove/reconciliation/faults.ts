import type { Client } from 'pg';
import type { Cause } from '#audit/reconciliation/discrepancy.ts';
import { anchorBody } from '#audit/seals/anchor.ts';
import { anchorKey } from '#audit/seals/anchor-key.ts';
import type { Seal } from '#audit/seals/seal.ts';
import { putEvidence } from '#platform/aws/evidence.ts';
import { evidenceConfig } from '#platform/config.ts';
import { inOrganization, post, skus } from './fixture.ts';

/** Removes a key and all of its versions from the evidence bucket. Object Lock prevents this on AWS. */
export type LoseEvidence = (key: string) => Promise<void>;

/** One kind of damage to a ledger, and what reconciliation must do about it. */
export interface FaultClass {
  readonly name: string;
  /** The items at L that must be found, and no others; empty for damage to seals. */
  readonly skus: readonly string[];
  readonly cause: Cause;
  readonly action: 'corrected' | 'alerted';
  /** Causes the damage as a superuser, who can also remove keys from the bucket. */
  readonly commit: (superuser: Client, orgId: string, loseEvidence: LoseEvidence) => Promise<void>;
  /** A trigger stays missing or broken: then nothing may be corrected. */
  readonly leavesTriggersBroken?: true;
}

const balance = (sku: string) =>
  `org_id = (select id from tenancy.organizations where slug = 'target')
   and item_id = (select i.id from inventory.items i join tenancy.organizations o on o.id = i.org_id and o.slug = 'target' where i.sku = '${sku}')`;
const write = (sku: string, change: string) =>
  `update inventory.balances set ${change} where ${balance(sku)}`;

const sql =
  (...statements: readonly string[]): FaultClass['commit'] =>
  async (superuser) => {
    for (const statement of statements) await superuser.query(statement);
  };

/** Runs statements without the triggers that keep movements append-only. */
const unguarded = (...statements: readonly string[]) =>
  sql(
    'begin',
    'alter table inventory.movements disable trigger append_only',
    'alter table inventory.movements disable trigger append_only_rows',
    ...statements,
    'alter table inventory.movements enable always trigger append_only',
    'alter table inventory.movements enable always trigger append_only_rows',
    'commit',
  );

/** Matches the n-th movement of an item. Its entry has no other. */
const movement = (sku: string, n: number) =>
  `(org_id, entry_id, line) in (
     select org_id, entry_id, line from inventory.movements where ${balance(sku)} order by entry_id offset ${n - 1} limit 1
   )`;

const postedWithoutTrigger =
  (change: (superuser: Client) => Promise<unknown>): FaultClass['commit'] =>
  async (superuser, orgId) => {
    await superuser.query('alter table inventory.movements disable trigger apply_movements');
    await inOrganization(superuser, orgId, () => change(superuser));
    await superuser.query('alter table inventory.movements enable always trigger apply_movements');
  };

/** Inserts a movement by hand into an existing entry. */
const inserted = (sku: string, entry: string) => `
  insert into inventory.movements (org_id, entry_id, line, item_id, location_id, lot, quantity, occurred_at, recorded_at)
  select m.org_id, m.entry_id, 99, m.item_id, m.location_id, m.lot, 3, m.occurred_at, m.recorded_at
  from inventory.movements m where ${balance(sku).replaceAll('org_id =', 'm.org_id =').replace('item_id =', 'm.item_id =')}
  order by m.entry_id ${entry} limit 1`;

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
  {
    name: 'a closing balance altered',
    skus: ['J'],
    cause: 'seal_altered',
    action: 'alerted',
    commit: sql(
      'alter table inventory.seal_closings disable trigger append_only',
      `update inventory.seal_closings set on_hand = on_hand + 1 where ${balance('J')}`,
      'alter table inventory.seal_closings enable always trigger append_only',
    ),
  },
  {
    name: 'a seal altered',
    skus: [],
    cause: 'seal_altered',
    action: 'alerted',
    commit: sql(
      'alter table inventory.seals disable trigger append_only',
      `update inventory.seals set movements = movements + 1
       where seq = 1 and org_id = (select id from tenancy.organizations where slug = 'target')`,
      'alter table inventory.seals enable always trigger append_only',
    ),
  },
  {
    name: 'an anchor missing',
    skus: [],
    cause: 'anchor_missing',
    action: 'alerted',
    // The database records an anchor of the second seal that was never written.
    commit: async (superuser, orgId) => {
      await superuser.query(
        `insert into inventory.seal_anchors (org_id, seq, bucket, key)
         select org_id, 2, bucket, replace(key, '1.json', '2.json') from inventory.seal_anchors where org_id = $1 and seq = 1`,
        [orgId],
      );
    },
  },
  {
    name: 'an anchor lost after it was written',
    skus: [],
    cause: 'anchor_missing',
    action: 'alerted',
    // The second seal: no other class anchors it in the shared bucket.
    commit: async (superuser, orgId, loseEvidence) => {
      const { rows } = await superuser.query<{ seal: Seal }>(
        'select inventory.seal_json(s) as seal from inventory.seals s where org_id = $1 and seq = 2',
        [orgId],
      );
      for (const { seal } of rows) {
        const { key, versionId } = await putEvidence(anchorKey(orgId, seal.seq), anchorBody(orgId, seal));
        await superuser.query(
          `insert into inventory.seal_anchors (org_id, seq, bucket, key, version_id)
           values ($1, $2, $3, $4, $5)`,
          [orgId, seal.seq, evidenceConfig().bucket, key, versionId],
        );
        await loseEvidence(key);
      }
    },
  },
];

function prefixed(sku: string): string {
  return balance(sku)
    .replaceAll('org_id =', 'b.org_id =')
    .replace('item_id =', 'b.item_id =')
    .replace('i.b.org_id', 'i.org_id');
}
