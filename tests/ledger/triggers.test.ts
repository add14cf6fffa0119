import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { paths } from '#scripts/paths.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import { refusalOf } from './posting-session.ts';

/** What the triggers of the ledger do for every writer: no session can skip them. */

const world = openWorld();
let acme: Caller;
let globex: Caller;
let superuser: Client;

beforeAll(async () => {
  [acme, globex] = [await world.createOrganization(), await world.createOrganization()];
  superuser = await world.superuser();
  for (const organization of [acme, globex]) {
    await organization.item('BOLT');
    await organization.item('DEBT', { allowNegative: true });
    for (const code of ['MAIN', 'SHOP']) await organization.location(code);
    await organization.post('receipt', { sku: 'BOLT', location: 'MAIN', quantity: 5 });
  }
});

beforeEach(() => superuser.query('begin'));
afterEach(() => superuser.query('rollback'));

type Line = readonly [organization: Caller, sku: string, location: string, quantity: number];

/** Writes movements of several organizations in one statement. */
async function write(...lines: Line[]): Promise<void> {
  const entries = new Map<string, string>();
  for (const [{ id }] of lines) {
    if (entries.has(id)) continue;
    entries.set(id, randomUUID());
    await superuser.query(
      `insert into inventory.entries (org_id, id, kind, occurred_at, recorded_at, actor)
       values ($1, $2, 'adjustment', now(), now(), 'job')`,
      [id, entries.get(id)],
    );
  }
  await superuser.query(
    `insert into inventory.movements
       (org_id, entry_id, line, item_id, location_id, quantity, occurred_at, recorded_at)
     select w.org_id, w.entry_id, w.line, i.id, l.id, w.quantity, now(), now()
     from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::numeric[])
       with ordinality as w (org_id, entry_id, sku, code, quantity, line)
     join inventory.items i on i.org_id = w.org_id and i.sku = w.sku
     join inventory.locations l on l.org_id = w.org_id and l.code = w.code`,
    [
      lines.map(([{ id }]) => id),
      lines.map(([{ id }]) => entries.get(id)),
      lines.map(([, sku]) => sku),
      lines.map(([, , location]) => location),
      lines.map(([, , , quantity]) => quantity),
    ],
  );
}

async function balances({ id }: Caller): Promise<string[]> {
  const { rows } = await superuser.query(
    `select format('%s %s: %s after %s', i.sku, l.code, b.on_hand, b.version) as balance
     from inventory.balances b
     join inventory.items i on i.org_id = b.org_id and i.id = b.item_id
     join inventory.locations l on l.org_id = b.org_id and l.id = b.location_id
     where b.org_id = $1
     order by i.sku, l.code`,
    [id],
  );
  return rows.map(({ balance }) => balance as string);
}

describe.each(['origin', 'replica'])('in a session that is %s', (role) => {
  beforeEach(() => superuser.query(`set local session_replication_role = '${role}'`));

  test('every movement of a statement is in the balance of its own organization', async () => {
    await write(
      [acme, 'BOLT', 'MAIN', 0.1],
      [globex, 'BOLT', 'MAIN', -5],
      [acme, 'BOLT', 'SHOP', 3],
      [acme, 'BOLT', 'MAIN', 0.2],
      [acme, 'DEBT', 'SHOP', -7],
    );
    expect(await balances(acme)).toEqual([
      'BOLT MAIN: 5.3000 after 3',
      'BOLT SHOP: 3.0000 after 1',
      'DEBT SHOP: -7.0000 after 1',
    ]);
    expect(await balances(globex)).toEqual(['BOLT MAIN: 0.0000 after 2']);
  });

  test('what takes more than there is is refused, each that is short named', async () => {
    const refused = await refusalOf(superuser, () =>
      write(
        [acme, 'DEBT', 'MAIN', -1],
        [acme, 'BOLT', 'SHOP', -2],
        [acme, 'BOLT', 'MAIN', -3],
        [acme, 'BOLT', 'MAIN', -2.0001],
      ),
    );
    expect(refused).toMatchObject({
      code: 'SK201',
      message: 'not enough stock',
      detail: [
        { sku: 'BOLT', location: 'MAIN', lot: null, available: 5, requested: 5.0001 },
        { sku: 'BOLT', location: 'SHOP', lot: null, available: 0, requested: 2 },
      ],
    });
  });

  test.each(['entries', 'movements'])('%s are never changed and never removed', async (table) => {
    for (const statement of [
      `update inventory.${table} set recorded_at = now()`,
      `update inventory.${table} set org_id = org_id where false`,
      `delete from inventory.${table}`,
      `truncate inventory.${table} cascade`,
    ]) {
      expect([statement, await refusalOf(superuser, () => superuser.query(statement))]).toMatchObject([
        statement,
        {
          code: 'SK903',
          message: expect.stringMatching(
            /^(entries|movements|seals|seal_\w+) is append-only: its rows are never changed; in the ledger, a reversal entry corrects a mistake$/,
          ),
        },
      ]);
    }
  });
});

test.each([
  ['2026-03-01T09:30:00.12+02', '2026-03-01T07:30:00.120Z'],
  ['2026-03-01T09:30:00.1236Z', '2026-03-01T09:30:00.123Z'],
  ['1900-01-01T00:00:00Z', '1900-01-01T00:00:00.000Z'],
  // Not the text of an instant that the API writes; in a zone that has local mean time then.
  ['2026-03-01 00:00:00+00 BC', '2026-03-01 05:53:28+05:53:28 BC'],
  ['infinity', 'infinity'],
  [null, null],
])('iso(%j) is %j', async (at, iso) => {
  await superuser.query(`set local timezone = 'Asia/Kolkata'`);
  const { rows } = await superuser.query('select inventory.iso($1) as iso', [at]);
  expect(rows).toEqual([{ iso }]);
});

/** What the function is on Postgres 16 and 17: its body is the same statement on every version. */
async function bodyOfOlderVersions(): Promise<string> {
  const forms = await readFile(join(paths.root, 'sql/functions/inventory/forms.sql'), 'utf8');
  return /as \$id\$(.*?)\$id\$/s.exec(forms)?.[1]?.replace('::uuid', '::uuid as id') ?? '';
}

test.each([
  ['on this version of Postgres', async () => 'select inventory.new_id() as id'],
  ['on versions without uuidv7()', bodyOfOlderVersions],
])('new_id() is a UUID of version 7, which begins with the time in milliseconds: %s', async (_, bodyOf) => {
  const body = await bodyOf();
  const before = Date.now();
  const { rows } = await superuser.query<{ id: string }>(
    Array.from({ length: 20 }, () => `(${body})`).join(' union all '),
  );
  const after = Date.now();
  expect(new Set(rows.map(({ id }) => id)).size).toBe(20);
  for (const { id } of rows) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const ms = Number.parseInt(id.replace('-', '').slice(0, 12), 16);
    expect(ms).toBeGreaterThanOrEqual(before - 1);
    expect(ms).toBeLessThanOrEqual(after + 1);
  }
});
