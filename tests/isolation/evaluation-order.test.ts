import { Client, escapeLiteral } from 'pg';
import { expect, inject, test } from 'vitest';
import { loginUrl } from '#scripts/local/logins.ts';
import { asSuperuser, cloneDatabase } from '../prove/clone.ts';
import { asAdopted } from '../prove/isolation/adopted.ts';
import { keyEnvironment } from '../prove/isolation/api.ts';
import { type Column, readableColumns } from '../prove/isolation/plans/corpus.ts';
import { plantOrganization } from '../prove/isolation/victim.ts';

/**
 * Asks about the rows of an organization with a forged context. Postgres asks for the context when the policy is evaluated, and
 * that fails. So as long as the policy comes first, every question fails, whatever its answer would be.
 */
async function differentAnswers(
  prepare: string,
  questionsOn = plainQuestions,
): Promise<{ asked: number; differences: string[] }> {
  await using clone = await cloneDatabase(inject('clusterUrl'), inject('templateDatabase'));
  await clone.run(prepare);
  await asSuperuser(clone.url, (client) => plantOrganization(client, holdings, keyEnvironment));
  const nullable = await asSuperuser(clone.url, nullableColumns);
  const columns = await readableColumns([clone.url], 'stockade_api');
  const questions = columns.flatMap((column) => questionsOn(column, nullable));
  const client = new Client(loginUrl(clone.url, 'stockade_api'));
  await client.connect();
  try {
    const differences: string[] = [];
    for (const { way, one, other } of questions) {
      if ((await answer(client, way, one)) !== (await answer(client, way, other))) differences.push(one);
    }
    return { asked: questions.length, differences };
  } finally {
    await client.end();
  }
}

const holdings = {
  slug: 'neighbour',
  skus: ['SKU-1'],
  locations: ['PLACE'],
  lot: 'lot',
  references: ['one', 'two'],
  idempotencyKeys: ['one'],
  text: 'text',
  keyId: 'key0key0key0',
  quantity: 2,
  entries: 2,
};

/** Rows by their places, and all rows. */
const byPlace = `ctid = any ('{"(0,1)","(0,2)","(0,3)","(0,4)","(0,5)"}')`;
const places = [byPlace, 'true'];

/** How Postgres finds the rows. */
const byScan = `set local enable_seqscan = on; set local enable_indexscan = off; set local enable_indexonlyscan = off;
  set local enable_bitmapscan = off`;
/** Where nothing may be sorted, it is the index of the column in question, if there is one. */
const byIndex =
  'set local enable_seqscan = off; set local enable_bitmapscan = off; set local enable_sort = off';

/** A question that is asked in two ways. */
interface Question {
  readonly way: string;
  readonly one: string;
  readonly other: string;
}

function plainQuestions(column: Column, nullable: ReadonlySet<string>): Question[] {
  return [
    ...oppositesOn(column, nullable).flatMap((pair) =>
      places.map((place) => asked(column, byScan, pair, place)),
    ),
    ...boundsOf(column).map((pair) => asked(column, byIndex, pair, 'true', `order by ${column.name}`)),
  ];
}

/** The same conditions around an arm of UNION ALL. */
function questionsAroundUnion(column: Column, nullable: ReadonlySet<string>): Question[] {
  const arm = `select ${column.name} from ${column.table}`;
  const table = `(${arm} union all ${arm}) as u`;
  // An arm that a CHECK excludes is not read, whatever is in it.
  const way = `${byScan}; set local constraint_exclusion = off`;
  return oppositesOn(column, nullable).map((pair) => asked({ table }, way, pair, 'true'));
}

function asked(
  { table }: Pick<Column, 'table'>,
  way: string,
  [one, other]: readonly [string, string],
  place: string,
  order = '',
): Question {
  const question = (condition: string) =>
    `select from ${table} where ${place} and ${condition} ${order}`.trimEnd();
  return { way, one: question(one), other: question(other) };
}

/** Two conditions that an index answers: the first holds for a row, the second for none. */
function boundsOf({ name, type, values: [value] }: Column): [string, string][] {
  const literal = `${escapeLiteral(value ?? '')}::${type}`;
  return pairs(value !== undefined && isOrdered(type), [
    `${name} >= ${literal} and ${name} <= ${literal}`,
    `${name} > ${literal} and ${name} < ${literal}`,
  ]);
}

const isOrdered = (type: string) => !/json|\[\]/.test(type);

