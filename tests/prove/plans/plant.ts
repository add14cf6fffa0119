import type { Client } from 'pg';
import { createApiKey } from '#tenancy/credentials/api-keys.ts';
import { asSuperuser } from '../clone.ts';
import { keyEnvironment } from '../isolation/api.ts';
import { tenantTables } from '../isolation/tenant-tables.ts';
import type { LedgerShape } from './ledgers.ts';

/** What was planted. */
export interface Planted {
  readonly asked: Asked;
  /** The names of the tables with rows of organizations. */
  readonly tables: ReadonlySet<string>;
  /**
   * The tables of which Postgres knows that they have few rows. For a condition without statistics, it expects one row in two
   * hundred: in these tables every index of an organization costs the same, and it does not matter which is read.
   */
  readonly tiny: ReadonlySet<string>;
}

/** The organization that is asked. */
export interface Asked {
  readonly id: string;
  readonly slug: string;
  /** Its key. */
  readonly key: string;
  /** The e-mail address of a member. */
  readonly email: string;
}

const linesPerEntry = 5;
const usualDays = 100;

/**
 * Writes the history of all organizations at once, without the checks of every row that would take minutes; the triggers of
 * the ledger make the balances. `adminUrl` is the URL of a database of the caller's own, for the superuser.
 *
 * The items are S1, S2, … at L1, L2, …. The movements of three entries in ten are of S1 at L1. The first entry of all is the
 * only `opening`, and one in a hundred is a `count`. The items A1, A2, … come first in every list and have never moved.
 */
export async function plantLedgers(adminUrl: string, shape: LedgerShape): Promise<Planted> {
  const { organizations, movements, days = usualDays } = shape;
  const entries = movements / linesPerEntry;
  const key = createApiKey(keyEnvironment);
  const email = 'user-1@example.com';
  return await asSuperuser(adminUrl, async (superuser) => {
    const tables = (await tenantTables(superuser)).map(({ name }) => name);
    // Postgres would do it at any time, also between two of the steps.
    for (const table of tables) await superuser.query(`alter table ${table} set (autovacuum_enabled = off)`);
    await superuser.query(`
      set session_replication_role = replica;
      create temporary table org as
        with made as (
          insert into tenancy.organizations (slug, name)
          select 'org-' || n, 'Organization ' || n from generate_series(1, ${organizations}) n
          returning id, slug
        )
        select id, substr(slug, 5)::int as n from made;
      create temporary table item (org_id uuid, id uuid, n int);
      create temporary table location (org_id uuid, id uuid, n int)
    `);
    for (let first = 1; first <= organizations; first += catalogsAtOnce)
      await superuser.query(catalogs(shape, first, first + catalogsAtOnce - 1));
    await superuser.query(`
      create temporary table entry as
        select org.id as org_id, e, at, case when e = 1 then 'opening' when e % 100 = 0 then 'count' else 'receipt' end as kind, (
          lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '70008000' || lpad(to_hex(org.n), 12, '0')
        )::uuid as id
        from org
        cross join generate_series(1, ${entries}) e
        cross join lateral (
          select date_trunc('milliseconds', now() - interval '1 hour' - (${entries} - e) * ${days} * interval '1 day' / ${entries}) as at
        ) t;

      insert into tenancy.users (email, name) select 'user-' || n || '@example.com', null from org;
      insert into tenancy.memberships (org_id, user_id, role)
      select org.id, u.id, 'admin' from org join tenancy.users u on u.email = 'user-' || n || '@example.com';
      insert into tenancy.api_keys (org_id, key_id, secret_digest, name, scopes)
      select id, 'planted' || lpad(n::text, 5, '0'), sha256(n::text::bytea), 'Planted', '{read}' from org;
      -- Only the organization that is asked is due.
      insert into inventory.reconciliation_state (org_id, due_at, proven_at)
      select id, now() + interval '1 day', now() from org where n > 1;
    `);
    const ids = await superuser.query<{ id: string }>('select id from org where n = 1');
    const id = ids.rows[0]?.id ?? '';
    for (const [index, sealed] of sealedDaysAgo.entries()) {
      await superuser.query(history(shape, sealedDaysAgo[index - 1] ?? days, sealed));
      await seal(superuser, id);
    }
    await superuser.query(reservations(shape));
    await superuser.query(
      `insert into tenancy.api_keys (org_id, key_id, secret_digest, name, scopes)
       values ($1, $2, $3, 'Asked', '{read,write,admin}')`,
      [id, key.keyId, key.secretDigest],
    );
    if (shape.upkeep !== 'none') await superuser.query(shape.upkeep);
    const { rows: few } = await superuser.query<{ name: string }>(
      `select relname as name from pg_class where oid = any ($1::regclass[]) and reltuples between 0 and 200`,
      [tables],
    );
    return {
      asked: { id, slug: 'org-1', key: key.key, email },
      tables: new Set(tables.map((name) => name.slice(name.indexOf('.') + 1))),
      tiny: new Set(few.map(({ name }) => name)),
    };
  });
}

