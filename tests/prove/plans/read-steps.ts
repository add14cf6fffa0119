import { expectStatus, type Party } from './party.ts';
import type { Step } from './step.ts';

const limit = 'limit=50';
const hour = 3_600_000;
const ago = (hours: number) => new Date(Date.now() - hours * hour).toISOString();

type Filter = readonly [name: string, value: string];

/** Every choice of some of these filters, none and all included. */
function choices(filters: readonly Filter[]): Filter[][] {
  const [filter, ...others] = filters;
  if (!filter) return [[]];
  return choices(others).flatMap((chosen) => [chosen, [filter, ...chosen]]);
}

/** Asks for the first page of a list, and for the next one if there is one. */
function list(of: string, query: readonly Filter[] = []): Step {
  const target = of.split(' ')[1];
  const parameters = query.map(([name, value]) => `&${name}=${encodeURIComponent(value)}`).join('');
  const take = async ({ request, asOperator }: Party) => {
    const ask = of.includes('/platform/') ? asOperator : request;
    const first = expectStatus(200, await ask('GET', `${target}?${limit}${parameters}`));
    if (first.body.nextCursor)
      expectStatus(200, await ask('GET', `${target}?${limit}${parameters}&cursor=${first.body.nextCursor}`));
  };
  return { of, name: `${of} ${query.map(([name, value]) => `${name}=${value}`).join(' ')}`.trim(), take };
}

/** Asks for one thing. `{entry}` in the target is the newest entry, `{sealed}` the oldest. */
function one(of: string, target: string, status = 200): Step {
  return {
    of,
    name: `${of} ${target}`,
    async take({ request }) {
      const entryOf = async (query: string) =>
        expectStatus(200, await request('GET', `/v1/movements?${query}`)).body.data[0].entryId;
      const path = target
        .replace('{entry}', target.includes('{entry}') ? await entryOf('limit=1') : '')
        .replace('{sealed}', target.includes('{sealed}') ? await entryOf('kind=opening') : '');
      expectStatus(status, await request('GET', path));
    },
  };
}

const key: readonly Filter[] = [
  ['sku', 'S1'],
  ['location', 'L1'],
];
const period: readonly Filter[] = [
  ['since', ago(24 * 60)],
  ['until', ago(2)],
];

/** Kinds that most entries, one in a hundred and one in all have, and one that none has. */
const kinds = ['receipt', 'count', 'opening', 'return'];

const movementFilters: readonly Filter[][] = [
  ...choices([...key, ...period]),
  ...kinds.flatMap((kind) => choices(key).map((filters): Filter[] => [['kind', kind], ...filters])),
  ...choices(key).map((filters): Filter[] => [['kind', 'receipt'], ...filters, ...period]),
];

const balanceFilters: readonly Filter[][] = [
  ...choices([
    ['sku', 'S1'],
    ['location', 'L2'],
  ]),
  [['lot', '']],
  [
    ['location', 'L2'],
    ['lot', ''],
  ],
];

const instants: readonly Filter[][] = [
  [],
  // After a seal, and before the next one.
  [['asOf', ago(24 * 1.9)]],
  [
    ['asOf', ago(24 * 1.9)],
    ['basis', 'effective'],
  ],
];

/** Every route that reads, with every choice of its filters. */
export const readSteps: readonly Step[] = [
  list('GET /v1/items'),
  list('GET /v1/items', [['sku', 'S1']]),
  list('GET /v1/items', [['sku', 'ALSO-2']]),
  one('GET /v1/items/{sku}', '/v1/items/S2'),
  one('GET /v1/items/{sku}', '/v1/items/ALSO-2'),
  list('GET /v1/locations'),
  list('GET /v1/locations', [['code', 'L1']]),
  one('GET /v1/locations/{code}', '/v1/locations/ALSO-2'),
  ...movementFilters.map((filters) => list('GET /v1/movements', filters)),
  list('GET /v1/movements', [['sku', 'A1']]),
  list('GET /v1/movements', [
    ['sku', 'S2'],
    ['location', 'L2'],
  ]),
  ...instants.flatMap((instant) =>
    balanceFilters.map((filters) => list('GET /v1/balances', [...filters, ...instant])),
  ),
  ...instants.map((instant) =>
    one(
      'GET /v1/items/{sku}/balance',
      `/v1/items/S1/balance?${new URLSearchParams(instant.map(([...pair]) => pair))}`,
    ),
  ),
  one('GET /v1/entries/{id}', '/v1/entries/{entry}'),
  ...choices(key).map((filters) => list('GET /v1/reservations', filters)),
  ...[...choices(key), [['reference', 'CART']] satisfies Filter[]].flatMap((filters) =>
    ['open', 'expired', 'released'].map((state) =>
      list('GET /v1/reservations', [['state', state], ...filters]),
    ),
  ),
  list('GET /v1/reservations', [['reference', 'CART']]),
  list('GET /v1/reconciliations'),
  list('GET /v1/seals'),
  one('GET /v1/movements/{id}/proof', '/v1/movements/{sealed}.1/proof'),
  one('GET /v1/organization', '/v1/organization'),
  list('GET /v1/api-keys'),
  list('GET /v1/users'),
  list('GET /platform/organizations'),
  list('GET /platform/drills'),
  {
    of: 'GET /platform/backups',
    name: 'GET /platform/backups',
    take: async ({ asOperator }) => expectStatus(200, await asOperator('GET', '/platform/backups')),
  },
  {
    of: 'GET /v1/organization',
    name: 'GET /v1/organization as a member',
    take: async ({ asMember }) => expectStatus(200, await asMember('GET', '/v1/organization')),
  },
  ...['/health', '/ready', '/openapi.json', '/docs'].map(
    (path): Step => ({
      of: `GET ${path}`,
      name: `GET ${path}`,
      take: async ({ asNobody }) => expectStatus(200, await asNobody('GET', path)),
    }),
  ),
  {
    of: '$default',
    name: 'a path that does not exist',
    take: async ({ request }) => expectStatus(404, await request('GET', '/v1/nothing')),
  },
];
