import type { Client } from 'pg';
import { createApiKey } from '#tenancy/credentials/api-keys.ts';
import { tenantTables } from './tenant-tables.ts';

/** The contents of an organization. */
export interface Holdings {
  readonly slug: string;
  readonly skus: readonly string[];
  readonly locations: readonly string[];
  readonly lot: string;
  readonly references: readonly string[];
  readonly idempotencyKeys: readonly string[];
  /** The value of every text column. */
  readonly text: string;
  readonly keyId: string;
  readonly quantity: number;
  /** The number of entries per item and location. */
  readonly entries: number;
}

export interface Victim {
  readonly id: string;
  readonly slug: string;
  readonly apiKey: string;
}

/**
 * Creates an organization with rows in every table, through the functions of the ledger. `superuser` is a connection as the
 * superuser. Its key is valid in `keyEnvironment`.
 */
export async function plantOrganization(
  superuser: Client,
  holdings: Holdings,
  keyEnvironment: string,
): Promise<Victim> {
  const { slug, text } = holdings;
  await superuser.query('begin');
  const organization = await superuser.query<{ id: string }>(
    'insert into tenancy.organizations (slug, name, max_concurrency) values ($1, $2, 8) returning id',
    [slug, text],
  );
  const id = organization.rows[0]?.id ?? '';
  await superuser.query('select tenancy.enter_as_job($1)', [id]);
  const apiKey = await plantAccess(superuser, id, holdings, keyEnvironment);
  await plantCatalogue(superuser, holdings);
  await plantLedger(superuser, holdings);
  await plantReservation(superuser, holdings);
  await plantSeal(superuser, text);
  await plantImports(superuser, id, text);
  await plantSecurityEvent(superuser, id, text);
  await plantReconciliation(superuser, id, text);
  await superuser.query('commit');
  return { id, slug, apiKey };
}

/** The tenant tables in which an organization has no row, so that no leak from them could be noticed. */
export async function unplantedTables(superuser: Client, orgId: string): Promise<string[]> {
  const empty: string[] = [];
  for (const { name, orgColumn } of await tenantTables(superuser)) {
    const { rowCount } = await superuser.query(`select from ${name} where ${orgColumn} = $1 limit 1`, [
      orgId,
    ]);
    if (rowCount === 0) empty.push(name);
  }
  return empty;
}

async function plantAccess(superuser: Client, id: string, { text, keyId }: Holdings, keyEnvironment: string) {
  const usable = createApiKey(keyEnvironment);
  for (const [key, digest] of [
    [usable.keyId, usable.secretDigest],
    [keyId, Buffer.alloc(32, 1)],
  ]) {
    await superuser.query(
      `insert into tenancy.api_keys (org_id, key_id, secret_digest, name, scopes)
       values ($1, $2, $3, $4, '{read,write,admin}')`,
      [id, key, digest, text],
    );
  }
  await superuser.query(
    `with made as (
       insert into tenancy.users (email, name) values ($2 || '@example.com', $2)
       on conflict (email) do update set name = excluded.name
       returning id
     )
     insert into tenancy.memberships (org_id, user_id, role) select $1, id, 'admin' from made`,
    [id, text],
  );
  return usable.key;
}

async function plantSecurityEvent(superuser: Client, id: string, text: string): Promise<void> {
  await superuser.query(
    `insert into tenancy.security_events (org_id, minute, kind, actor, named, first_request_id)
     values ($1, date_trunc('minute', now()), 'organization_mismatch', $2, $2, $2)`,
    [id, text],
  );
}

async function plantCatalogue(superuser: Client, { skus, locations, text }: Holdings): Promise<void> {
  await superuser.query(
    `select inventory.create_item(jsonb_build_object(
       'sku', sku, 'aliases', jsonb_build_array(left('also ' || sku, 64)), 'name', $2::text, 'unit', left($2, 32), 'tracking', 'lot', 'allowNegative', true,
       'metadata', jsonb_build_object($2::text, $2::text)
     ))
     from unnest($1::text[]) as sku`,
    [skus, text],
  );
  await superuser.query(
    `select inventory.create_location(jsonb_build_object(
       'code', code, 'aliases', jsonb_build_array(left('also ' || code, 64)), 'name', $2::text
     ))
     from unnest($1::text[]) as code`,
    [locations, text],
  );
}