/** Pairs of conditions that cost Postgres little or nothing. Of each pair, exactly one holds for a row. */
function oppositesOn(
  { table, name, type, values }: Column,
  nullable: ReadonlySet<string>,
): [one: string, other: string][] {
  const [value] = values;
  const literal = `${escapeLiteral(value ?? '')}::${type}`;
  return [
    // Of a column that is never null, Postgres knows the answer without a row.
    ...pairs(nullable.has(`${table}.${name}`), [`${name} is null`, `${name} is not null`]),
    ...pairs(type === 'boolean', [name, `not ${name}`]),
    ...pairs(type === 'jsonb', [`${name}['x'] is null`, `${name}['x'] is not null`]),
    // An element of a constant, which the column chooses.
    ...pairs(type === 'text', [`('{}'::jsonb)[${name}] is null`, `('{}'::jsonb)[${name}] is not null`]),
    ...pairs(/int/.test(type), [`('{}'::int[])[${name}] is null`, `('{}'::int[])[${name}] is not null`]),
    ...pairs(type.endsWith('[]'), [`${name}[9] is null`, `${name}[9] is not null`]),
    ...pairs(
      value !== undefined && isOrdered(type),
      [`${name} = any (array[${literal}])`, `${name} <> all (array[${literal}])`],
      [`${name} = ${literal}`, `${name} <> ${literal}`],
    ),
  ];
}

async function nullableColumns(superuser: Client): Promise<ReadonlySet<string>> {
  const { rows } = await superuser.query<{ name: string }>(
    `select attrelid::regclass || '.' || quote_ident(attname) as name from pg_attribute where attnum > 0 and not attnotnull`,
  );
  return new Set(rows.map(({ name }) => name));
}

const pairs = (isWanted: boolean, ...given: [string, string][]) => (isWanted ? given : []);

async function answer(client: Client, way: string, question: string): Promise<string> {
  await client.query(`begin; set local stockade.context = 'forged'; ${way}`);
  try {
    const { rows } = await client.query(question);
    return `${rows.length} rows`;
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await client.query('rollback');
  }
}

test('no statement of a request has conditions on rows of tenants: its role reads no table', async () => {
  await using clone = await cloneDatabase(inject('clusterUrl'), inject('templateDatabase'));
  expect(await readableColumns([clone.url], 'stockade_api')).toEqual([]);
});

test('in an adopted application, no condition of a statement is evaluated for a row before the policy', async () => {
  const { asked, differences } = await differentAnswers(asAdopted);
  expect(differences).toEqual([]);
  expect(asked).toBeGreaterThan(500);
});

test('where the policy that comes first is missing, the answers show values', async () => {
  const { differences } = await differentAnswers(`${asAdopted} drop policy tenant_first on inventory.items`);
  expect(differences).toEqual(
    expect.arrayContaining([
      `select from inventory.items where true and sku = any (array['SKU-1'::text])`,
      `select from inventory.items where true and sku = 'SKU-1'::text`,
      `select from inventory.items where true and metadata['x'] is null`,
      'select from inventory.items where true and allow_negative',
    ]),
  );
  expect(differences.filter((question) => !question.includes('inventory.items'))).toEqual([]);
});

test('where the policy costs more than nothing, what costs nothing comes before it', async () => {
  const { differences } = await differentAnswers(`${asAdopted}
    alter policy tenant_first on inventory.locations
      using ((case when org_id = any (array[(select tenancy.current_org())]) then true end) is not null)`);
  expect(differences).toContain(`select from inventory.locations where true and ('{}'::jsonb)[code] is null`);
});

test('where an index is not led by the organization, the answers show its values', async () => {
  const { differences } = await differentAnswers(`${asAdopted}
    create index on inventory.items (name);
    grant select on tenancy.organizations to stockade_api`);
  const within = (name: string, value: string) =>
    `${name} >= '${value}'::text and ${name} <= '${value}'::text order by ${name}`;
  expect(differences).toEqual(
    expect.arrayContaining([
      `select from inventory.items where true and ${within('name', 'text')}`,
      `select from tenancy.organizations where true and ${within('slug', 'neighbour')}`,
    ]),
  );
});

// docs/SECURITY.md says what this tells.
test('stays open in an adopted application: around an arm of UNION ALL, conditions that cost nothing come before the policy, and no comparison does', async () => {
  const { asked, differences } = await differentAnswers(asAdopted, questionsAroundUnion);
  expect(asked).toBeGreaterThan(200);
  expect(differences.length).toBeGreaterThan(50);
  expect(differences.filter((question) => /(=|<>)(?!.*::boolean)/.test(question))).toEqual([]);
});
