import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { deadlocksIn } from '#tests/deadlocks.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import { asOrganization, refusalOf } from './posting-session.ts';

const world = openWorld();

interface Line {
  readonly sku: string;
  readonly location: string;
  readonly lot?: string;
  readonly quantity: number;
  readonly expectedVersion?: number;
}

interface Sent {
  readonly kind: string;
  readonly reference?: string;
  readonly occurredAt?: string;
  readonly metadata?: object;
  readonly lines: readonly Line[];
}

/** An organization with the items and locations that the entries name. */
async function shop(): Promise<Caller> {
  const caller = await world.createOrganization();
  await caller.item('BOLT', { aliases: ['SCREW'] });
  await caller.item('NUT', { allowNegative: true, aliases: ['HEX'] });
  await caller.item('MILK', { tracking: 'lot' });
  for (const code of ['MAIN', 'SHOP']) await caller.location(code);
  return caller;
}

const batch = (caller: Caller, body: object, headers = {}) =>
  caller.request('POST', '/v1/movements:batch', body, headers);
const receipt = (quantity: number, more: object = {}): Sent => ({
  kind: 'receipt',
  lines: [{ sku: 'BOLT', location: 'MAIN', quantity, ...more }],
});
const issue = (quantity: number): Sent => ({
  kind: 'issue',
  lines: [{ sku: 'BOLT', location: 'MAIN', quantity: -quantity }],
});

const balancesOf = async (caller: Caller) => (await caller.request('GET', '/v1/balances')).body.data;

/** Without what no two entries have in common. */
const shown = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (name, part) =>
      ['entryId', 'movementId', 'recordedAt', 'requestId', 'type', 'title', 'occurredAt'].includes(name)
        ? undefined
        : part,
    ),
  );

const line = fc.record<Line>(
  {
    sku: fc.constantFrom('BOLT', 'NUT', 'MILK', 'BOLT', 'SCREW', 'NONE'),
    location: fc.constantFrom('MAIN', 'SHOP', 'MAIN', 'NOWHERE'),
    lot: fc.constantFrom('L1', ''),
    quantity: fc.constantFrom(1, 2, 0.5, -1, -3, 99_999_999_999.9999),
    expectedVersion: fc.nat(4),
  },
  { requiredKeys: ['sku', 'location', 'quantity'] },
);
/** Mostly of a form that the ledger takes, so that some batches are posted as a whole. */
const sound = fc.record<Line>({
  sku: fc.constantFrom('BOLT', 'NUT'),
  location: fc.constantFrom('MAIN', 'SHOP'),
  quantity: fc.constantFrom(1, 5, 0.5, -1, -2),
});
/** Two of them are beyond a balance, which a third may bring back. */
const extreme = fc.record<Line>({
  sku: fc.constant('NUT'),
  location: fc.constant('MAIN'),
  quantity: fc.constantFrom(99_999_999_999.9999, -99_999_999_999.9999, 1),
});
const entry = fc
  .tuple(
    fc.constantFrom('receipt', 'adjustment', 'issue', 'adjustment', 'opening'),
    fc.oneof(
      { weight: 6, arbitrary: sound },
      { weight: 2, arbitrary: extreme },
      { weight: 1, arbitrary: line },
    ),
    fc.array(sound, { maxLength: 3 }),
    fc.constantFrom(undefined, 'PO-1'),
  )
  .map(([kind, first, more, reference]): Sent => {
    const sign = kind === 'receipt' ? 1 : kind === 'issue' ? -1 : 0;
    const lines = [first, ...more].map((each) => ({
      ...each,
      quantity: sign ? sign * Math.abs(each.quantity) : each.quantity,
    }));
    return { kind, lines, ...(reference && { reference }), metadata: { lines: lines.length } };
  });
const transfer = fc
  .tuple(
    fc.constantFrom('BOLT', 'NUT', 'SCREW'),
    fc.constantFrom(1, 2),
    fc.constantFrom('SHOP', 'SHOP', 'MAIN'),
    fc.boolean(),
  )
  .map(([sku, quantity, to, isWhole]): Sent => {
    const taken = { sku, location: 'MAIN', quantity: -quantity };
    return { kind: 'transfer', lines: [taken, { sku, location: to, quantity: isWhole ? quantity : 3 }] };
  });
const entries = fc.array(fc.oneof({ weight: 4, arbitrary: entry }, transfer), { minLength: 1, maxLength: 7 });

