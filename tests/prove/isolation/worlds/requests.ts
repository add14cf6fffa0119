import fc from 'fast-check';
import { type RouteKey, routeKey, routes } from '#functions/routes.ts';
import type { Credential } from './credentials.ts';
import type { JobStep } from './job-steps.ts';
import type { Seen, Step, Value } from './step.ts';

/** Codes, references and keys that both organizations use, so that a missing condition confuses them. */
export const shared = {
  skus: ['BOLT', 'NUT', 'MILK', 'CHEESE'],
  locations: ['MAIN', 'SHOP'],
  references: ['PO-1', 'PO-2'],
  idempotencyKeys: ['key-1', 'key-2', 'key-3'],
  lot: 'L1',
  /** An item and a location that nothing was posted to, so that they can be deleted. */
  unmoved: 'SPARE',
} as const;

/** Codes and references that only the other organization has. */
export const theirOwn = { skus: ['THEIRS-1'], locations: ['THEIRS'], reference: 'THEIRS-PO' } as const;

/** The times in requests. Every other time in an answer comes from the clock. */
export const sentTimes = [
  '1990-01-01T00:00:00.000Z',
  '2026-01-02T03:04:05.678Z',
  '2100-01-01T00:00:00.000Z',
] as const;

/** Mostly an existing one, unless the sequence has deleted it. */
const sku = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('BOLT', 'MILK') },
  fc.constantFrom(...shared.skus, ...theirOwn.skus, 'NEVER', ' BOLT', 'a/b'),
);
const location = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...shared.locations) },
  fc.constantFrom(...theirOwn.locations, 'NEVER'),
);
const lot = fc.constantFrom(undefined, '', shared.lot, 'L2');
const reference = fc.constantFrom(...shared.references, theirOwn.reference, undefined);
const time = fc.constantFrom(...sentTimes);
const quantity = fc.constantFrom(1, 2, 5, 0.5, 100, 0, -1, -3, 1e300);
const small = fc.integer({ min: 0, max: 9 });

const seen = (kind: Seen) => small.map((index): Value => ({ seen: kind, index }));
const theirs = (kind: Extract<Value, { theirs: unknown }>['theirs']) => fc.constant<Value>({ theirs: kind });

const entry = fc.oneof(
  { weight: 5, arbitrary: seen('entry') },
  theirs('entry'),
  seen('object'),
  fc.constant<Value>('no-uuid'),
);
const movement = fc.oneof(
  { weight: 5, arbitrary: seen('movement') },
  theirs('movement'),
  fc.constant<Value>('no-uuid.1'),
);
const reservation = fc.oneof(
  { weight: 5, arbitrary: seen('reservation') },
  theirs('reservation'),
  fc.constant<Value>('no-uuid'),
);
const key = fc.oneof({ weight: 5, arbitrary: seen('key') }, theirs('key'), fc.constant<Value>('no'));

const page = {
  limit: fc.constantFrom<Value>('1', '2', '200', '0', 'x'),
  cursor: fc.oneof(
    { weight: 4, arbitrary: seen('cursor') },
    theirs('cursor'),
    fc.constant<Value>('nonsense'),
  ),
};

/** At most two of the parameters, so that most queries find something. Sometimes an unknown one in addition. */
function query(
  parameters: Readonly<Record<string, fc.Arbitrary<Value>>>,
): fc.Arbitrary<Record<string, Value>> {
  return fc
    .tuple(fc.record(parameters), fc.subarray(Object.keys(parameters)), fc.integer({ min: 0, max: 11 }))
    .map(([values, names, luck]) => ({
      ...Object.fromEntries(names.slice(0, 2).map((name) => [name, values[name] ?? ''])),
      ...(luck === 11 ? { colour: 'red' } : {}),
    }));
}

const line = fc.record(
  { sku, location, lot, quantity, expectedVersion: fc.constantFrom(undefined, undefined, 0, 1) },
  { requiredKeys: ['sku', 'location', 'quantity'] },
);
const lines = fc.array(line, { minLength: 0, maxLength: 3, size: 'small' });

/** A body that is mostly valid. */
const posting = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({
        kind: fc.constantFrom('receipt', 'issue', 'adjustment', 'opening', 'return'),
        reference,
        lines: fc
          .tuple(
            fc.constantFrom(...shared.skus),
            fc.constantFrom(...shared.locations),
            fc.integer({ min: 1, max: 4 }),
          )
          .map(([sku, location, quantity]) => [{ sku, location, quantity }]),
      })
      .map(({ kind, reference, lines }) => ({
        kind,
        reference,
        lines: lines.map((each) => ({
          ...each,
          quantity: kind === 'issue' ? -each.quantity : each.quantity,
        })),
      })),
  },
  fc.record(
    {
      kind: fc.constantFrom('receipt', 'issue', 'transfer', 'adjustment', 'count', 'gift'),
      reference,
      occurredAt: fc.oneof(time, fc.constant('yesterday')),
      metadata: fc.constantFrom({}, { a: 1 }, []),
      dryRun: fc.boolean(),
      lines,
    },
    { requiredKeys: ['kind', 'lines'] },
  ),
);

const garbage = fc.constantFrom<unknown>('{"kind":', '', [], { unknown: 1 }, null);

/** Some lines, of which a reservation may hold one. */
const heldLines = fc.array(
  fc.record({
    sku: fc.constantFrom(...shared.skus, ...theirOwn.skus),
    location,
    lot: fc.constantFrom(undefined, shared.lot),
    quantity: fc.constantFrom(1, 2, 0.5, 100, 0),
  }),
  { minLength: 1, maxLength: 2 },
);

/** Mostly the body, sometimes none. */
const orGarbage = (body: fc.Arbitrary<unknown>) => fc.oneof({ weight: 8, arbitrary: body }, garbage);

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
