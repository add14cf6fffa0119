import type { Client } from 'pg';
import type { LoginRole } from '#scripts/local/logins.ts';

/** The ids that the bodies refer to. */
export interface Ids {
  readonly entry: string;
  /** A reservation of which one is held. */
  readonly reservation: string;
  readonly keyId: string;
  readonly slug: string;
}

type Statement = readonly [text: string, values: readonly unknown[]];

/** How a route that takes a body writes it. */
export interface Write {
  /** A body that is right and has every field. */
  readonly body: Readonly<Record<string, unknown>>;
  /** The login roles that may call its function, or write its table. */
  readonly roles: readonly LoginRole[];
  /** The statement of the route with a body as JSON text. */
  statement(json: string, ids: Ids): Statement;
}

const digest = Buffer.alloc(32);
const metadata = { buyer: 'Ada' };
const item = {
  ...{
    sku: 'NEW',
    aliases: ['A'],
    name: 'N',
    unit: 'each',
    tracking: 'none',
    allowNegative: false,
    reorderPoint: 1,
  },
  metadata,
};
const { tracking: _, ...changed } = item;
const location = { code: 'NEW', aliases: ['A'], name: 'N', kind: 'store' };
const line = { sku: 'MILK', lot: 'L1', quantity: 1 };
const both = ['stockade_api', 'stockade_jobs'] as const;
const functionOf =
  (call: string) =>
  (json: string): Statement => [`select ${call}`, [json]];

