import { beforeAll, describe, expect, test } from 'vitest';
import { expectProblem, wrongFields } from '#tests/api/problem-document.ts';
import { wrongCursor } from '#tests/api/refusals.ts';
import { type Answer, type Caller, openWorld } from '#tests/world.ts';

interface Row {
  readonly movementId: string;
  readonly entryId: string;
  readonly kind: string;
  readonly reference: string | null;
  readonly sku: string;
  readonly location: string;
  readonly lot: string | null;
  readonly quantity: number;
  readonly occurredAt: string;
  readonly recordedAt: string;
}

const world = openWorld();
let acme: Caller;
/** Every movement as its posting was answered, the newest entry first. */
let all: Row[];

beforeAll(async () => {
  acme = await world.createOrganization();
  const globex = await world.createOrganization();
  for (const organization of [acme, globex]) {
    await organization.item('BOLT', { allowNegative: true });
    await organization.item('MILK', { tracking: 'lot' });
    await organization.item('NEVER');
    for (const code of ['MAIN', 'SHOP']) await organization.location(code);
  }
  await globex.post('receipt', { sku: 'BOLT', location: 'MAIN', quantity: 1 });
  const post = (kind: string, lines: object[], more: object = {}) =>
    acme.request('POST', '/v1/movements', { kind, lines, ...more });
  const entries: Answer[] = [
    await acme.post('receipt', { sku: 'BOLT', location: 'MAIN', quantity: 1 }),
    await post(
      'receipt',
      [
        { sku: 'MILK', location: 'SHOP', lot: 'L2', quantity: 4 },
        { sku: 'BOLT', location: 'MAIN', quantity: 2.5 },
        { sku: 'MILK', location: 'MAIN', lot: 'L1', quantity: 0.0001 },
      ],
      { reference: 'PO-1', occurredAt: '2020-01-01T00:00:00Z', metadata: { not: 'listed' } },
    ),
    await post('issue', [{ sku: 'BOLT', location: 'MAIN', quantity: -0.3 }]),
    await acme.request('POST', '/v1/transfers', {
      from: 'MAIN',
      to: 'SHOP',
      lines: [{ sku: 'BOLT', quantity: 1 }],
    }),
    // Ten lines and more: by their number, not by its letters.
    await post(
      'adjustment',
      Array.from({ length: 11 }, (_, n) => ({ sku: 'BOLT', location: 'SHOP', quantity: n + 1 })),
    ),
    await post('opening', [{ sku: 'MILK', location: 'MAIN', lot: 'L1', quantity: 9 }]),
  ];
  entries.push(await acme.request('POST', `/v1/entries/${entries[2]?.body.entryId}/reversal`, {}));
  all = entries.reverse().flatMap(({ body }) => rowsOf(body));
});

/** The movements of an entry, as a list shows them. */
function rowsOf({ entryId, kind, reference, occurredAt, recordedAt, lines }: Answer['body']): Row[] {
  return lines.map(({ balance: _, ...line }: { balance: object }) => ({
    ...line,
    entryId,
    kind,
    reference,
    occurredAt,
    recordedAt,
  }));
}

const list = (query: Record<string, string | number> = {}) =>
  acme.request('GET', `/v1/movements?${new URLSearchParams(query as Record<string, string>)}`);

/** A list read part by part, and of how many rows each part was. */
async function readAll(query: Record<string, string | number>) {
  const rows: Row[] = [];
  const sizes: number[] = [];
  let cursor: Record<string, string> = {};
  // A list that has no end must not keep the test from one.
  while (sizes.length <= all.length) {
    const { status, body } = await list({ ...query, ...cursor });
    expect(status).toBe(200);
    rows.push(...body.data);
    sizes.push(body.data.length);
    if (body.nextCursor === null) break;
    cursor = { cursor: body.nextCursor };
  }
  return { rows, sizes };
}

/** The sizes of the parts of a list: no empty one at its end. */
const sizesOf = (rows: number, limit: number) =>
  Array.from({ length: Math.ceil(rows / limit) || 1 }, (_, n) => Math.min(limit, rows - n * limit));

test('movements are answered whole, the newest entry first, its lines in their order, and no other organization’s', async () => {
  const { status, body } = await list({ limit: 200 });
  expect(status).toBe(200);
  expect(body).toEqual({ data: all, nextCursor: null });
  expect(all).toHaveLength(20);
  const { rows } = await (await world.superuser()).query<{ n: number }>(
    'select count(*)::int as n from inventory.movements where org_id = $1',
    [acme.id],
  );
  expect(rows).toEqual([{ n: 20 }]);
});

