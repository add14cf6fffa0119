import fc from 'fast-check';
import { type RouteKey, routeKey, routes } from '#functions/routes.ts';
import type { Credential } from './credentials.ts';
import type { JobStep } from './job-steps.ts';
import { sentTimes, shared, theirOwn } from './names.ts';
import type { Step, Value } from './step.ts';
import {
  entry,
  heldLines,
  key,
  location,
  movement,
  orGarbage,
  page,
  posting,
  quantity,
  query,
  reference,
  reservation,
  seen,
  sku,
  theirs,
  time,
} from './values.ts';

const name = fc.constantFrom('Renamed', '');
const itemPatch = fc.record(
  { name, sku: fc.constantFrom(...shared.skus, ...theirOwn.skus) },
  { requiredKeys: [] },
);
const locationPatch = fc.record(
  { name, code: fc.constantFrom(...shared.locations, ...theirOwn.locations) },
  { requiredKeys: [] },
);

type Parts = {
  readonly path?: fc.Arbitrary<Record<string, Value>>;
  readonly query?: fc.Arbitrary<Record<string, Value>>;
  readonly body?: fc.Arbitrary<unknown>;
};

const oneSku = fc.record({ sku: sku as fc.Arbitrary<Value> });
const oneCode = fc.record({ code: location as fc.Arbitrary<Value> });
const unmoved = { weight: 2, arbitrary: fc.constant(shared.unmoved) };
const deletedSku = fc.record({ sku: fc.oneof(unmoved, sku) as fc.Arbitrary<Value> });
const deletedCode = fc.record({ code: fc.oneof(unmoved, location) as fc.Arbitrary<Value> });
const oneEntry = fc.record({ id: entry });
const oneReservation = fc.record({ id: reservation });
const oneMovement = fc.record({ id: movement });
const oneKey = fc.record({ id: key });
const filter = { sku: sku as fc.Arbitrary<Value>, location: location as fc.Arbitrary<Value> };
const past = {
  asOf: time as fc.Arbitrary<Value>,
  basis: fc.constantFrom<Value>('recorded', 'effective', 'no'),
};

