import type { Client } from 'pg';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { MigrationError } from '#schema/migration-error.ts';
import type { Decisions } from './decisions.ts';
import { refuseOffences, uncoveredRows } from './offences.ts';

/**
 * Keeps what was decided, all of it or nothing. The database must have the schema moving_in. Deciding the same again changes
 * nothing.
 * @throws MigrationError when a decision is missing, contradicts another one, or leaves rows without an answer
 */
export async function decide(client: Client, decisions: Decisions): Promise<void> {
  await inTransaction(client, async () => {
    const organizations = await keepOrganizations(client, decisions);
    await client.query('set local role stockade_owner');
    const defaultId = await keepDefault(client, organizations.get(decisions.organization?.slug ?? ''));
    await keepAssignments(client, decisions, organizations);
    await keepRoles(client, decisions, organizations, defaultId);
    await keepCodes(client, decisions);
    refuseOffences(await uncoveredRows(client));
  });
}

/** The organizations that are named, by slug. One that does not exist yet is created. */
async function keepOrganizations(client: Client, decisions: Decisions): Promise<Map<string, string>> {
  await client.query('set local role stockade_admin');
  const named = new Map<string, string>();
  const slugs = [...(decisions.assignments ?? []), ...(decisions.roles ?? [])].flatMap(
    ({ organization }) => organization ?? [],
  );
  for (const slug of slugs) named.set(slug, slug);
  if (decisions.organization) named.set(decisions.organization.slug, decisions.organization.name);
  await client.query(
    `insert into tenancy.organizations (slug, name)
     select slug, name from unnest($1::text[], $2::text[]) as named (slug, name)
     on conflict (slug) do nothing`,
    [[...named.keys()], [...named.values()]],
  );
  const { rows } = await client.query<{ id: string; slug: string }>(
    'select id, slug from tenancy.organizations where slug = any ($1::text[])',
    [[...named.keys()]],
  );
  return new Map(rows.map(({ id, slug }) => [slug, id]));
}

/** The rows have the default organization from the first step on, so it is decided once. */
async function keepDefault(client: Client, decided: string | undefined): Promise<string> {
  const { rows } = await client.query<{ id: string; slug: string }>(
    `select o.id, o.slug from moving_in.default_organization d join tenancy.organizations o on o.id = d.org_id`,
  );
  const [before] = rows;
  if (before && decided && before.id !== decided) {
    throw new MigrationError(
      `the default organization of this move is ${before.slug} already`,
      'Leave --slug and --name out, or name that one.',
    );
  }
  if (before) return before.id;
  if (!decided) {
    throw new MigrationError(
      'nobody has decided which organization this inventory belongs to',
      'Name it with --slug and --name.',
    );
  }
  await client.query('insert into moving_in.default_organization (org_id) values ($1)', [decided]);
  return decided;
}

async function keepAssignments(
  client: Client,
  { assignments }: Decisions,
  organizations: ReadonlyMap<string, string>,
): Promise<void> {
  if (!assignments) return;
  await client.query('delete from moving_in.assignments');
  await client.query(
    `insert into moving_in.assignments (table_name, column_name, value, org_id)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::uuid[])`,
    [
      assignments.map(({ table }) => table),
      assignments.map(({ column }) => column),
      assignments.map(({ value }) => value),
      assignments.map(({ organization }) => organizations.get(organization)),
    ],
  );
}

async function keepRoles(
  client: Client,
  { roles, everyone }: Decisions,
  organizations: ReadonlyMap<string, string>,
  defaultId: string,
): Promise<void> {
  const several = await hasSeveral(client, defaultId);
  if (several && (everyone || (!roles && (await hasEveryone(client))))) {
    throw new MigrationError(
      'everyone cannot have a role when there are several organizations: nobody has said which users belong to which',
      'Name each user and organization in a file, with --roles.',
    );
  }
  const unplaced = several && roles?.find(({ organization }) => organization === undefined);
  if (unplaced) {
    throw new MigrationError(
      `the file of --roles names no organization for ${unplaced.email}, and there are several`,
      'Add the organization to each of its lines.',
    );
  }
  if (roles) await client.query(`delete from moving_in.roles where email <> '*'`);
  if (everyone || several) await client.query(`delete from moving_in.roles where email = '*'`);
  const lines = [
    ...(roles ?? []).map(({ email, organization, role }) => ({
      email,
      orgId: organization === undefined ? defaultId : organizations.get(organization),
      role,
    })),
    ...(everyone ? [{ email: '*', orgId: defaultId, role: everyone }] : []),
  ];
  refuseTwice(lines);
  await refuseStrangers(client, roles ?? []);
  await client.query(
    `insert into moving_in.roles (email, org_id, role)
     select * from unnest($1::text[], $2::uuid[], $3::text[])`,
    [lines.map(({ email }) => email), lines.map(({ orgId }) => orgId), lines.map(({ role }) => role)],
  );
}

/** A line without an organization and one that names the default one may be about the same user. */
function refuseTwice(lines: readonly { readonly email: string; readonly orgId: string | undefined }[]): void {
  const keys = lines.map(({ email, orgId }) => `${email} ${orgId}`);
  const twice = lines.find((_, nth) => keys.indexOf(keys[nth] ?? '') !== nth);
  if (!twice) return;
  throw new MigrationError(
    `the file of --roles has two lines for ${twice.email} in the default organization`,
    'Keep one of them and run again.',
  );
}

/** A mistyped address would leave its user with the role of everyone. */
async function refuseStrangers(client: Client, roles: readonly { readonly email: string }[]): Promise<void> {
  const { rows } = await client.query<{ email: string }>(
    `select email from unnest($1::text[]) as named (email)
     where not exists (select from inventory.users u where u.email = named.email)
     order by email`,
    [[...new Set(roles.map(({ email }) => email))]],
  );
  if (rows.length === 0) return;
  const more = rows.length > 20 ? ` and ${rows.length - 20} more` : '';
  throw new MigrationError(
    `the file of --roles names nobody with ${rows
      .slice(0, 20)
      .map(({ email }) => email)
      .join(', ')}${more}`,
    'Correct the address, or delete the line.',
  );
}

async function hasEveryone(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ decided: boolean }>(
    `select exists (select from moving_in.roles where email = '*') as decided`,
  );
  return rows[0]?.decided ?? false;
}

async function hasSeveral(client: Client, defaultId: string): Promise<boolean> {
  const { rows } = await client.query<{ several: boolean }>(
    'select exists (select from moving_in.assignments where org_id <> $1) as several',
    [defaultId],
  );
  return rows[0]?.several ?? false;
}

async function keepCodes(client: Client, { codes }: Decisions): Promise<void> {
  if (!codes) return;
  await client.query('delete from moving_in.codes');
  await client.query(
    `insert into moving_in.codes (table_name, code, becomes)
     select * from unnest($1::text[], $2::text[], $3::text[])`,
    [codes.map(({ table }) => table), codes.map(({ code }) => code), codes.map(({ becomes }) => becomes)],
  );
}
