import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { environment } from '#platform/environment.ts';
import type { ProofName, ProofOutcome } from '#recovery/proofs/proof.ts';
import { startCluster } from '#scripts/local/postgres/cluster.ts';
import { execute, openRestoredStage } from './restored-stage.ts';

const stage = openRestoredStage();

test('a healthy copy passes every proof, and each has looked at something', async () => {
  const report = await stage.prove((await stage.restore()).databaseUrl);
  expect(report.outcomes.filter(({ verdict }) => verdict !== 'passed')).toMatchObject([
    { proof: 'loss', verdict: 'does not apply' },
  ]);
  expect(report.ok).toBe(true);
  for (const { proof, figures } of report.outcomes.filter(({ verdict }) => verdict === 'passed'))
    expect(Math.max(...Object.values(figures)), proof).toBeGreaterThan(1);
  const figures = Object.assign({}, ...report.outcomes.map((each) => each.figures));
  expect(figures).toMatchObject({ organizations: 2, anchored: 2, anchors: 2, balances: 28, movements: 72 });
});

test('the proofs leave nothing behind', async () => {
  const databaseUrl = await stage.copy();
  const before = await stage.prove(databaseUrl);
  const after = await stage.prove(databaseUrl);
  expect(after.outcomes.map(({ figures }) => figures)).toEqual(before.outcomes.map(({ figures }) => figures));
  expect(after.ok).toBe(true);
});

/** Takes the triggers that nobody but a superuser can out of the way, and puts them back as they were. */
function behindTheTriggers(tables: readonly string[], statements: string): string {
  const triggers = (what: string) =>
    `do $$
     declare v_each record;
     begin
       for v_each in
         select t.tgname, t.tgrelid::regclass as relation from pg_trigger t
         where not t.tgisinternal and t.tgrelid = any (array[${tables.map((table) => `'${table}'`)}]::regclass[])
       loop
         execute format('alter table %s ${what} trigger %I', v_each.relation, v_each.tgname);
       end loop;
     end $$`;
  return `begin; set local session_replication_role = replica; ${triggers('disable')}; ${statements}; ${triggers('enable always')}; commit`;
}

const target = `(select id from tenancy.organizations where slug = 'target')`;
const everyTenantTable = `do $$
  declare v_table regclass; v_target uuid := ${target};
  begin
    for v_table in
      select c.oid::regclass from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id'
      where c.relkind = 'r' and c.relnamespace in ('inventory'::regnamespace, 'tenancy'::regnamespace)
    loop
      execute format('delete from %s where org_id = $1', v_table) using v_target;
    end loop;
    delete from tenancy.organizations where id = v_target;
  end $$`;
const ledger = [
  'inventory.entries',
  'inventory.movements',
  'inventory.seals',
  'inventory.seal_pages',
  'inventory.seal_closings',
  'inventory.seal_anchors',
];

function hasNotPassed({ verdict }: ProofOutcome): boolean {
  return verdict === 'failed' || verdict === 'could not run';
}

interface Sabotage {
  readonly what: string;
  readonly sql: string;
  /** The proofs that must find it, and no other may. */
  readonly found: readonly ProofName[];
  readonly says: RegExp;
}

