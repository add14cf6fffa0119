import { Client } from 'pg';
import { loginUrl } from '#scripts/local/logins.ts';

/** An organization with history, written in bulk through the triggers of the ledger. */
export interface Ledger {
  readonly orgId: string;
  /** Posts movements, ten per entry, evenly over this many items, each at ten places. */
  post(movements: number, items: number): Promise<void>;
  /** Posts movements of one item at one place, one per entry. */
  postTo(sku: string, movements: number): Promise<void>;
}

const bulkMovements = 100_000;
const placesPerItem = 10;

/** Creates an organization with items S1, S2, … that may go below zero, and the places L1, L2, …: ten, if nothing else is said. */
export async function makeLedger(
  adminUrl: string,
  slug: string,
  items: number,
  places = placesPerItem,
): Promise<Ledger> {
  const { rows } = await onSuperuser(adminUrl, (superuser) =>
    superuser.query<{ id: string }>(
      'insert into tenancy.organizations (slug, name) values ($1, $1) returning id',
      [slug],
    ),
  );
  const orgId = rows[0]?.id ?? '';
  const entered = (work: (superuser: Client) => Promise<unknown>) =>
    onSuperuser(adminUrl, async (superuser) => {
      await superuser.query('begin');
      await superuser.query('select tenancy.enter_as_job($1)', [orgId]);
      await work(superuser);
      await superuser.query('commit');
    });
  await entered(async (superuser) => {
    await superuser.query(
      `insert into inventory.items (org_id, sku, name, allow_negative) select $1, 'S' || n, 'x', true from generate_series(1, $2::int) n`,
      [orgId, items],
    );
    await superuser.query(
      `insert into inventory.locations (org_id, code, name) select $1, 'L' || n, 'x' from generate_series(1, $2::int) n`,
      [orgId, places],
    );
  });
  return {
    orgId,
    async post(movements, ofItems) {
      for (let done = 0; done < movements; done += bulkMovements) {
        const entries = Math.min(bulkMovements, movements - done) / 10;
        await entered((superuser) => superuser.query(bulk(10), [orgId, entries, ofItems, done]));
      }
    },
    async postTo(sku, movements) {
      for (let done = 0; done < movements; done += bulkMovements) {
        await entered((superuser) =>
          superuser.query(bulkOfOne, [orgId, Math.min(bulkMovements, movements - done), sku]),
        );
      }
    },
  };
}

const entries = `made as materialized (
    select inventory.new_id() as id, n from generate_series(1, $2::int) n
  ), entered as (
    insert into inventory.entries (org_id, id, kind, occurred_at, recorded_at, actor)
    select $1, id, 'adjustment', now(), clock_timestamp(), 'bench' from made returning id
  )`;

/** Neighbouring movements belong to different balances, as in real life. */
const bulk = (linesPerEntry: number) => `with ${entries}, keys as (
    select i.id as item_id, l.id as location_id, row_number() over (order by i.sku, l.code) - 1 as n
    from (select id, sku from inventory.items where org_id = $1 order by length(sku), sku limit $3::int) i
    cross join (select id, code from inventory.locations where org_id = $1) l
  )
  insert into inventory.movements (org_id, entry_id, line, item_id, location_id, lot, quantity, occurred_at, recorded_at)
  select $1, m.id, line, k.item_id, k.location_id, '', (1 + (m.n * 7 + line) % 50)::numeric / 4, now(), clock_timestamp()
  from made m
  cross join generate_series(1, ${linesPerEntry}) line
  join keys k on k.n = (m.n::bigint * ${linesPerEntry} + line + $4::int) * 7919 % ($3::int * ${placesPerItem})
  where (select count(*) from entered) > 0`;

const bulkOfOne = `with ${entries}
  insert into inventory.movements (org_id, entry_id, line, item_id, location_id, lot, quantity, occurred_at, recorded_at)
  select $1, m.id, 1, i.id, l.id, '', 1, now(), clock_timestamp()
  from made m
  join inventory.items i on i.org_id = $1 and i.sku = $3
  join inventory.locations l on l.org_id = $1 and l.code = 'L1'
  where (select count(*) from entered) > 0`;

/** Connects as the superuser, does the work, closes. */
export async function onSuperuser<T>(adminUrl: string, work: (superuser: Client) => Promise<T>): Promise<T> {
  const superuser = new Client(adminUrl);
  await superuser.connect();
  try {
    return await work(superuser);
  } finally {
    await superuser.end();
  }
}

/** Connects as stockade_jobs. */
export async function connectJobs(adminUrl: string): Promise<Client> {
  const jobs = new Client(loginUrl(adminUrl, 'stockade_jobs'));
  await jobs.connect();
  return jobs;
}
