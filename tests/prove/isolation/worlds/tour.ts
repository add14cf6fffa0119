import type { Credential } from './credentials.ts';
import { opening, shared } from './requests.ts';
import type { Step } from './step.ts';

/** What the sequence has seen last of its kind. */
const last = -1;

const { unmoved } = shared;
const oneItem = { sku: unmoved };
const oneLocation = { code: unmoved };
const everything = { limit: '200' };

/** Every route that needs no credential, and every job, as it succeeds. */
const open: readonly Step[] = [
  { route: 'GET /health' },
  { route: 'GET /ready' },
  { route: 'GET /openapi.json' },
  { route: 'GET /docs' },
  { route: '$default', path: { path: '/v1/nothing' } },
  { route: 'reconcile' },
];

/** Every route of a tenant as it succeeds, behind the opening; it can be taken again and again. */
const ofTenant: readonly Step[] = [
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
  { route: 'GET /v1/entries/{id}', path: { id: { seen: 'entry', index: last } } },
  { route: 'POST /v1/transfers', body: { from: 'MAIN', to: 'SHOP', lines: [{ sku: 'BOLT', quantity: 1 }] } },
  { route: 'POST /v1/entries/{id}/reversal', path: { id: { seen: 'entry', index: last } }, body: {} },
  { route: 'GET /v1/movements', query: everything },
  { route: 'GET /v1/items/{sku}/balance', path: { sku: 'BOLT' } },
  { route: 'GET /v1/balances', query: everything },
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
 * One request of every route that is answered with success, with a key, with a token and with both, however the random
 * sequences turn out. A route of the table that is missing here fails the proof.
 */
export const tour: readonly Step[] = [
  ...opening,
  ...open,
  ...ways.flatMap((by) => ofTenant.map((step): Step => ({ ...step, by }))),
  // A member of the other organization too is here by what says so, a name or a key.
  { route: 'GET /v1/organization', by: ['ofBoth'] },
  { route: 'GET /v1/organization', by: ['key', 'ofBoth'] },
];