const sabotages: readonly Sabotage[] = [
  {
    what: 'an organization is missing altogether',
    sql: behindTheTriggers(ledger, everyTenantTable),
    found: ['organizations', 'heartbeat'],
    says: /has sealed its ledger, and is not in the copy/,
  },
  {
    what: 'movements are truncated',
    sql: behindTheTriggers(ledger, `truncate inventory.movements cascade`),
    found: ['balances', 'seals'],
    says: /differs from its history/,
  },
  {
    what: 'movements are gone together with what they added to the balances',
    sql: behindTheTriggers(
      ledger,
      `delete from inventory.movements where org_id = ${target} and quantity = 60;
       update inventory.balances set on_hand = on_hand - 60, version = version - 1
       where org_id = ${target} and item_id = (select id from inventory.items where org_id = ${target} and sku = 'A')`,
    ),
    found: ['balances', 'seals'],
    says: /movement_missing/,
  },
  {
    what: 'a balance is altered',
    sql: `update inventory.balances set on_hand = on_hand + 0.0001
          where org_id = ${target} and item_id = (select id from inventory.items where org_id = ${target} and sku = 'B')`,
    found: ['balances'],
    says: /^target: item \S+ at \S+ differs from its history by 0\.0001 on hand, 0 reserved, 0 movements$/,
  },
  {
    what: 'a balance is missing',
    sql: `delete from inventory.balances
          where org_id = ${target} and item_id = (select id from inventory.items where org_id = ${target} and sku = 'B')`,
    found: ['balances'],
    says: /differs from its history/,
  },
  {
    what: 'a trigger is dropped',
    sql: 'drop trigger apply_movements on inventory.movements',
    found: ['schema', 'isolation'],
    says: /missing: CREATE TRIGGER apply_movements/i,
  },
  {
    what: 'a trigger is disabled',
    sql: 'alter table inventory.movements disable trigger append_only',
    found: ['schema', 'isolation'],
    says: /missing: alter table inventory\.movements enable always trigger append_only/,
  },
  {
    what: 'a function says something else',
    sql: `create or replace function inventory.refuse_sealed() returns trigger language plpgsql set search_path = '' as 'begin return null; end'`,
    found: ['schema'],
    says: /missing: /,
  },
  {
    what: 'a policy is dropped',
    sql: 'drop policy tenant on inventory.balances',
    // Nobody sees a row without it, the proofs of balances no more than tenants.
    found: ['schema', 'isolation', 'balances'],
    says: /missing: create policy tenant on inventory\.balances/i,
  },
  {
    what: 'FORCE is off',
    sql: 'alter table inventory.movements no force row level security',
    found: ['schema', 'isolation'],
    says: /missing: alter table inventory\.movements force row level security/,
  },
  {
    what: 'a privilege is granted',
    sql: 'grant update on inventory.balances to stockade_api',
    found: ['schema', 'isolation'],
    says: /added: grant .*update.* to stockade_api/,
  },
  {
    what: 'a seal is altered',
    sql: behindTheTriggers(
      ledger,
      `update inventory.seals set recorded_through = recorded_through + interval '1 second' where org_id = ${target} and seq = 1`,
    ),
    found: ['seals'],
    says: /seal_altered/,
  },
  {
    what: 'the seals are gone with all that belongs to them',
    sql: behindTheTriggers(
      ledger,
      ['seal_anchors', 'seal_closings', 'seal_pages', 'seals']
        .map((table) => `delete from inventory.${table} where org_id = ${target}`)
        .join(';'),
    ),
    found: ['seals'],
    says: /seal_missing: .* is the anchor of seal 1, which is not in the database/,
  },
  {
    what: 'an anchor is missing',
    sql: behindTheTriggers(
      ledger,
      `insert into inventory.seal_anchors (org_id, seq, bucket, key)
       select org_id, 2, bucket, key from inventory.seal_anchors where org_id = ${target}`,
    ),
    found: ['seals'],
    says: /anchor_missing: seal 2 was anchored/,
  },
  {
    what: 'the schema is of an older version',
    sql: `delete from stockade_migrations.applied where number = (select max(number) from stockade_migrations.applied)`,
    found: ['schema'],
    says: /the schema is that of migration \d+ of \d+: \d{6}_\w+ was not applied/,
  },
  {
    what: 'a migration was another one',
    sql: `update stockade_migrations.applied set sha256 = repeat('0', 64) where number = 3`,
    found: ['schema'],
    says: /stockade_migrations\.applied was altered/,
  },
  {
    what: 'the copy is of an earlier time than it is said to be',
    sql: `update recovery.heartbeats set at = at - interval '4 minutes'`,
    found: ['heartbeat'],
    says: /the newest heartbeat is of \S+, and the copy is to be of \S+/,
  },
  {
    what: 'there is no heartbeat',
    sql: 'delete from recovery.heartbeats',
    found: ['heartbeat'],
    says: /there is no heartbeat in the copy/,
  },
  {
    what: 'an organization is missing that was never sealed',
    sql: `update recovery.heartbeats set organizations = 3`,
    found: ['heartbeat'],
    says: /there are 2 organizations in the copy, and there were 3/,
  },
  {
    what: 'an index is left invalid',
    sql: `update pg_index set indisvalid = false where indexrelid = 'inventory.seal_closings_seq'::regclass`,
    found: ['schema', 'indexes'],
    says: /invalid/,
  },
  {
    what: 'an index is of a kind that nothing checks',
    sql: 'create index strange on inventory.items using hash (sku)',
    found: ['schema', 'indexes'],
    says: /strange is of kind hash, which nothing here checks/,
  },
];

describe('what is broken in a copy is found by the proof of it', () => {
  test.each(sabotages)('$what', async ({ sql, found, says }) => {
    const databaseUrl = await stage.copy();
    await execute(databaseUrl, sql);
    const { ok, outcomes } = await stage.prove(databaseUrl);
    expect(ok).toBe(false);
    expect(outcomes.filter(hasNotPassed).map(({ proof }) => proof)).toEqual(found);
    expect(outcomes.flatMap(({ faults }) => faults).join('\n')).toMatch(new RegExp(says, `${says.flags}m`));
  });
});

