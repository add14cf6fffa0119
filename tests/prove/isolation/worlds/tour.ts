import type { Credential } from './credentials.ts';
import { shared } from './names.ts';
import { opening } from './requests.ts';
import type { Step } from './step.ts';

/** The index of the last value of a kind. */
const last = -1;

const { unmoved } = shared;
const oneItem = { sku: unmoved };
const oneLocation = { code: unmoved };
const everything = { limit: '200' };
const lastReservation: Step['path'] = { id: { seen: 'reservation', index: last } };

/** A successful step for every route without a credential, and for every job. */
const open: readonly Step[] = [
  { route: 'GET /health' },
  { route: 'GET /ready' },
  { route: 'GET /openapi.json' },
  { route: 'GET /docs' },
  { route: '$default', path: { path: '/v1/nothing' } },
  { route: 'reconcile' },
];

/** A successful step for every route of a tenant, after the opening. The steps can be repeated. */
const tenantSteps: readonly Step[] = [
  { route: 'GET /v1/items', query: everything },
  { route: 'PATCH /v1/items/{sku}', path: oneItem, body: { name: 'Renamed' } },
  { route: 'GET /v1/items/{sku}', path: oneItem },
  { route: 'DELETE /v1/items/{sku}', path: oneItem },
  { route: 'POST /v1/items', body: { sku: unmoved, name: 'Spare' } },
  { route: 'GET /v1/locations', query: everything },
  { route: 'PATCH /v1/locations/{code}', path: oneLocation, body: { name: 'Renamed' } },
  { route: 'GET /v1/locations/{code}', path: oneLocation },
  { route: 'DELETE /v1/locations/{code}', path: oneLocation },
  { route: 'POST /v1/locations', body: { code: unmoved, name: 'Spare' } },
  {
    route: 'POST /v1/movements',
    body: { kind: 'receipt', reference: 'PO-2', lines: [{ sku: 'BOLT', location: 'MAIN', quantity: 2 }] },
  },
  {
    route: 'POST /v1/movements:batch',
    body: {
      mode: 'each',
      entries: [
        { kind: 'receipt', lines: [{ sku: 'BOLT', location: 'MAIN', quantity: 2 }] },
        { kind: 'receipt', lines: [{ sku: 'NEVER', location: 'MAIN', quantity: 2 }] },
      ],
    },
  },
  { route: 'GET /v1/entries/{id}', path: { id: { seen: 'entry', index: last } } },
  { route: 'POST /v1/transfers', body: { from: 'MAIN', to: 'SHOP', lines: [{ sku: 'BOLT', quantity: 1 }] } },
  { route: 'POST /v1/entries/{id}/reversal', path: { id: { seen: 'entry', index: last } }, body: {} },
  { route: 'GET /v1/movements', query: everything },
  { route: 'GET /v1/items/{sku}/balance', path: { sku: 'BOLT' } },
  { route: 'GET /v1/balances', query: everything },
  { route: 'POST /v1/reservations', body: { lines: [{ sku: 'BOLT', location: 'MAIN', quantity: 1 }] } },
  { route: 'PATCH /v1/reservations/{id}', path: lastReservation, body: { expiresAt: null } },
  { route: 'POST /v1/reservations/{id}/commit', path: lastReservation, body: {} },
  { route: 'POST /v1/reservations', body: { lines: [{ sku: 'BOLT', location: 'MAIN', quantity: 1 }] } },
  { route: 'POST /v1/reservations/{id}/release', path: lastReservation, body: {} },
  { route: 'GET /v1/reservations/{id}', path: lastReservation },
  { route: 'GET /v1/reservations', query: everything },
  { route: 'GET /v1/reconciliations', query: everything },
  { route: 'GET /v1/seals', query: everything },
  // The opening has sealed the first one.
  { route: 'GET /v1/movements/{id}/proof', path: { id: { seen: 'movement', index: 0 } } },
  { route: 'GET /v1/organization' },
  { route: 'GET /v1/users', query: everything },
  { route: 'POST /v1/api-keys', body: { name: 'Till', scopes: ['read', 'write'] } },
  {
    route: 'POST /v1/api-keys/{id}/rotation',
    path: { id: { seen: 'key', index: last } },
    body: { overlapSeconds: 86_400 },
  },
  { route: 'DELETE /v1/api-keys/{id}', path: { id: { seen: 'key', index: last } } },
  { route: 'GET /v1/api-keys', query: everything },
];

const ways: readonly (readonly Credential[])[] = [['key'], ['admin'], ['key', 'admin']];

/**
 * A successful request to every route, with a key, with a token and with both, independent of the random sequences. A route
 * that is missing here is reported as a gap.
 */
export const tour: readonly Step[] = [
  ...opening,
  ...open,
  ...ways.flatMap((by) => tenantSteps.map((step): Step => ({ ...step, by }))),
  // A member of both organizations selects the subject by its name or its key.
  { route: 'GET /v1/organization', by: ['ofBoth'] },
  { route: 'GET /v1/organization', by: ['key', 'ofBoth'] },
];