/** Every route that takes a body. A test holds that none is missing. */
export const writes: Readonly<Record<string, Write>> = {
  'POST /v1/items': { body: item, roles: both, statement: functionOf('inventory.create_item($1::jsonb)') },
  'PATCH /v1/items/{sku}': {
    body: changed,
    roles: ['stockade_api'],
    statement: functionOf(`inventory.update_item('OTHER', $1::jsonb)`),
  },
  'POST /v1/locations': {
    body: location,
    roles: both,
    statement: functionOf('inventory.create_location($1::jsonb)'),
  },
  'PATCH /v1/locations/{code}': {
    body: location,
    roles: ['stockade_api'],
    statement: functionOf(`inventory.update_location('OTHER', $1::jsonb)`),
  },
  'POST /v1/movements': {
    body: {
      ...{
        kind: 'adjustment',
        reference: 'PO-1',
        occurredAt: '2026-01-01T00:00:00Z',
        metadata,
        dryRun: false,
      },
      lines: [{ ...line, location: 'MAIN', expectedVersion: 0 }],
    },
    roles: both,
    statement: functionOf('inventory.post_entry($1::jsonb)'),
  },
  'POST /v1/movements:batch': {
    body: {
      mode: 'atomic',
      dryRun: false,
      entries: [
        {
          ...{ kind: 'adjustment', reference: 'PO-1', occurredAt: '2026-01-01T00:00:00Z', metadata },
          lines: [{ ...line, location: 'MAIN', expectedVersion: 0 }],
        },
      ],
    },
    roles: ['stockade_api'],
    statement: functionOf(`inventory.post_entries($1::jsonb ->> 'mode', $1::jsonb -> 'entries')`),
  },
  'POST /v1/transfers': {
    body: {
      ...{
        from: 'OTHER',
        to: 'MAIN',
        reference: 'T-1',
        occurredAt: '2026-01-01T00:00:00Z',
        metadata,
        dryRun: false,
      },
      lines: [{ ...line, expectedVersion: 0 }],
    },
    roles: both,
    // As the layer does: each line becomes two movements.
    statement: functionOf(`inventory.post_entry(
      $1::jsonb || jsonb_build_object('kind', 'transfer', 'lines', (
        select coalesce(jsonb_agg(
          l.value || jsonb_build_object('location', m.location, 'quantity', m.sign * (l.value ->> 'quantity')::numeric)
          || case m.sign when 1 then '{"expectedVersion": null}' else '{}' end::jsonb
        ), '[]')
        from jsonb_array_elements($1::jsonb -> 'lines') l,
          (values ($1::jsonb ->> 'from', -1), ($1::jsonb ->> 'to', 1)) m (location, sign)
      ))
    )`),
  },
  'POST /v1/entries/{id}/reversal': {
    body: { reference: 'R-1', metadata },
    roles: ['stockade_api'],
    statement: (json, { entry }) => [
      `select inventory.reverse_entry($2, $1::jsonb ->> 'reference', $1::jsonb -> 'metadata')`,
      [json, entry],
    ],
  },
  'POST /v1/reservations': {
    body: {
      ...{ reference: 'CART-1', expiresAt: '2999-01-01T00:00:00Z', metadata, partial: false },
      lines: [{ sku: 'MILK', lot: 'L1', location: 'MAIN', quantity: 1 }],
    },
    roles: ['stockade_api'],
    statement: functionOf('inventory.reserve($1::jsonb)'),
  },
  'PATCH /v1/reservations/{id}': {
    body: { expiresAt: '2999-01-01T00:00:00Z' },
    roles: ['stockade_api'],
    statement: (json, { reservation }) => [
      `select inventory.extend_reservation($2, ($1::jsonb ->> 'expiresAt')::timestamptz)`,
      [json, reservation],
    ],
  },
  'POST /v1/reservations/{id}/commit': {
    body: {
      ...{ reference: 'ORDER-1', occurredAt: '2026-01-01T00:00:00Z', metadata },
      lines: [{ sku: 'MILK', lot: 'L1', location: 'OTHER', quantity: 1 }],
    },
    roles: ['stockade_api'],
    statement: (json, { reservation }) => [
      'select inventory.commit_reservation($2, $1::jsonb)',
      [json, reservation],
    ],
  },
  'POST /v1/reservations/{id}/release': {
    body: { lines: [{ sku: 'MILK', lot: 'L1', location: 'OTHER', quantity: 1 }] },
    roles: ['stockade_api'],
    statement: (json, { reservation }) => [
      `select inventory.release_reservation($2, $1::jsonb -> 'lines')`,
      [json, reservation],
    ],
  },
  'POST /v1/api-keys': {
    body: { name: 'N', scopes: ['read'], expiresAt: '2999-01-01T00:00:00Z' },
    roles: ['stockade_api'],
    statement: (json) => [
      `select tenancy.create_api_key(
         repeat('z', 12), $2, $1::jsonb ->> 'name', array(select jsonb_array_elements_text($1::jsonb -> 'scopes')),
         ($1::jsonb ->> 'expiresAt')::timestamptz
       )`,
      [json, digest],
    ],
  },
  'POST /v1/api-keys/{id}/rotation': {
    body: { overlapSeconds: 60 },
    roles: ['stockade_api'],
    statement: (json, { keyId }) => [
      `select tenancy.rotate_api_key($3, repeat('z', 12), $2, ($1::jsonb ->> 'overlapSeconds')::integer)`,
      [json, digest, keyId],
    ],
  },
  'POST /platform/organizations': {
    body: { slug: 'new', name: 'N' },
    roles: ['stockade_admin'],
    statement: (json) => [
      `insert into tenancy.organizations (slug, name) values ($1::jsonb ->> 'slug', $1::jsonb ->> 'name')`,
      [json],
    ],
  },
  'POST /platform/organizations/{slug}/suspend': {
    body: { reason: 'unpaid' },
    roles: ['stockade_admin'],
    statement: (json, { slug }) => [
      `update tenancy.organizations
       set status = 'suspended', suspension_reason = coalesce($1::jsonb ->> 'reason', suspension_reason)
       where slug = $2`,
      [json, slug],
    ],
  },
};

/** SQLSTATEs that say that a value is out of its bounds, or is none that a column can hold. */
const ofBounds = new Set(['SK304', '23514', '22003', '22021', '22P02', '22P05', '22007', '22008', '54001']);
/** Other rules: what a request names does not exist or does not fit the rest of it, and missing rights. */
const ofOthers = new Set(['SK104', 'SK201', 'SK202', 'SK206', 'SK210', 'SK301', 'SK302', 'SK303', '23505']);

/** What the database says to a statement: it takes it, refuses a value for its bounds, or for another rule. */
export async function verdictOf(
  client: Client,
  [text, values]: Statement,
): Promise<{ readonly verdict: 'taken' | 'bounds' | 'other'; readonly code?: string }> {
  await client.query('savepoint tried');
  try {
    await client.query(text, [...values]);
    return { verdict: 'taken' };
  } catch (error) {
    const raised = error as { readonly code?: string; readonly detail?: string };
    // A batch says what its entry was refused with.
    const code = raised.code === 'SK207' ? JSON.parse(raised.detail ?? '').error.code : (raised.code ?? '');
    if (!ofBounds.has(code) && !ofOthers.has(code)) throw error;
    return { verdict: ofBounds.has(code) ? 'bounds' : 'other', code };
  } finally {
    await client.query('rollback to savepoint tried');
  }
}