/** Writing items locks the codes of their organizations, and a transaction has room for some thousand locks. */
const catalogsAtOnce = 1_000;

/** The items and locations of some organizations. */
function catalogs({ items, locations }: LedgerShape, first: number, last: number): string {
  return `
    with made as (
      insert into inventory.items (org_id, sku, name, allow_negative)
      select org.id, s.sku, s.sku, true
      from org
      cross join (
        select 'S' || n as sku from generate_series(1, ${items}) n
        union all
        select 'A' || n from generate_series(1, ${2 * items}) n
      ) s
      where org.n between ${first} and ${last}
      returning org_id, id, sku
    )
    insert into item select org_id, id, substr(sku, 2)::int from made where sku like 'S%';
    with made as (
      insert into inventory.locations (org_id, code, name)
      select org.id, 'L' || l.n, 'L' || l.n
      from org
      cross join generate_series(1, ${locations}) l (n)
      where org.n between ${first} and ${last}
      returning org_id, id, code
    )
    insert into location select org_id, id, substr(code, 2)::int from made;
    insert into inventory.item_aliases (org_id, alias, item_id)
    select i.org_id, 'ALSO-' || i.n, i.id from item i join org on org.id = i.org_id
    where org.n between ${first} and ${last};
    insert into inventory.location_aliases (org_id, alias, location_id)
    select l.org_id, 'ALSO-' || l.n, l.id from location l join org on org.id = l.org_id
    where org.n between ${first} and ${last}`;
}

/** When the organization that is asked was sealed. */
const sealedDaysAgo = [3, 2, 1, 0];

/** The entries of a period, and their lines. */
function history({ items, locations }: LedgerShape, fromDays: number, toDays: number): string {
  return `
    create temporary table part as
      select *
      from entry
      where at > now() - ${fromDays + 1} * interval '1 day' and at <= now() - ${toDays} * interval '1 day'
        and not exists (select from inventory.entries e where e.org_id = entry.org_id and e.id = entry.id);
    insert into inventory.entries (org_id, id, kind, reference, occurred_at, recorded_at, actor)
    select org_id, id, kind, 'PO-' || e, at, at, 'planted' from part;
    insert into inventory.movements (
      org_id, entry_id, line, item_id, location_id, lot, quantity, occurred_at, recorded_at
    )
    select e.org_id, e.id, line, i.id, l.id, '', 1, e.at, e.at
    from part e
    cross join generate_series(1, ${linesPerEntry}) line
    cross join lateral (
      select case when e.e % 10 < 3 then 0 else (e.e * 7919 + line) % ${items} end as item,
        case when e.e % 10 < 3 then 0 else (e.e * 31 + line) % ${locations} end as location
    ) k
    join item i on i.org_id = e.org_id and i.n = k.item + 1
    join location l on l.org_id = e.org_id and l.n = k.location + 1;
    drop table part`;
}

/** Reservations of balances that are there, one for every fifty movements: of ten, one is open, two have expired and are not closed, the others are released. */
function reservations({ movements }: LedgerShape): string {
  return `
    create temporary table key as
      select org_id, item_id, location_id, row_number() over of_org - 1 as n, count(*) over (partition by org_id) as keys
      from inventory.balances
      window of_org as (partition by org_id order by item_id, location_id);
    create temporary table hold as
      select
        org.id as org_id, inventory.new_id() as id, r,
        case when r % 10 in (1, 2, 3) then 'open' else 'released' end as state,
        case when r % 10 in (1, 2) then now() - interval '1 hour' else 'infinity' end as expires_at
      from org
      cross join generate_series(1, ${Math.ceil(movements / 50)}) r;
    insert into inventory.reservations (org_id, id, state, reference, expires_at, created_at, closed_at, actor)
    select
      org_id, id, state, case when r % 7 = 0 then 'CART' else 'ORDER-' || r end, expires_at, now(),
      case when state <> 'open' then now() end, 'planted'
    from hold;
    insert into inventory.reservation_lines (
      org_id, reservation_id, line, item_id, location_id, lot, quantity, held, released, expires_at
    )
    select
      h.org_id, h.id, line, k.item_id, k.location_id, '', 1, case h.state when 'open' then 1 else 0 end,
      case h.state when 'open' then 0 else 1 end, h.expires_at
    from hold h
    cross join generate_series(1, 2) line
    join key k on k.org_id = h.org_id and k.n = (h.r * line) % k.keys`;
}

/** Seals what an organization has, as if it had been sealed when the last of it was recorded. */
async function seal(superuser: Client, id: string): Promise<void> {
  await superuser.query('begin');
  await superuser.query('select tenancy.enter_as_job($1)', [id]);
  await superuser.query('select inventory.draw_seal_boundary()');
  await superuser.query(
    `update inventory.seal_boundaries b
     set settled_through = (select max(recorded_at) from inventory.entries e where e.org_id = b.org_id)
     where org_id = $1`,
    [id],
  );
  const sealNext = async () =>
    (await superuser.query('select inventory.seal_next(2000000) as seal')).rows[0]?.seal;
  while (await sealNext());
  await superuser.query('commit');
}