/** The requests of each route. A route that is missing here is reported as a gap. */
const generators: Readonly<Record<RouteKey, Parts>> = {
  'GET /health': {},
  'GET /ready': {},
  'GET /openapi.json': {},
  'GET /docs': {},
  'POST /v1/items': {
    body: orGarbage(
      fc.record(
        {
          sku,
          name: fc.constantFrom('Thing', ''),
          tracking: fc.constantFrom('none', 'lot'),
          allowNegative: fc.boolean(),
        },
        { requiredKeys: ['sku', 'name'] },
      ),
    ),
  },
  'GET /v1/items': { query: query(page) },
  'GET /v1/items/{sku}': { path: oneSku },
  'PATCH /v1/items/{sku}': { path: oneSku, body: orGarbage(itemPatch) },
  'DELETE /v1/items/{sku}': { path: deletedSku },
  'GET /v1/items/{sku}/balance': { path: oneSku, query: query(past) },
  'GET /v1/balances': {
    query: query({ ...page, ...filter, ...past, lot: fc.constantFrom<Value>('', shared.lot) }),
  },
  'POST /v1/locations': {
    body: orGarbage(fc.record({ code: location, name: fc.constantFrom('Place', '') })),
  },
  'GET /v1/locations': { query: query(page) },
  'GET /v1/locations/{code}': { path: oneCode },
  'PATCH /v1/locations/{code}': { path: oneCode, body: orGarbage(locationPatch) },
  'DELETE /v1/locations/{code}': { path: deletedCode },
  'POST /v1/movements': { body: orGarbage(posting) },
  'GET /v1/movements': {
    query: query({
      ...page,
      ...filter,
      kind: fc.constantFrom<Value>('receipt', 'issue', 'no'),
      since: time as fc.Arbitrary<Value>,
      until: time as fc.Arbitrary<Value>,
    }),
  },
  'POST /v1/movements:batch': {
    body: orGarbage(
      fc.record({
        mode: fc.constantFrom('atomic', 'each', 'no'),
        entries: fc.array(posting, { minLength: 1, maxLength: 3 }),
      }),
    ),
  },
  'POST /v1/transfers': {
    body: orGarbage(
      fc.oneof(
        fc.constant({ from: 'MAIN', to: 'SHOP', lines: [{ sku: 'BOLT', quantity: 1 }] }),
        fc.record({
          from: location,
          to: location,
          reference,
          lines: fc.array(fc.record({ sku, quantity }), { minLength: 1, maxLength: 2 }),
        }),
      ),
    ),
  },
  'GET /v1/entries/{id}': { path: oneEntry },
  'POST /v1/entries/{id}/reversal': {
    path: oneEntry,
    body: orGarbage(fc.record({ reference }, { requiredKeys: [] })),
  },
  'POST /v1/reservations': {
    body: orGarbage(
      fc.record(
        {
          reference,
          expiresAt: fc.constantFrom(sentTimes[0], sentTimes[2], null),
          partial: fc.boolean(),
          lines: heldLines,
        },
        { requiredKeys: ['lines'] },
      ),
    ),
  },
  'GET /v1/reservations': {
    query: query({
      ...page,
      ...filter,
      reference: fc.constantFrom<Value>(...shared.references, theirOwn.reference),
      state: fc.constantFrom<Value>('open', 'committed', 'expired', 'no'),
    }),
  },
  'GET /v1/reservations/{id}': { path: oneReservation },
  'PATCH /v1/reservations/{id}': {
    path: oneReservation,
    body: orGarbage(fc.record({ expiresAt: fc.constantFrom(sentTimes[0], sentTimes[2], null) })),
  },
  'POST /v1/reservations/{id}/commit': {
    path: oneReservation,
    body: orGarbage(fc.record({ reference, lines: heldLines }, { requiredKeys: [] })),
  },
  'POST /v1/reservations/{id}/release': {
    path: oneReservation,
    body: orGarbage(fc.record({ lines: heldLines }, { requiredKeys: [] })),
  },
  'GET /v1/reconciliations': { query: query(page) },
  'GET /v1/seals': { query: query(page) },
  'GET /v1/movements/{id}/proof': { path: oneMovement },
  'GET /v1/organization': {},
  'POST /v1/api-keys': {
    body: orGarbage(
      fc.record(
        {
          name: fc.constantFrom('Till', ''),
          scopes: fc.subarray(['read', 'write', 'admin']),
          expiresAt: fc.constantFrom(sentTimes[0], sentTimes[2]),
        },
        { requiredKeys: ['name', 'scopes'] },
      ),
    ),
  },
  'GET /v1/api-keys': { query: query(page) },
  'DELETE /v1/api-keys/{id}': { path: oneKey },
  'POST /v1/api-keys/{id}/rotation': {
    path: oneKey,
    body: orGarbage(
      fc.constantFrom({ overlapSeconds: 0 }, { overlapSeconds: 86_400 }, { overlapSeconds: -1 }),
    ),
  },
  'GET /v1/users': { query: query(page) },
  $default: { path: fc.record({ path: fc.constantFrom<Value>('/v1/nothing', '/', '/v1/items/BOLT/') }) },
};

/** A file with a few lines. Some of them are refused. */
const file = fc
  .array(
    fc.tuple(
      sku,
      fc.constantFrom('1', '2.5', '-1', 'many', '1e300', ''),
      location,
      fc.constantFrom(...shared.references, ''),
    ),
    { minLength: 0, maxLength: 5 },
  )
  .map((rows) =>
    ['sku,qty,place,ref', ...rows.map((row) => row.map((value) => `"${value}"`).join(','))].join('\n'),
  );

