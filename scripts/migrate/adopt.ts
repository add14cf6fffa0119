import { randomUUID } from 'node:crypto';
import { join, relative } from 'node:path';
import { Client } from 'pg';
import { connectNoted } from '#platform/postgres/connection-failures.ts';
import { counted } from '#platform/text/plural.ts';
import type { Choices } from '#schema/adopt/choices.ts';
import { type AdoptionPlan, planAdoption } from '#schema/adopt/plan-adoption.ts';
import { slugPattern } from '#tenancy/organizations.ts';
import { maxNameCharacters } from '#tenancy/text-limits.ts';
import { command } from '../cli/command.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import { UsageError } from '../cli/failure.ts';
import * as option from '../cli/option.ts';
import { paths } from '../paths.ts';
import { planJson, planText } from './adopt/report.ts';
import { writeFiles } from './adopt/write-files.ts';

const options = {
  ...databaseOptions,
  tables: option.several(
    option.text({
      description: 'a table whose rows belong to organizations; those that refer to it follow',
      placeholder: 'table',
    }),
  ),
  root: option.text({
    description: 'the table of which each row becomes an organization, such as the accounts',
    placeholder: 'table',
  }),
  rootName: option.text({
    description: "the column of --root with the organization's name (default: name)",
    placeholder: 'column',
  }),
  slug: option.text({
    description: 'without --root: the short name of the organization that gets every row',
    placeholder: 'slug',
    pattern: slugPattern,
    expected: 'It must be lower-case letters, digits and hyphens, at most 63, and no UUID.',
  }),
  name: option.text({
    description: 'its name (default: the slug)',
    placeholder: 'name',
    maxCharacters: maxNameCharacters,
  }),
  shared: option.several(
    option.text({ description: 'a table that every organization reads', placeholder: 'table' }),
  ),
  writable: option.several(
    option.text({ description: 'a table that every organization reads and writes', placeholder: 'table' }),
  ),
  login: option.several(
    option.text({
      description: 'a role that the application logs in as (default: those that may use its tables)',
      placeholder: 'role',
    }),
  ),
  keepStatistics: option.flag({
    description: 'keep the planner statistics, which show each organization values of the others',
  }),
  out: option.path({ description: 'the new folder for the files', default: 'adopted' }),
  check: option.flag({ description: 'only report what would be done, and write no file' }),
};

await command({
  name: 'migrate:adopt',
  summary: "Writes the migrations that put another application's tables behind the wall.",
  description: [
    'It reads the catalogue, follows the foreign keys from the tables that you name, and changes nothing in the database.',
    'Either every row belongs to one organization (--slug), or each row of a table becomes one (--root).',
    'Run it with --check first: it lists what belongs to organizations, what you must decide, and what it does not touch.',
    'Connect as an administrator, not as the application.',
  ].join('\n'),
  options,
  examples: [
    { type: '--check --tables shop.customers --slug acme', does: 'reports how the shop would be adopted' },
    {
      type: '--root \'public."Account"\' --login app --out adopted',
      does: 'writes the files: each account becomes an organization',
    },
    {
      type: '--tables shop.customers --tables shop.products --shared shop.countries --slug acme --name "Acme Ltd"',
      does: 'writes the files: every row belongs to Acme',
    },
  ],
  run: async ({ options: typed }) => {
    const choices = choicesOf(typed);
    const plan = await readPlan(await findDatabaseUrl(typed), choices);
    const json = planJson(plan);
    if (!plan.adoption) return { text: planText(plan), json: { ...json, written: [] }, failed: true };
    if (typed.check) return { text: planText(plan), json: { ...json, written: [] } };
    await writeFiles(typed.out, plan.adoption.files);
    return {
      text: `${planText(plan)}\n\n${nextSteps(typed.out, plan.adoption)}`,
      json: {
        ...json,
        written: [...plan.adoption.files.keys()],
        lastBeforeContract: plan.adoption.lastBeforeContract,
      },
    };
  },
});

async function readPlan(connectionString: string, choices: Choices): Promise<AdoptionPlan> {
  const client = new Client({
    connectionString,
    application_name: 'stockade-adopt',
    connectionTimeoutMillis: 10_000,
  });
  try {
    await connectNoted(client);
    return await planAdoption(client, join(paths.root, 'sql'), choices);
  } finally {
    await client.end();
  }
}

function choicesOf(
  typed: {
    readonly [Key in keyof typeof options]: (typeof options)[Key] extends option.Option<infer Value>
      ? Value
      : never;
  },
): Choices {
  const { root, slug } = typed;
  if ((root === undefined) === (slug === undefined)) {
    throw new UsageError(
      root === undefined
        ? 'neither --slug nor --root says which organizations there are'
        : '--slug and --root exclude each other',
      'Pass --slug if every row belongs to one organization, or --root if a table has a row for each.',
    );
  }
  if (slug !== undefined && typed.tables.length === 0) {
    throw new UsageError('no --tables', 'Name at least one table whose rows belong to the organization.');
  }
  return {
    tables: typed.tables,
    organizations:
      slug === undefined
        ? { kind: 'root', table: root ?? '', nameColumn: typed.rootName }
        : { kind: 'one', id: randomUUID(), slug, name: typed.name ?? slug },
    shared: typed.shared,
    writable: typed.writable,
    logins: typed.login,
    keepStatistics: typed.keepStatistics,
  };
}

function nextSteps(folder: string, { files, lastBeforeContract }: AdoptionPlan['adoption'] & {}): string {
  const migrations = join(relative(process.cwd(), folder) || '.', 'migrations');
  const migrate = `npm run migrate:all -- --migrations ${migrations} --database-url …`;
  return [
    `Wrote ${counted(files.size, 'file')} into ${folder}.`,
    `1. ${migrate} --target ${lastBeforeContract}`,
    '   The application goes on as it is.',
    '2. Deploy the application so that every transaction enters an organization.',
    `3. ${migrate}`,
    '   The wall goes up: a transaction that has entered no organization sees no row.',
  ].join('\n');
}
