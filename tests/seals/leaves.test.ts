import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { Client } from 'pg';
import { expect, test } from 'vitest';
import { leafBytes } from '#audit/seals/leaf.ts';
import { readLeaves } from '#audit/seals/pages.ts';
import { readMovements } from '#audit/seals/verify/movements.ts';
import { readUnchanged } from '#audit/seals/verify/unchanged.ts';
import { openSealedWorld } from './sealed-world.ts';

/** The leaves of rows that nobody could post: SQL, TypeScript and the fast comparison read the same bytes from them. */

const sealed = openSealedWorld();

/** Every text that Postgres can store. */
const text = fc.string({ unit: 'binary', maxLength: 30 }).map((given) => given.replaceAll('\0', '\n'));
/** JSON that jsonb can store: no NUL, and no half of a surrogate pair. */
const storable = (value: unknown) => JSON.stringify(value).replaceAll(/\\u(0000|d[89a-f]..)/g, '\\n');
/** Microseconds since 2000, from 4713 BC to 294276. */
const micros = fc.bigInt({ min: -210_000_000_000_000_000n, max: 9_220_000_000_000_000_000n });
const rows = fc.array(
  fc.record({
    id: fc.uuid(),
    item: fc.uuid(),
    location: fc.uuid(),
    line: fc.integer(),
    quantity: fc.integer({ min: -999_999_999, max: 999_999_999 }).map((whole) => (whole / 10_000).toFixed(4)),
    occurred: micros,
    recorded: micros,
    entryOccurred: micros,
    entryRecorded: micros,
    lot: text,
    kind: text,
    reference: fc.option(text),
    actor: text,
    reverses: fc.option(fc.uuid()),
    metadata: fc.jsonValue({ noUnicodeString: false, maxDepth: 2 }).map(storable),
  }),
  { minLength: 1, maxLength: 60, size: 'max' },
);
type Row = typeof rows extends fc.Arbitrary<readonly (infer R)[]> ? R : never;

const uuid = (id: string) => Buffer.from(id.replaceAll('-', ''), 'hex');
const int64 = (value: bigint) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
};
const int32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

/** The leaf of a row, without anything that Postgres has made of it but the text of its metadata. */
function leafOf(row: Row, metadata: string): string {
  const bytes = leafBytes([
    ...[uuid(row.id), int32(row.line), uuid(row.item), uuid(row.location)],
    ...[row.occurred, row.recorded, row.entryOccurred, row.entryRecorded].map(int64),
    ...[row.quantity, row.lot, row.kind].map((value) => Buffer.from(value)),
    row.reference === null ? null : Buffer.from(row.reference),
    Buffer.from(row.actor),
    row.reverses === null ? null : uuid(row.reverses),
    Buffer.from(metadata),
  ]);
  return createHash('sha256').update(Buffer.of(0)).update(bytes).digest('hex');
}

/** Removes what keeps such rows out, within a transaction that is rolled back. */
async function dropRules(superuser: Client): Promise<void> {
  const { rows: rules } = await superuser.query<{ statement: string }>(
    `select format('alter table %s drop constraint %I cascade', conrelid::regclass, conname) as statement
     from pg_constraint
     where conrelid in ('inventory.entries'::regclass, 'inventory.movements'::regclass, 'inventory.seals'::regclass)
       and contype in ('c', 'f')
     union all
     select format('alter table %s disable trigger %I', tgrelid::regclass, tgname)
     from pg_trigger
     where tgrelid in ('inventory.entries'::regclass, 'inventory.movements'::regclass) and not tgisinternal`,
  );
  for (const { statement } of rules) await superuser.query(statement);
  for (const table of ['entries', 'movements'])
    await superuser.query(
      `alter table inventory.${table} alter occurred_at type timestamptz, alter recorded_at type timestamptz`,
    );
  // Two rows may have the same key here.
  await superuser.query('drop index inventory.entries_reverses');
}

async function insert(superuser: Client, orgId: string, row: Row): Promise<string> {
  // Days and the rest of a day, because an interval is multiplied in floating point.
  const at = (n: number) =>
    `(timestamp '2000-01-01' + $${n}::bigint / 86400000000 * interval '1 day'
      + $${n}::bigint % 86400000000 * interval '1 microsecond') at time zone 'UTC'`;
  const { rows: entries } = await superuser.query<{ metadata: string }>(
    `insert into inventory.entries (org_id, id, kind, reference, occurred_at, recorded_at, actor, metadata, reverses)
     values ($1, $2, $3, $4, ${at(5)}, ${at(6)}, $7, $8, $9)
     returning metadata::text`,
    [
      ...[orgId, row.id, row.kind, row.reference, row.entryOccurred, row.entryRecorded],
      ...[row.actor, row.metadata, row.reverses],
    ],
  );
  await superuser.query(
    `insert into inventory.movements (org_id, entry_id, line, item_id, location_id, lot, quantity, occurred_at, recorded_at)
     values ($1, $2, $3, $4, $5, $6, $7, ${at(8)}, ${at(9)})`,
    [orgId, row.id, row.line, row.item, row.location, row.lot, row.quantity, row.occurred, row.recorded],
  );
  return entries[0]?.metadata ?? '';
}

test('whatever a row holds, its leaf is the same in SQL, in TypeScript and in the fast comparison', async () => {
  const { id: orgId } = await sealed.world.createOrganization();
  const { superuser } = sealed;
  const [first, last] = ['0', 'f'].map((digit) =>
    '00000000-0000-0000-0000-000000000000'.replaceAll('0', digit),
  );
  const compareLeaves = async (given: readonly Row[]) => {
    const distinct = [...new Map(given.map((row) => [row.id, row])).values()].toSorted((a, b) =>
      a.id < b.id ? -1 : 1,
    );
    const wanted: string[] = [];
    for (const row of distinct) wanted.push(leafOf(row, await insert(superuser, orgId, row)));

    await superuser.query(`set local client_encoding = 'LATIN1'`);
    const { rows: sql } = await superuser.query(
      `select encode(leaves, 'hex') as leaves from inventory.seal_leaves($1, $2, $3)`,
      [orgId, first, last],
    );
    await superuser.query(`set local client_encoding = 'UTF8'`);
    const leaves = readLeaves(Buffer.from(sql[0].leaves, 'hex'));
    expect(leaves.map(({ hash }) => hash.toString('hex'))).toEqual(wanted);

    const found: string[] = [];
    const range = { boundary: last ?? '', version: 2 };
    for await (const { hash } of readMovements(superuser, orgId, range, first ?? null))
      found.push(hash.toString('hex'));
    expect(found).toEqual(wanted);

    await superuser.query('select inventory.draw_seal_boundary()');
    const { rows: seals } = await superuser.query('select inventory.seal_next(1000) as seal');
    expect(await readUnchanged(superuser, orgId, seals[0].seal, null)).toMatchObject({
      movements: distinct.length,
      entries: distinct.length,
    });
  };
  await superuser.query('begin');
  try {
    await dropRules(superuser);
    await superuser.query('select tenancy.enter_as_job($1)', [orgId]);
    // What a session has set must not change the bytes.
    await superuser.query(`set local datestyle = 'German'; set local timezone = 'Asia/Kolkata'`);
    await fc.assert(
      fc.asyncProperty(rows, async (given) => {
        await superuser.query('savepoint before');
        await compareLeaves(given).finally(() => superuser.query('rollback to before'));
      }),
      { numRuns: 8 },
    );
  } finally {
    await superuser.query('rollback');
  }
});