describe('damage on disk', () => {
  /** Turns bits of a page of a relation over while its server is stopped, and answers the database again. */
  async function flip(
    relation: string,
    page: number,
    offset: number,
    bits: number,
    settings: Record<string, string>,
  ) {
    const { cluster, databaseUrl } = await stage.restore();
    const path = await answerTo(databaseUrl, `select pg_relation_filepath('${relation}')`);
    const before = await answerTo(databaseUrl, 'select count(*) from inventory.balances');
    await execute(databaseUrl, 'checkpoint');
    await cluster.stop();
    const file = await open(join(cluster.dataDirectory, path), 'r+');
    const bytes = Buffer.alloc(1);
    await file.read(bytes, 0, 1, page * 8192 + offset);
    await file.write(
      bytes.map((byte) => byte ^ bits),
      0,
      1,
      page * 8192 + offset,
    );
    await file.close();
    const again = await startCluster({ directory: cluster.directory, durable: false, settings });
    const url = new URL(databaseUrl);
    url.port = String(again.port);
    return { cluster: again, databaseUrl: url.href, before };
  }

  const withoutChecksums = { ignore_checksum_failure: 'on' };

  test.each([
    [
      'an index, as the checksum tells',
      'indexes',
      'inventory.balances_pkey',
      1,
      8150,
      0xff,
      {},
      /invalid page in block 1/,
    ],
    [
      'an index, where checksums tell nothing',
      'indexes',
      'inventory.balances_pkey',
      1,
      8150,
      0xff,
      withoutChecksums,
      /heap tuple .* lacks matching index tuple|item order invariant|heap tid/i,
    ],
    [
      'a table, as the checksum tells',
      'heap',
      'inventory.items',
      0,
      8000,
      0xff,
      {},
      /invalid page in block 0/,
    ],
    [
      'a table, where checksums tell nothing',
      'heap',
      'inventory.items',
      0,
      24,
      0xff,
      withoutChecksums,
      /inventory\.items, page 0, row 1: line pointer/,
    ],
    [
      'a row that is as if it had never been, where checksums tell nothing',
      'references',
      'inventory.items',
      0,
      25,
      0x80,
      withoutChecksums,
      /^inventory\.balances: .*Key \(org_id, item_id\)=.* is not present in table "items"/,
    ],
  ] as const)('%s', async (_, proof, relation, page, offset, bits, settings, says) => {
    const { cluster, databaseUrl, before } = await flip(relation, page, offset, bits, settings);
    try {
      // What nobody may take for a proof.
      expect(await answerTo(databaseUrl, 'select count(*) from inventory.balances')).toBe(before);
      const { ok, outcomes } = await stage.prove(databaseUrl);
      expect(ok).toBe(false);
      const outcome = outcomes.find((each) => each.proof === proof);
      expect(outcome?.verdict).toBe('failed');
      expect(outcome?.faults.join('\n')).toMatch(says);
    } finally {
      await cluster.stop();
    }
  });
});

describe('a proof that cannot run has not passed', () => {
  test('nobody lets us in', async () => {
    const url = new URL(await stage.copy());
    url.password = 'wrong';
    const { ok, outcomes } = await stage.prove(url.href);
    expect(ok).toBe(false);
    expect(new Set(outcomes.slice(0, -1).map(({ verdict }) => verdict))).toEqual(new Set(['could not run']));
    expect(outcomes[0]?.faults).toEqual([expect.stringContaining('password authentication failed')]);
  });

  test('what is anchored cannot be read', async () => {
    const databaseUrl = await stage.copy();
    const bucket = process.env[environment.evidenceBucket];
    process.env[environment.evidenceBucket] = 'another-bucket';
    try {
      const { outcomes } = await stage.prove(databaseUrl);
      expect(outcomes.filter(({ verdict }) => verdict === 'could not run')).toMatchObject([
        { proof: 'organizations', verdict: 'could not run' },
        { proof: 'seals', verdict: 'could not run' },
      ]);
    } finally {
      process.env[environment.evidenceBucket] = bucket;
    }
  });
});

async function answerTo(url: string, query: string): Promise<string> {
  const client = new Client(url);
  await client.connect();
  try {
    const { rows } = await client.query({ text: query, rowMode: 'array' });
    return String(rows[0]?.[0]);
  } finally {
    await client.end();
  }
}