async function plantLedger(superuser: Client, holdings: Holdings): Promise<void> {
  const { skus, locations, lot, references, idempotencyKeys, text, quantity, entries } = holdings;
  await superuser.query(
    `select inventory.post_entry(jsonb_build_object(
       'kind', 'receipt',
       'reference', ($4::text[])[1 + n % cardinality($4)],
       'metadata', jsonb_build_object($5::text, $5::text),
       'lines', jsonb_build_array(
         jsonb_build_object('sku', sku, 'location', location, 'lot', $3::text, 'quantity', $6::numeric)
       )
     ))
     from unnest($1::text[]) as sku, unnest($2::text[]) as location, generate_series(1, $7::int) as n`,
    [skus, locations, lot, references, text, quantity, entries],
  );
  for (const key of idempotencyKeys) {
    await superuser.query('select inventory.claim_idempotency_key($1, sha256($2))', [key, Buffer.from(text)]);
    await superuser.query('select inventory.remember_response($1, json_build_object($2::text, $2::text))', [
      key,
      text,
    ]);
  }
}

/** A reservation of which a part is committed. */
async function plantReservation(
  superuser: Client,
  { skus, locations, lot, references, text, quantity }: Holdings,
): Promise<void> {
  await superuser.query(
    `select inventory.commit_reservation(
       (inventory.reserve(jsonb_build_object(
         'reference', ($4::text[])[1],
         'metadata', jsonb_build_object($5::text, $5::text),
         'lines', jsonb_agg(jsonb_build_object('sku', sku, 'location', location, 'lot', $3::text, 'quantity', $6::numeric))
       )) ->> 'id')::uuid,
       jsonb_build_object('lines', jsonb_build_array(
         jsonb_build_object('sku', ($1::text[])[1], 'location', ($2::text[])[1], 'lot', $3::text, 'quantity', 1)
       ))
     )
     from unnest($1::text[]) as sku, unnest($2::text[]) as location`,
    [skus, locations, lot, references, text, quantity],
  );
}

async function plantReconciliation(superuser: Client, id: string, text: string): Promise<void> {
  await superuser.query(
    `with run as (
       insert into inventory.reconciliation_runs (org_id, kind, error, newest_entry)
       select $1, 'full', $2, id from inventory.entries where org_id = $1 order by id desc limit 1
       returning id
     ), found as (
       insert into inventory.discrepancies (org_id, run_id, number, lot, item_id, location_id, detail)
       select $1, run.id, 1, $2, i.id, l.id, jsonb_build_object($2::text, $2::text)
       from run, inventory.items i, inventory.locations l
       where i.org_id = $1 and l.org_id = $1
       limit 1
     )
     insert into inventory.reconciliation_state (org_id, run_id, checkpoint)
     select $1, id, jsonb_build_object($2::text, $2::text) from run`,
    [id, text],
  );
  await superuser.query('select inventory.begin_backfill()');
}

async function plantSeal(superuser: Client, text: string): Promise<void> {
  await superuser.query('select inventory.draw_seal_boundary()');
  await superuser.query('select inventory.seal_next(1000)');
  await superuser.query('select inventory.note_seal_anchor(1, $1, $1, $1)', [text]);
}

async function plantImports(superuser: Client, id: string, text: string): Promise<void> {
  await superuser.query(
    `with made as (
       insert into inventory.imports (org_id, file_digest, profile_digest, file_name)
       values ($1, sha256($3), sha256($3), $2)
       returning id
     )
     insert into inventory.import_rejects (org_id, import_id, line, reason) select $1, id, 1, $2 from made`,
    [id, text, Buffer.from(text)],
  );
}
