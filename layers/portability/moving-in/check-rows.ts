import type { Client } from 'pg';
import { MigrationError } from '#schema/migration-error.ts';
import { type CheckOptions, checkMoveIn } from './check/check-move-in.ts';
import type { CodeLine } from './check/code-map.ts';
import type { Assignment } from './check/inventory.ts';
import type { MoveInCheck } from './check/offence.ts';
import type { Decisions } from './decisions.ts';
import { asOwner } from './inventory-found.ts';
import { refuseOffences } from './offences.ts';

/**
 * Checks every row with the decisions that are made now, and those that were made before. Reads only.
 * @throws MigrationError when an assignment names a column that does not exist
 */
export async function checkRows(
  client: Client,
  decisions: Pick<Decisions, 'codes' | 'assignments' | 'organization'> = {},
  options: Pick<CheckOptions, 'mostPerRule' | 'signal'> = {},
): Promise<MoveInCheck> {
  const decided = await readDecided(client);
  if (decisions.assignments) await refuseUnknownColumns(client, decisions.assignments);
  return await checkMoveIn(client, {
    ...options,
    codes: decisions.codes ?? decided.codes,
    assignments: decisions.assignments ?? decided.assignments,
    organization: decided.organization ?? decisions.organization?.slug,
  });
}

/**
 * The same before the switch: the old program has gone on writing.
 * @throws MigrationError naming rows that a rule of the new schema refuses
 */
export async function refuseOffendingRows(client: Client, signal?: AbortSignal): Promise<void> {
  refuseOffences((await checkRows(client, {}, { signal })).offences);
}

async function readDecided(client: Client): Promise<{
  readonly codes: readonly CodeLine[];
  readonly assignments: readonly Assignment[];
  readonly organization?: string | undefined;
}> {
  return await asOwner(
    client,
    async () => {
      const { rows } = await client.query(`select to_regclass('moving_in.codes') is not null as exists`);
      if (!rows[0].exists) return { codes: [], assignments: [] };
      const codes = await client.query<CodeLine>(
        `select table_name as "table", code, becomes, row_number() over (order by table_name, code)::int as line
         from moving_in.codes`,
      );
      const assignments = await client.query<Assignment>(
        `select a.table_name as "table", a.column_name as "column", a.value, o.slug as organization
         from moving_in.assignments a
         join tenancy.organizations o on o.id = a.org_id`,
      );
      const organization = await client.query<{ slug: string }>(
        'select o.slug from moving_in.default_organization d join tenancy.organizations o on o.id = d.org_id',
      );
      return {
        codes: codes.rows,
        assignments: assignments.rows,
        organization: organization.rows[0]?.slug,
      };
    },
    'begin read only',
  );
}

async function refuseUnknownColumns(
  client: Client,
  assignments: readonly { readonly table: string; readonly column: string }[],
): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select distinct format('inventory.%s.%s', wanted.table_name, wanted.column_name) as name
     from unnest($1::text[], $2::text[]) as wanted (table_name, column_name)
     where not exists (
       select from pg_attribute a
       where a.attrelid = format('inventory.%I', wanted.table_name)::regclass
         and a.attname = wanted.column_name
         and a.attnum > 0
         and not a.attisdropped
     )`,
    [assignments.map(({ table }) => table), assignments.map(({ column }) => column)],
  );
  if (!rows[0]) return;
  throw new MigrationError(
    `the file of --assign names ${rows.map(({ name }) => name).join(', ')}, and there is no such column`,
    'Name a column of the table as the old program has it.',
  );
}