const filters: [name: string, query: Record<string, string>, passes: (row: Row) => boolean, rows: number][] =
  [
    ['no filter', {}, () => true, 20],
    ['an item', { sku: 'MILK' }, ({ sku }) => sku === 'MILK', 3],
    ['a location', { location: 'SHOP' }, ({ location }) => location === 'SHOP', 13],
    ['the kind receipt', { kind: 'receipt' }, ({ kind }) => kind === 'receipt', 4],
    ['the kind issue', { kind: 'issue' }, ({ kind }) => kind === 'issue', 1],
    ['the kind transfer', { kind: 'transfer' }, ({ kind }) => kind === 'transfer', 2],
    ['the kind adjustment', { kind: 'adjustment' }, ({ kind }) => kind === 'adjustment', 11],
    ['the kind opening', { kind: 'opening' }, ({ kind }) => kind === 'opening', 1],
    ['the kind reversal', { kind: 'reversal' }, ({ kind }) => kind === 'reversal', 1],
    ['the kind return', { kind: 'return' }, () => false, 0],
    ['the kind count', { kind: 'count' }, () => false, 0],
    [
      'an item and a location',
      { sku: 'BOLT', location: 'MAIN' },
      ({ sku, location }) => sku === 'BOLT' && location === 'MAIN',
      5,
    ],
    [
      'all three',
      { sku: 'MILK', location: 'MAIN', kind: 'receipt' },
      ({ sku, location, kind }) => sku === 'MILK' && location === 'MAIN' && kind === 'receipt',
      1,
    ],
    ['an item that never moved', { sku: 'NEVER' }, () => false, 0],
    ['an item that is not there', { sku: 'NONE' }, () => false, 0],
    ['a SKU in other letters', { sku: 'bolt' }, () => false, 0],
    ['a location that is not there', { location: 'NONE' }, () => false, 0],
  ];

describe.each(filters)('by %s', (_, query, passes, count) => {
  test('exactly what passes is listed', async () => {
    const expected = all.filter(passes);
    expect(expected).toHaveLength(count);
    expect((await list({ ...query, limit: 200 })).body).toEqual({ data: expected, nextCursor: null });
  });

  test.each([1, 2, 5])('%d at a time, nothing is left out or shown twice', async (limit) => {
    const { rows, sizes } = await readAll({ ...query, limit });
    expect(rows).toEqual(all.filter(passes));
    expect(sizes).toEqual(sizesOf(count, limit));
  });
});

describe('by the time of recording', () => {
  const shifted = (instant: string, ms: number) => new Date(Date.parse(instant) + ms).toISOString();
  /** When the transfer was recorded, which has entries before it and after it. */
  const middle = () => all.find(({ kind }) => kind === 'transfer')?.recordedAt ?? '';

  test.each([-1, 0, 1])('since is inclusive: %d ms from the instant', async (ms) => {
    const since = shifted(middle(), ms);
    const { body } = await list({ since, limit: 200 });
    const expected = all.filter(({ recordedAt }) => recordedAt >= since);
    expect(body).toEqual({ data: expected, nextCursor: null });
    expect(expected.some(({ recordedAt }) => recordedAt === middle())).toBe(ms <= 0);
  });

  test.each([-1, 0, 1])('until is exclusive: %d ms from the instant', async (ms) => {
    const until = shifted(middle(), ms);
    const { body } = await list({ until, limit: 200 });
    const expected = all.filter(({ recordedAt }) => recordedAt < until);
    expect(body).toEqual({ data: expected, nextCursor: null });
    expect(expected.some(({ recordedAt }) => recordedAt === middle())).toBe(ms > 0);
  });

  test('both together hold one millisecond, and with other filters all of them count', async () => {
    const [since, until] = [middle(), shifted(middle(), 1)];
    const expected = all.filter(({ recordedAt }) => recordedAt === since);
    expect((await list({ since, until })).body).toEqual({ data: expected, nextCursor: null });
    expect((await list({ since, until, location: 'SHOP', kind: 'transfer' })).body.data).toEqual(
      expected.filter(({ location, kind }) => location === 'SHOP' && kind === 'transfer'),
    );
    const { rows } = await readAll({ since: all.at(-1)?.recordedAt ?? '', until, limit: 2 });
    expect(rows).toEqual(all.filter(({ recordedAt }) => recordedAt < until));
  });

  test('an empty or a reversed span has nothing', async () => {
    for (const until of [middle(), shifted(middle(), -1)]) {
      expect((await list({ since: middle(), until })).body).toEqual({ data: [], nextCursor: null });
    }
  });

  test('the time of effect does not count', async () => {
    expect((await list({ until: '2020-06-01T00:00:00Z' })).body.data).toEqual([]);
  });

  test('an instant may have an offset', async () => {
    const since = `${shifted(middle(), 5.5 * 3_600_000).slice(0, -1)}+05:30`;
    expect((await list({ since, limit: 200 })).body.data).toEqual(
      all.filter(({ recordedAt }) => recordedAt >= middle()),
    );
  });

  test.each(['since', 'until'])('%s without an offset is refused', async (field) => {
    const answer = await list({ [field]: '2026-01-01T00:00:00' });
    expectProblem(
      answer,
      wrongFields([field, 'must be an ISO 8601 time with an offset, such as 2026-03-01T09:30:00Z']),
    );
  });
});