test('a batch is answered, and leaves the balances, as its entries would one after the other', async () => {
  await fc.assert(
    fc.asyncProperty(entries, async (sent) => {
      const [alone, each, atomic] = await Promise.all([shop(), shop(), shop()]);
      const answers: Awaited<ReturnType<typeof batch>>[] = [];
      for (const one of sent) answers.push(await alone.request('POST', '/v1/movements', one));
      const expected = answers.map(({ status, body }) =>
        status === 201 ? { entry: body } : { problem: body },
      );
      const refused = answers.findIndex(({ status }) => status !== 201);

      const together = await batch(each, { mode: 'each', entries: sent });
      expect(together.status).toBe(200);
      expect(shown(together.body.results)).toEqual(shown(expected));
      expect(together.body).toMatchObject({
        posted: answers.filter(({ status }) => status === 201).length,
        refused: answers.filter(({ status }) => status !== 201).length,
      });
      expect(await balancesOf(each)).toEqual(await balancesOf(alone));

      const whole = await batch(atomic, { mode: 'atomic', entries: sent });
      if (refused < 0) {
        expect(shown(whole.body.results)).toEqual(shown(expected));
        expect(await balancesOf(atomic)).toEqual(await balancesOf(alone));
        return;
      }
      const { status, body } = answers[refused] as (typeof answers)[number];
      expect([whole.status, whole.body.code, whole.body.lines]).toEqual([status, body.code, body.lines]);
      expect(whole.body.errors).toEqual(
        body.errors?.map((error: { field: string }) => ({
          ...error,
          field: `entries[${refused}].${error.field}`,
        })),
      );
      expect(whole.body.detail).toContain(`because of the entry ${refused} (the first is 0). ${body.detail}`);
      expect(await balancesOf(atomic)).toEqual([]);
    }),
    { numRuns: 40 },
  );
});

