import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';
import { paths } from '#scripts/paths.ts';
import { checks } from '../../../ledger/checks.ts';
import { brokenRules, type Expectation } from './probe.ts';

/**
 * Tries what no value may be: through the functions, as an injected statement of stockade_api would; in the tables of the
 * ledger, which refuse it even to a superuser; and in all tables, that each CHECK of the release is there. The transaction of
 * `superuser` is rolled back.
 */
export async function probeLimits(superuser: Client): Promise<string[]> {
  const missing = await missingChecks(superuser);
  // The quickest first: a mutant is noticed by one of them.
  if (missing.length > 0) return missing;
  const ids = await plant(superuser);
  const tables = await brokenRules(
    superuser,
    checks.flatMap((each) => intoTable(ids, each)),
  );
  await superuser.query('set local role stockade_api');
  const functions = await brokenRules(superuser, throughFunctions(ids));
  await superuser.query('reset role');
  return [...functions, ...tables];
}

interface Ids {
  readonly org: string;
  readonly item: string;
  readonly location: string;
  readonly entry: string;
}

async function plant(superuser: Client): Promise<Ids> {
  const { rows } = await superuser.query<{ id: string }>(
    `insert into tenancy.organizations (slug, name) values ('limits', 'Limits') returning id`,
  );
  const org = rows[0]?.id ?? '';
  await superuser.query('select tenancy.enter_as_job($1)', [org]);
  await superuser.query(`select inventory.create_item('{"sku":"A","name":"A"}')`);
  await superuser.query(`select inventory.create_location('{"code":"L","name":"L"}')`);
  await superuser.query(`select inventory.post_entry('${entry({})}')`);
  const { rows: made } = await superuser.query<Omit<Ids, 'org'>>(
    'select item_id as item, location_id as location, entry_id as entry from inventory.movements where org_id = $1',
    [org],
  );
  return { org, ...(made[0] ?? { item: '', location: '', entry: '' }) };
}

const line = (quantity: unknown) => ({ sku: 'A', location: 'L', quantity });
const entry = (change: object) => JSON.stringify({ kind: 'receipt', lines: [line(5)], ...change });
const metadata: Readonly<Record<string, object>> = {
  'of two megabytes': { a: 'x'.repeat(2_000_000) },
  'of more than 8 KiB': { a: 'x'.repeat(8_185) },
  'nested a thousand deep': JSON.parse(`${'{"a":'.repeat(1_000)}1${'}'.repeat(1_000)}`),
  'that JavaScript loses': JSON.parse('{"a":[{"__proto__":1}]}'),
};

function throughFunctions({ entry: id }: Ids): Expectation[] {
  const call = (rule: string, statement: string, values: readonly unknown[], outcome: string) => ({
    rule: `as stockade_api: ${rule}`,
    statement,
    values,
    outcome,
  });
  const post = (rule: string, body: string, outcome: string) =>
    call(`an entry ${rule}`, 'select inventory.post_entry($1::jsonb)', [body], outcome);
  return [
    post('that is right', entry({}), 'ok'),
    ...['NaN', 'Infinity', '-Infinity', 0.00001, 1e11].map((quantity) =>
      post(`of the quantity ${quantity}`, entry({ kind: 'adjustment', lines: [line(quantity)] }), 'SK304'),
    ),
    post('of 1,001 lines', entry({ lines: Array(1_001).fill(line(1)) }), 'SK304'),
    ...['infinity', '-infinity', '0044-03-15 BC', '294276-01-01Z', '1899-12-31T23:59:59.999Z'].map(
      (occurredAt) => post(`that occurred at ${occurredAt}`, entry({ occurredAt }), '23514'),
    ),
    ...Object.entries(metadata).map(([what, each]) =>
      post(`with metadata ${what}`, entry({ metadata: each }), '23514'),
    ),
    ...['', 'x'.repeat(201), 'PO-1 ', '\u212a'].map((reference) =>
      post(`of the reference ${JSON.stringify(reference).slice(0, 10)}`, entry({ reference }), '23514'),
    ),
    call(
      'a reversal with metadata of two megabytes',
      'select inventory.reverse_entry($1, null, $2::jsonb)',
      [id, JSON.stringify(metadata['of two megabytes'])],
      '23514',
    ),
    ...(['NaN', 'Infinity', 0.00001] as const).map((reorderPoint) =>
      call(
        `an item with the reorder point ${reorderPoint}`,
        'select inventory.create_item($1::jsonb)',
        [JSON.stringify({ sku: 'B', name: 'B', reorderPoint })],
        'SK304',
      ),
    ),
    call(
      'an item with 101 aliases',
      'select inventory.create_item($1::jsonb)',
      [JSON.stringify({ sku: 'B', name: 'B', aliases: Array.from({ length: 101 }, (_, n) => `B${n}`) })],
      'SK304',
    ),
    ...['', 'x'.repeat(65), 'a\u200bb', 'e\u0301 ', '0197b1f2-6c1e-7a30-9d2f-3a5e0c7b1d42'].map((code) =>
      call(
        `a location of the code ${JSON.stringify(code).slice(0, 10)}`,
        'select inventory.create_location($1::jsonb)',
        [JSON.stringify({ code, name: 'B' })],
        '23514',
      ),
    ),
  ];
}

/** Every value that a CHECK of the ledger refuses, in a row that is right otherwise. */
function intoTable(ids: Ids, [constraint, column, , refused]: (typeof checks)[number]): Expectation[] {
  const [table = ''] = constraint.split('_');
  const row = rightRows(ids)[table] ?? {};
  const columns = [...new Set([...Object.keys(row), column])];
  return refused.map((value) => ({
    rule: `${constraint} refuses ${String(value).slice(0, 30)}`,
    statement: `insert into inventory.${table} (${columns.join(', ')})
      values (${columns.map((_, index) => `$${index + 1}`).join(', ')})`,
    values: columns.map((name) => (name === column ? value : row[name])),
    outcome: '23514',
  }));
}

const now = new Date();
const rightRows = ({ org, item, location, entry: id }: Ids): Record<string, Record<string, unknown>> => ({
  items: { org_id: org, sku: 'NEW', name: 'New' },
  locations: { org_id: org, code: 'NEW', name: 'New' },
  entries: {
    org_id: org,
    id: id.replace(/^.{8}/, '00000000'),
    kind: 'receipt',
    occurred_at: now,
    recorded_at: now,
    actor: 'job',
  },
  movements: {
    ...{ org_id: org, entry_id: id, line: 2, item_id: item, location_id: location, lot: '', quantity: 1 },
    ...{ occurred_at: now, recorded_at: now },
  },
  balances: {
    ...{ org_id: org, item_id: item, location_id: location, lot: 'L1', on_hand: 0, reserved: 0, version: 0 },
  },
});

/** The CHECKs of the release that this database does not have word by word. */
async function missingChecks(superuser: Client): Promise<string[]> {
  const golden = await readFile(join(paths.root, 'sql/schema.sql'), 'utf8');
  const { rows } = await superuser.query<{ check: string }>(
    `select format('constraint %I %s', conname, pg_get_constraintdef(c.oid, true)) as check
     from pg_constraint c
     where contype = 'c' and conrelid <> 0`,
  );
  const here = new Set(rows.map(({ check }) => check));
  const wanted = [...golden.matchAll(/^ {2}(constraint \w+ CHECK .*?),?$/gm)].map(([, check = '']) => check);
  if (wanted.length === 0) throw new Error('sql/schema.sql has no CHECK: it is written differently');
  return wanted.filter((check) => !here.has(check)).map((check) => `a limit is missing: ${check}`);
}