/** The steps of jobs and commands between the requests. */
const jobs: Readonly<Record<JobStep, Parts>> = {
  'import a file': { body: fc.oneof({ weight: 6, arbitrary: file }, fc.constantFrom('', 'colour\nred')) },
  seal: {},
  reconcile: {},
};

/** The routes without a generator here. */
export function routesWithoutGenerator(): string[] {
  return routes
    .filter(({ path }) => !path.startsWith('/platform/'))
    .map(routeKey)
    .filter((route) => !(route in generators));
}

const headers = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  fc.record({ 'idempotency-key': fc.constantFrom<Value>(...shared.idempotencyKeys, 'with blank') }),
  fc.record({
    'x-organization': fc.oneof(
      fc.constantFrom<Value>('subject', 'nobody', ''),
      theirs('slug'),
      theirs('organization'),
    ),
  }),
  fc.record({ 'x-api-key': fc.oneof(seen('secret'), fc.constantFrom<Value>('', 'sk_prove_x')) }),
);

/** Mostly a sufficient credential, so that most requests find something. */
const by = fc.oneof(
  { weight: 6, arbitrary: fc.constant<readonly Credential[]>(['key']) },
  { weight: 3, arbitrary: fc.constantFrom<readonly Credential[]>(['admin'], ['clerk'], ['ofBoth']) },
  fc.constantFrom<readonly Credential[]>(['key', 'admin'], ['key', 'clerk'], ['key', 'ofBoth']),
  fc.constantFrom<readonly Credential[]>([], ['stranger'], ['expired'], ['forged'], ['key', 'stranger']),
);

const weights: Readonly<Record<string, number>> = {
  'POST /v1/movements': 5,
  'POST /v1/items': 3,
  'GET /v1/movements': 2,
  'GET /v1/balances': 2,
  'POST /v1/entries/{id}/reversal': 2,
  'POST /v1/reservations': 3,
  'POST /v1/reservations/{id}/commit': 2,
};

/** One step over any route. */
export const step: fc.Arbitrary<Step> = fc.oneof(
  ...Object.entries({ ...generators, ...jobs }).map(([route, parts]: [string, Parts]) => ({
    weight: weights[route] ?? 1,
    arbitrary: fc.record<Step>({
      route: fc.constant(route),
      headers: headers as fc.Arbitrary<Record<string, Value>>,
      path: parts.path ?? fc.constant({}),
      query: parts.query ?? fc.constant({}),
      body: parts.body ?? fc.constant(undefined),
      by,
    }),
  })),
);

/** The first steps of every sequence. They create something to ask about. */
export const opening: readonly Step[] = [
  { route: 'POST /v1/items', body: { sku: 'BOLT', name: 'Bolt' } },
  { route: 'POST /v1/items', body: { sku: 'MILK', name: 'Milk', tracking: 'lot' } },
  { route: 'POST /v1/items', body: { sku: shared.unmoved, name: 'Spare' } },
  { route: 'POST /v1/locations', body: { code: 'MAIN', name: 'Main' } },
  { route: 'POST /v1/locations', body: { code: shared.unmoved, name: 'Spare' } },
  { route: 'POST /v1/locations', body: { code: 'SHOP', name: 'Shop' } },
  {
    route: 'POST /v1/movements',
    headers: { 'idempotency-key': 'key-1' },
    body: {
      kind: 'receipt',
      reference: 'PO-1',
      lines: [
        { sku: 'BOLT', location: 'MAIN', quantity: 5 },
        { sku: 'MILK', location: 'MAIN', lot: 'L1', quantity: 2 },
      ],
    },
  },
  { route: 'GET /v1/movements', query: { limit: '1' } },
  { route: 'import a file', body: 'sku,qty,place,ref\nBOLT,3,MAIN,PO-1\nNUT,4,SHOP,\nMILK,1,MAIN,' },
  { route: 'seal' },
];

/** A whole sequence, without its opening. */
export const sequence: fc.Arbitrary<readonly Step[]> = fc.array(step, {
  minLength: 1,
  maxLength: 25,
  size: 'max',
});
