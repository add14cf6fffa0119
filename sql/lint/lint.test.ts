import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, escapeIdentifier } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { applyIsolationRules, type IsolationReport, lintIsolation } from '#schema/lint/isolation-lint.ts';
import { readIsolationRules } from '#schema/lint/isolation-rules.ts';
import { paths } from '#scripts/paths.ts';
import { seedOf } from '#tests/prepared-cluster.ts';
import { type ProvingCluster, startProvingCluster } from '#tests/prove/cluster.ts';

const here = import.meta.dirname;
const pages = join(paths.root, 'docs/isolation');
const rules = await readIsolationRules(here);
// Roles belong to a whole server, and faults are planted in them: on a shared server, other migrations would meet them.
let server: ProvingCluster;
let client: Client;
let foundBefore: readonly string[];

beforeAll(async () => {
  server = await startProvingCluster(seedOf(inject('preparedCluster')));
  const url = new URL(server.clusterUrl);
  url.pathname = server.template;
  client = new Client(url.href);
  await client.connect();
  foundBefore = found(await lintIsolation(client, rules));
});

afterAll(async () => {
  await client?.end();
  await server?.[Symbol.asyncDispose]();
});

/** Every fault of a report, as `NNNN object`. */
function found({ outcomes }: IsolationReport): string[] {
  return outcomes.flatMap(({ rule, faults, couldNotRun }) => [
    ...(couldNotRun === undefined ? [] : [`${rule.number} could not run: ${couldNotRun}`]),
    ...faults.map(({ object }) => `${rule.number} ${object}`),
  ]);
}

/** Changes the database, runs every rule, and rolls back. Returns the new faults. */
async function foundAfter(change: string): Promise<string[]> {
  await client.query('begin');
  try {
    await client.query(change);
    await client.query('reset role');
    const after = found(await applyIsolationRules(client, rules));
    const before = [...foundBefore];
    return after.filter((fault) => !takeFrom(before, fault)).sort();
  } finally {
    await client.query('rollback');
  }
}

function takeFrom(faults: string[], fault: string): boolean {
  const index = faults.indexOf(fault);
  if (index >= 0) faults.splice(index, 1);
  return index >= 0;
}

interface PlantedFault {
  readonly title: string;
  readonly sql: string;
  /** The objects that must be found, as `NNNN object`, and no others. */
  readonly expected: readonly string[];
  /** The first major version of Postgres in which this can be planted. */
  readonly since: number;
}

/** The planted faults of a rule: paragraphs of SQL with `-- finds` for its own objects and `-- and` for those of other rules. */
async function plantedFaults(name: string): Promise<PlantedFault[]> {
  const content = await readFile(join(here, 'faults', `${name}.sql`), 'utf8');
  return content.split(/\n{2,}/).map((sql) => {
    const own = [...sql.matchAll(/^-- finds (.+)$/gm)].map(([, object]) => object ?? '');
    const more = [...sql.matchAll(/^-- and (\d{4} .+)$/gm)].map(([, fault]) => fault ?? '');
    const faults = own
      .filter((object) => object !== 'nothing')
      .map((object) => `${name.slice(0, 4)} ${object}`);
    const isMarked = (line: string) => /^-- (finds |and \d{4} |since Postgres )/.test(line);
    const lines = sql.split('\n').filter((line) => !isMarked(line));
    return {
      title: lines[0]?.replace('-- ', '') ?? sql,
      sql: own.length > 0 ? sql : `a planted fault of ${name} does not say what it finds`,
      since: Number(/^-- since Postgres (\d+)$/m.exec(sql)?.[1] ?? 0),
      expected: [...faults, ...more],
    };
  });
}

async function namesIn(folder: string, ending: string): Promise<string[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => /^\d/.test(name))
    .map((name) => name.replace(ending, ''))
    .sort();
}

test('every rule has planted faults and a page, and there are none without a rule', async () => {
  const names = rules.map(({ name }) => name);
  expect(await namesIn(join(here, 'faults'), '.sql')).toEqual(names);
  expect(await namesIn(pages, '.md')).toEqual(names);
});

test.each(rules)(
  'the page of $name says what it finds, what leaks, how to fix it and which exceptions exist',
  async (rule) => {
    const page = await readFile(join(pages, `${rule.name}.md`), 'utf8');
    expect(page.split('\n')[0]).toBe(`# ${rule.number} ${rule.title}`);
    expect([...page.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)).toEqual([
      'What leaks',
      'How to fix it',
      'Exceptions',
    ]);
    expect(page).toContain(`\`${rule.level}\``);
    const excepted = rule.exceptions.filter(({ object }) => !page.includes(`\`${object}\``));
    expect(excepted).toEqual([]);
  },
);

test('every role gets the same answer', async () => {
  const change = `
    alter table inventory.items disable row level security;
    grant execute on function tenancy.rotate_context_key() to stockade_api;
    create view inventory.planted as select * from tenancy.users;
    alter view inventory.planted owner to stockade_owner;`;
  await client.query('begin');
  try {
    await client.query(change);
    await client.query('create role planted');
    const asSuperuser = found(await applyIsolationRules(client, rules));
    expect(asSuperuser).toHaveLength(3);
    for (const role of ['stockade_owner', 'stockade_api', 'planted']) {
      await client.query(`set local role ${escapeIdentifier(role)}`);
      expect([role, ...found(await applyIsolationRules(client, rules))]).toEqual([role, ...asSuperuser]);
    }
  } finally {
    await client.query('rollback');
  }
});

describe.each(rules)('$name', async ({ name }) => {
  const faults = await plantedFaults(name);
  test('has at least one planted fault', () => {
    expect(faults.some(({ expected }) => expected.length > 0)).toBe(true);
  });
  test.for(faults)('$title', async ({ sql, expected, since }, { skip }) => {
    const { rows } = await client.query(`select current_setting('server_version_num')::int / 10000 as major`);
    skip(rows[0].major < since, `needs Postgres ${since}`);
    const named = expected.map((fault) => fault.replace('"current database"', server.template));
    const after = await foundAfter(sql);
    expect(after.filter((fault) => name === ofStatistics || !isOfStatistics(fault))).toEqual(named.sort());
  });
});

// Whatever is planted for another rule has statistics, like every new table, column and index of an expression.
const ofStatistics = '0056_statistics_hold_values';
const isOfStatistics = (fault: string) => fault.startsWith('0056 ');