test('entries recorded at the same instant are in the order of their ids, in whatever parts they are read', async () => {
  const globex = await world.createOrganization();
  for (const sku of ['BOLT', 'NUT']) await globex.item(sku);
  await globex.location('MAIN');
  const lines = [
    { sku: 'BOLT', location: 'MAIN', quantity: 1 },
    { sku: 'NUT', location: 'MAIN', quantity: 2 },
  ];
  for (let n = 0; n < 5; n += 1) await globex.post('receipt', ...lines);
  const superuser = await world.superuser();
  for (const table of ['entries', 'movements']) {
    await superuser.query(`
      begin;
      alter table inventory.${table} disable trigger append_only;
      update inventory.${table} set recorded_at = '2026-01-01T00:00:00Z' where org_id = '${globex.id}';
      alter table inventory.${table} enable always trigger append_only;
      commit`);
  }
  const { rows } = await superuser.query<{ id: string }>(
    `select entry_id || '.' || line as id from inventory.movements where org_id = $1 order by entry_id desc, line`,
    [globex.id],
  );
  const ids = rows.map(({ id }) => id);
  for (const filter of ['', '&kind=receipt', '&location=MAIN', '&sku=NUT', '&sku=NUT&location=MAIN']) {
    const expected = filter.includes('NUT') ? ids.filter((id) => id.endsWith('.2')) : ids;
    for (const limit of [1, 3]) {
      const found: string[] = [];
      for (let cursor = ''; found.length <= ids.length; ) {
        const { body } = await globex.request('GET', `/v1/movements?limit=${limit}${filter}${cursor}`);
        found.push(...body.data.map(({ movementId }: Row) => movementId));
        if (body.nextCursor === null) break;
        cursor = `&cursor=${body.nextCursor}`;
      }
      expect([filter, limit, ...found]).toEqual([filter, limit, ...expected]);
    }
  }
});

test('what is posted meanwhile is no part of the list that is being read', async () => {
  const globex = await world.createOrganization();
  await globex.item('BOLT');
  await globex.location('MAIN');
  const line = { sku: 'BOLT', location: 'MAIN', quantity: 1 };
  const [one, two] = [await globex.post('receipt', line, line), await globex.post('receipt', line)];
  const before = await globex.request('GET', '/v1/movements?limit=2');
  await globex.post('receipt', line);
  const after = await globex.request('GET', `/v1/movements?limit=2&cursor=${before.body.nextCursor}`);
  expect([...before.body.data, ...after.body.data]).toEqual([...rowsOf(two.body), ...rowsOf(one.body)]);
  expect(after.body.nextCursor).toBeNull();
});

test.each([
  ['that is none', 'nonsense'],
  ['of another list', Buffer.from('["BOLT"]').toString('base64url')],
  ['whose entry is no id', Buffer.from('["x","1"]').toString('base64url')],
  [
    'whose line is no number',
    Buffer.from('["01990000-0000-7000-8000-00000000abcd","x"]').toString('base64url'),
  ],
  [
    'with a line too large for any entry',
    Buffer.from('["01990000-0000-7000-8000-00000000abcd","9999999999"]').toString('base64url'),
  ],
])('a cursor %s is refused', async (_, cursor) => {
  const answer = await list({ cursor });
  expectProblem(answer, wrongCursor);
});
