import type { Client } from 'pg';
import { readJournal } from '#schema/migrations/journal.ts';
import { asOwner, findInventory, type OldRows } from './inventory-found.ts';
import { lastOf } from './steps.ts';
import { readUnpaired, type Unpaired } from './unpaired.ts';

/** What has been decided about the move. */
export interface DecisionsKept {
  /** The slug of the default organization. */
  readonly organization: string | null;
  /** The other organizations that rows are assigned to. */
  readonly others: readonly string[];
  readonly everyone: string | null;
  readonly roles: number;
  readonly usersWithoutRole: number;
  readonly assignments: number;
  readonly codes: number;
}

/** How far the migration under way has come. */
export interface UnderWay {
  readonly migration: string;
  readonly rowsFilled: number;
  readonly since: string;
}

/** Where a move is. */
export interface MovingInStatus {
  /**
   * What comes next. `nothing`: an empty database, or one that was never single-tenant. `done`: the switch is past.
   */
  readonly next: 'nothing' | 'organizations' | 'balances' | 'switch' | 'checks' | 'done';
  readonly applied: readonly string[];
  readonly pending: readonly string[];
  readonly isOldProgramWorking: boolean;
  readonly rows: OldRows | undefined;
  readonly decisions: DecisionsKept | undefined;
  readonly underWay: UnderWay | undefined;
  /** The movements that have their place in an entry. */
  readonly movementsPlaced: number | undefined;
  /** What the old program has changed and what is not in entries and balances yet. */
  readonly changesLeft: number | undefined;
  readonly unpaired: Unpaired | undefined;
}

/**
 * Reads where the move is. Changes nothing, and waits for nobody.
 * @param migrations the names of all migrations of this release, in order
 */
export async function readStatus(client: Client, migrations: readonly string[]): Promise<MovingInStatus> {
  const applied = (await readJournal(client)).map(({ name }) => name);
  const has = (name: string) => applied.includes(name);
  const found = await findInventory(client);
  const isMoving = found.kind === 'moving';
  const pending = migrations.filter((name) => !has(name));
  return {
    next: nextOf(found.kind, has, pending.length === 0),
    applied,
    pending,
    isOldProgramWorking: isMoving,
    rows: isMoving ? found.rows : undefined,
    decisions: isMoving && has(lastOf.decisions) ? await readDecisions(client) : undefined,
    underWay: applied.length > 0 ? await readUnderWay(client, pending[0]) : undefined,
    movementsPlaced: isMoving && has(lastOf.columns) ? await countPlaced(client) : undefined,
    changesLeft: isMoving && has(lastOf.decisions) ? await countChanges(client) : undefined,
    unpaired: isMoving && has(lastOf.balances) ? await readUnpaired(client) : undefined,
  };
}

function nextOf(
  kind: 'empty' | 'moved' | 'moving',
  has: (name: string) => boolean,
  isNewest: boolean,
): MovingInStatus['next'] {
  if (kind === 'empty') return 'nothing';
  if (kind === 'moved') return isNewest ? 'done' : 'checks';
  if (!has(lastOf.organizations)) return 'organizations';
  return has(lastOf.balances) ? 'switch' : 'balances';
}

async function readDecisions(client: Client): Promise<DecisionsKept | undefined> {
  return await one<DecisionsKept>(
    client,
    `select
       (select o.slug from moving_in.default_organization d join tenancy.organizations o on o.id = d.org_id) as organization,
       array(
         select distinct o.slug
         from moving_in.assignments a
         join tenancy.organizations o on o.id = a.org_id
         where not exists (select from moving_in.default_organization d where d.org_id = o.id)
         order by o.slug
       ) as others,
       (select role from moving_in.roles where email = '*') as everyone,
       (select count(*) from moving_in.roles where email <> '*')::int as roles,
       (
         select count(*)
         from inventory.users u
         where not exists (select from moving_in.roles r where r.email in (u.email, '*'))
       )::int as "usersWithoutRole",
       (select count(*) from moving_in.assignments)::int as assignments,
       (select count(*) from moving_in.codes)::int as codes`,
  );
}

async function readUnderWay(client: Client, migration: string | undefined): Promise<UnderWay | undefined> {
  if (!migration) return undefined;
  return await one<UnderWay>(
    client,
    `select $1::text as migration, rows_filled::float8 as "rowsFilled",
       to_char(started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since
     from stockade_migrations.started
     where number = $2`,
    [migration, Number(migration.slice(0, 6))],
  );
}

async function countPlaced(client: Client): Promise<number | undefined> {
  return (
    await one<{ count: number }>(
      client,
      'select count(*)::int as count from inventory.movements where entry_id is not null',
    )
  )?.count;
}

async function countChanges(client: Client): Promise<number | undefined> {
  return (
    await one<{ count: number }>(client, 'select count(*)::int as count from moving_in.changed_movements')
  )?.count;
}

async function one<Row extends object>(
  client: Client,
  query: string,
  values: unknown[] = [],
): Promise<Row | undefined> {
  return await asOwner(
    client,
    async () => (await client.query<Row>(query, values)).rows[0],
    'begin read only',
  );
}
