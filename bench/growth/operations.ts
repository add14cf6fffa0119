/** A request of the API. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST';
  readonly target: string;
  readonly body?: unknown;
}

/** What an operation may name: the catalog has the same codes at every size. */
export interface Ground {
  readonly items: number;
  readonly locations: number;
  /** Where the list of movements continues from the middle of the history, and from the middle of the period. */
  readonly cursors: { readonly middle: string; readonly period: string };
}

/** One operation, measured at every size. */
export interface Operation {
  readonly name: string;
  request(ground: Ground, turn: number): ApiRequest;
  /**
   * So often in each turn, whatever the time. What is posted makes a ledger larger, and all of them must get the same: in nine
   * rounds no more than the smallest had.
   */
  readonly timesATurn?: number;
  /** One request should take less than this, at every size. */
  readonly limitMs?: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const listLimitMs = 10;
const pastLimitMs = 50;

const daysAgo = (days: number) => encodeURIComponent(new Date(Date.now() - days * dayMs).toISOString());

/** The period of the lists with `since` and `until`, in days before now. Its middle is where they continue. */
export const periodDays = { since: 4, until: 1, middle: 2.5 } as const;

const period = `since=${daysAgo(periodDays.since)}&until=${daysAgo(periodDays.until)}`;

/** The filters of `GET /v1/movements`. S1 at L1 has three entries of ten, one in a hundred is a count. */
const movementFilters: Readonly<Record<string, string>> = {
  'no filter': '',
  sku: 'sku=S1',
  location: 'location=L1',
  'sku and location': 'sku=S1&location=L1',
  kind: 'kind=receipt',
  'a rare kind': 'kind=count',
  'kind and sku': 'kind=receipt&sku=S1',
  'since and until': period,
  'since and until, sku': `${period}&sku=S1`,
};

const listOfMovements = (filter: string) => `/v1/movements?limit=50${filter && `&${filter}`}`;

const movementLists = Object.entries(movementFilters).flatMap(([name, filter]): Operation[] => [
  {
    name: `list of movements, ${name}`,
    limitMs: listLimitMs,
    request: () => get(listOfMovements(filter)),
  },
  {
    name: `list of movements, ${name}, from the middle`,
    limitMs: listLimitMs,
    request: ({ cursors }) =>
      get(`${listOfMovements(filter)}&cursor=${filter.startsWith(period) ? cursors.period : cursors.middle}`),
  },
]);

const asOf = `asOf=${daysAgo(1.9)}`;

const balances: readonly Operation[] = [
  { name: 'list of balances', request: () => get('/v1/balances?limit=50') },
  { name: 'list of balances, location', request: () => get('/v1/balances?limit=50&location=L2') },
  {
    name: 'one balance',
    request: ({ items, locations }, turn) =>
      get(`/v1/balances?sku=${skuOf(items, turn)}&location=${locationOf(locations, turn)}`),
  },
  {
    name: 'balances of an item',
    request: ({ items }, turn) => get(`/v1/items/${skuOf(items, turn)}/balance`),
  },
  {
    name: 'list of balances, asOf between two seals',
    limitMs: pastLimitMs,
    request: () => get(`/v1/balances?limit=50&${asOf}`),
  },
  {
    name: 'balances of the most frequent item, asOf between two seals',
    limitMs: pastLimitMs,
    request: () => get(`/v1/items/S1/balance?${asOf}`),
  },
];

/** What posts comes last, since it changes the sizes. */
const postings: readonly Operation[] = [
  {
    name: 'posting of a single movement',
    timesATurn: 100,
    request: ({ items, locations }, turn) =>
      post('/v1/movements', { kind: 'receipt', lines: [line(items, locations, turn)] }),
  },
  {
    name: 'transfer',
    timesATurn: 50,
    request: ({ items, locations }, turn) =>
      post('/v1/transfers', {
        from: locationOf(locations, turn),
        to: locationOf(locations, turn + 1),
        lines: [{ sku: skuOf(items, turn), quantity: 1 }],
      }),
  },
  {
    name: 'entry of 100 lines',
    timesATurn: 2,
    request: ({ items, locations }, turn) =>
      post('/v1/movements', {
        kind: 'receipt',
        lines: Array.from({ length: 100 }, (_, index) => line(items, locations, turn * 100 + index)),
      }),
  },
];

export const operations: readonly Operation[] = [...movementLists, ...balances, ...postings];

function get(target: string): ApiRequest {
  return { method: 'GET', target };
}

function post(target: string, body: unknown): ApiRequest {
  return { method: 'POST', target, body };
}

/** Neighbouring turns name different items, and each in turn. */
function skuOf(items: number, turn: number): string {
  return `S${1 + ((turn * 37) % items)}`;
}

function locationOf(locations: number, turn: number): string {
  return `L${1 + (turn % locations)}`;
}

function line(items: number, locations: number, turn: number) {
  return { sku: skuOf(items, turn), location: locationOf(locations, turn), quantity: 1 };
}