describe('a batch', () => {
  let acme: Caller;
  beforeAll(async () => {
    acme = await shop();
  });

  test('takes stock that an entry before it brought, and not what one after it brings', async () => {
    const right = await batch(acme, { mode: 'atomic', entries: [receipt(5), issue(5)] });
    expect(
      right.body.results.map(({ entry }: { entry: { lines: object[] } }) => entry.lines[0]),
    ).toMatchObject([{ balance: { onHand: 5, version: 1 } }, { balance: { onHand: 0, version: 2 } }]);
    const wrong = await batch(acme, { mode: 'atomic', entries: [issue(5), receipt(5)] });
    expect([wrong.status, wrong.body.code, wrong.body.entry]).toEqual([409, 'insufficient_stock', 0]);
    expect(wrong.body.lines).toMatchObject([{ available: 0, requested: 5 }]);
  });

  test('refuses an entry that a balance cannot hold, also when one after it would bring it back', async () => {
    const globex = await shop();
    const most = 99_999_999_999.9999;
    const nuts = (quantity: number) => ({
      kind: 'adjustment',
      lines: [{ sku: 'NUT', location: 'MAIN', quantity }],
    });
    const { body } = await batch(globex, { mode: 'each', entries: [nuts(most), nuts(1), nuts(-2)] });
    expect(body).toMatchObject({ posted: 2, refused: 1 });
    expect(body.results[1].problem.code).toBe('quantity_out_of_range');
  });

  test('with dryRun answers the same and writes nothing', async () => {
    const before = await balancesOf(acme);
    const { status, body } = await batch(acme, {
      mode: 'each',
      dryRun: true,
      entries: [receipt(1), issue(99)],
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ dryRun: true, posted: 1, refused: 1 });
    expect(await balancesOf(acme)).toEqual(before);
  });

  test('takes effect once under an Idempotency-Key, with its refusals', async () => {
    const sent = { mode: 'each', entries: [receipt(7), issue(9_999)] };
    const first = await batch(acme, sent, { 'idempotency-key': 'batch' });
    const again = await batch(acme, sent, { 'idempotency-key': 'batch' });
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect((await balancesOf(acme))[0].onHand).toBe(7);
  });

  test('keeps the order of its entries in the ledger', async () => {
    const globex = await shop();
    const references = Array.from({ length: 30 }, (_, n) => `R${n}`);
    const sent = references.map((reference) => ({ ...receipt(1), reference }));
    expect((await batch(globex, { mode: 'atomic', entries: sent })).body.posted).toBe(30);
    const { body } = await globex.request('GET', '/v1/movements?limit=200');
    expect(body.data.map(({ reference }: { reference: string }) => reference)).toEqual(references.reverse());
  });

  test('of another organization’s items finds nothing', async () => {
    const stranger = await world.createOrganization();
    const { body } = await batch(stranger, { mode: 'each', entries: [receipt(1)] });
    expect(body).toMatchObject({ posted: 0, refused: 1 });
    expect(body.results[0].problem.errors.map(({ field }: { field: string }) => field)).toEqual([
      'lines[0].location',
      'lines[0].sku',
    ]);
  });

  test.each<[string, object, string, RegExp]>([
    ['without a mode', { entries: [receipt(1)] }, 'mode', /must be one of "atomic", "each"/],
    ['of no entries', { mode: 'each', entries: [] }, 'entries', /at least one entry/],
    [
      'of too many entries',
      { mode: 'each', entries: Array.from({ length: 1_001 }, () => receipt(1)) },
      'entries',
      /at most 1000 entries/,
    ],
    [
      'of too many lines',
      {
        mode: 'each',
        entries: Array.from({ length: 6 }, () => ({
          kind: 'receipt',
          lines: Array.from({ length: 1_000 }, () => receipt(1).lines[0]),
        })),
      },
      'entries',
      /at most 5000 lines together/,
    ],
    [
      'with an entry of a wrong form',
      { mode: 'each', entries: [receipt(1), receipt(-1)] },
      'entries[1].lines[0].quantity',
      /must be greater than zero/,
    ],
    [
      'with a dryRun in an entry',
      { mode: 'each', entries: [{ ...receipt(1), dryRun: true }] },
      'entries[0].dryRun',
      /not a field here/,
    ],
  ])('%s is refused, and the field is named', async (_, body, field, message) => {
    const answer = await batch(acme, body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toEqual([{ field, message: expect.stringMatching(message) }]);
  });
});

describe('batches in SQL', () => {
  test.each<[string, string, unknown, string]>([
    ['another mode', 'some', [receipt(1)], 'mode'],
    ['no list', 'each', { 0: receipt(1) }, 'entries'],
    ['an empty list', 'each', [], 'entries'],
    ['no lines', 'each', [{ kind: 'receipt' }], 'entries'],
    ['too many entries', 'each', Array.from({ length: 1_001 }, () => receipt(1)), 'entries'],
  ])('with %s are refused by the function itself', async (_, mode, sent, field) => {
    const acme = await shop();
    const api = await world.connect('stockade_api');
    const refusal = await asOrganization(api, acme, 'write', () =>
      refusalOf(api, () => api.query('select inventory.post_entries($1, $2)', [mode, JSON.stringify(sent)])),
    );
    expect(refusal).toMatchObject({ code: 'SK304', detail: [{ field }] });
  });
});

test('zeros behind the point of one quantity are in no other answer', async () => {
  const acme = await shop();
  const api = await world.connect('stockade_api');
  const sent = JSON.stringify([receipt(1), receipt(2)]).replace(
    '"quantity":1',
    `"quantity":1.${'0'.repeat(9_000)}`,
  );
  await asOrganization(api, acme, 'write', async () => {
    const { rows } = await api.query(`select inventory.post_entries('each', $1)::text as answer`, [sent]);
    expect(rows[0].answer.length).toBeLessThan(2_000);
    expect(JSON.parse(rows[0].answer).results[1].entry.lines[0].balance.onHand).toBe(3);
  });
});

describe.each([
  { named: 'their SKUs', skus: ['BOLT', 'NUT'] },
  { named: 'aliases', skus: ['SCREW', 'HEX'] },
])('batches at once in opposed order, of items by $named,', ({ skus }) => {
  const places = ['MAIN', 'SHOP'].flatMap((location) => skus.map((sku) => ({ sku, location })));
  const receipts = (order: typeof places) =>
    order.map((place) => ({ kind: 'receipt', lines: [{ ...place, quantity: 1 }] }));

  test.each([
    { how: 'as a whole', refused: [] },
    // Then the entries are posted one by one, in their own order.
    { how: 'one by one, as the last is refused', refused: [issue(9_999)] },
  ])('lose and double nothing, and none waits for another in a circle: $how', async ({ refused }) => {
    const acme = await shop();
    const rounds = 6;
    const workers = 8;
    // A balance that is not there cannot be locked beforehand.
    await batch(acme, { mode: 'atomic', entries: receipts(places) });
    const deadlocks = await deadlocksIn(world.adminUrl);
    await Promise.all(
      Array.from({ length: workers }, async (_, worker) => {
        for (let round = 0; round < rounds; round += 1) {
          const sent = receipts(worker % 2 === 0 ? places : places.toReversed());
          const { status, body } = await batch(acme, { mode: 'each', entries: [...sent, ...refused] });
          expect([status, body.posted]).toEqual([200, places.length]);
        }
      }),
    );
    expect(await deadlocksIn(world.adminUrl)).toBe(deadlocks);
    const figures = await balancesOf(acme);
    expect(figures).toHaveLength(places.length);
    for (const { onHand, version } of figures)
      expect([onHand, version]).toEqual([workers * rounds + 1, workers * rounds + 1]);
  });
});
