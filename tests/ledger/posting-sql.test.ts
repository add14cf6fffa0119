import type { Client } from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { asAdopted } from '#tests/prove/isolation/adopted.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import { anEntryId } from './answers.ts';
import { asOrganization, type Refusal, refusalOf } from './posting-session.ts';

/** What the functions that post refuse by themselves, without the checks of the API before them. */

const world = openWorld();
let acme: Caller;
let api: Client;

beforeAll(async () => {
  acme = await world.createOrganization();
  await acme.item('BOLT', { allowNegative: true });
  await acme.item('NUT', { allowNegative: true });
  await acme.item('MILK', { tracking: 'lot', allowNegative: true });
  for (const code of ['MAIN', 'SHOP']) await acme.location(code);
  api = await world.connect('stockade_api');
  // What a posting has written is looked at in its own transaction.
  await (await world.superuser()).query(asAdopted);
});

const post = (entry: unknown) =>
  api.query('select inventory.post_entry($1) as answer', [JSON.stringify(entry)]);
const line = { sku: 'BOLT', location: 'MAIN', quantity: 1 };

/** With what a posting is refused. */
const refusal = (entry: unknown) =>
  asOrganization(api, acme, 'write', () => refusalOf(api, () => post(entry)));

const exact = 'must be a number of at most fifteen digits, four of them decimals, but is';

describe('post_entry', () => {
  test('answers what it posted, with the least that an entry is', async () => {
    const answer = await asOrganization(api, acme, 'write', async () => {
      const { rows } = await post({ kind: 'receipt', lines: [line] });
      const entry = await api.query('select * from inventory.entries where id = $1', [
        rows[0].answer.entryId,
      ]);
      expect(entry.rows).toEqual([
        {
          org_id: acme.id,
          id: anEntryId,
          kind: 'receipt',
          reference: null,
          occurred_at: new Date(rows[0].answer.recordedAt),
          recorded_at: new Date(rows[0].answer.recordedAt),
          actor: `key:${parseApiKey(acme.apiKey, 'test')?.keyId}`,
          metadata: {},
          reverses: null,
        },
      ]);
      const movements = await api.query(
        'select org_id, entry_id, line, lot, quantity, occurred_at, recorded_at from inventory.movements where entry_id = $1',
        [rows[0].answer.entryId],
      );
      expect(movements.rows).toEqual([
        {
          org_id: acme.id,
          entry_id: rows[0].answer.entryId,
          line: 1,
          lot: '',
          quantity: '1.0000',
          occurred_at: new Date(rows[0].answer.recordedAt),
          recorded_at: new Date(rows[0].answer.recordedAt),
        },
      ]);
      return rows[0].answer;
    });
    expect(Object.keys(answer)).toEqual([
      'entryId',
      'kind',
      'reference',
      'occurredAt',
      'recordedAt',
      'reverses',
      'lines',
    ]);
  });

  test.each(['count', 'reversal', 'gift', '', undefined])('refuses the kind %j', async (kind) => {
    expect(await refusal({ kind, lines: [line] })).toEqual({
      code: 'SK301',
      message: `the kind ${kind ?? '<NULL>'} cannot be posted`,
      detail: [
        { field: 'kind', message: 'is none of receipt, return, issue, adjustment, transfer, opening' },
      ],
    });
  });

  test.each([[{ lines: [] }], [{}]])('refuses an entry without lines: %j', async (lines) => {
    expect(await refusal({ kind: 'receipt', ...lines })).toEqual({
      code: 'SK301',
      message: 'the entry has no lines',
      detail: [{ field: 'lines', message: 'is empty: an entry has at least one line' }],
    });
  });

  test('refuses what does not exist or does not fit, each line and field of it', async () => {
    const lines = [
      { ...line, sku: undefined },
      line,
      { ...line, location: undefined, lot: 'L' },
      { ...line, sku: 'MILK', lot: null },
    ];
    expect(await refusal({ kind: 'receipt', lines })).toEqual({
      code: 'SK301',
      message: 'the entry names what does not exist',
      detail: [
        { field: 'lines[0].sku', message: 'there is no item with the SKU ' },
        { field: 'lines[2].location', message: 'there is no location with the code ' },
        { field: 'lines[2].lot', message: 'this item is not tracked by lot: leave the lot out' },
        { field: 'lines[3].lot', message: 'this item is tracked by lot: name the lot' },
      ],
    });
  });

  const unbalanced: Refusal = { code: 'SK302', message: 'a transfer must sum to zero per item and lot' };
  const milk = { ...line, sku: 'MILK', lot: 'A' };
  test.each<[string, object[], Refusal | undefined]>([
    ['of one line', [line], unbalanced],
    ['that loses a ten-thousandth', [line, { ...line, location: 'SHOP', quantity: -0.9999 }], unbalanced],
    ['between items', [line, { ...line, sku: 'NUT', quantity: -1 }], unbalanced],
    ['between lots', [milk, { ...milk, lot: 'B', quantity: -1 }], unbalanced],
    ['between places', [line, { ...line, location: 'SHOP', quantity: -1 }], undefined],
    [
      'of lots between places',
      [
        milk,
        { ...milk, lot: 'B' },
        { ...milk, location: 'SHOP', lot: 'B', quantity: -1 },
        { ...milk, location: 'SHOP', quantity: -1 },
      ],
      undefined,
    ],
    [
      'of one place to two',
      [
        { ...line, quantity: -0.3 },
        { ...line, location: 'SHOP', quantity: 0.1 },
        { ...line, location: 'SHOP', quantity: 0.2 },
      ],
      undefined,
    ],
  ])('sums a transfer to zero per item and lot: one %s', async (_, lines, refused) => {
    expect(await refusal({ kind: 'transfer', lines })).toEqual(refused);
  });

  const signs = ['receipt', 'return', 'issue', 'adjustment', 'opening'].flatMap((kind) =>
    [1, 0.0001, -0.0001, -1].map((quantity): [string, number, boolean] => [
      kind,
      quantity,
      kind === 'issue' ? quantity < 0 : quantity > 0 || ['adjustment', 'opening'].includes(kind),
    ]),
  );
  test.each(signs)('a %s of %d is posted: %s', async (kind, quantity, isPosted) => {
    const right = { ...line, quantity: kind === 'issue' ? -1 : 1 };
    expect(await refusal({ kind, lines: [right, { ...line, quantity }, right] })).toEqual(
      isPosted ? undefined : { code: 'SK303', message: `a line has the wrong sign for the kind ${kind}` },
    );
  });

  test.each(['receipt', 'return', 'issue'])('a line of nothing has the wrong sign for a %s', async (kind) => {
    expect(await refusal({ kind, lines: [{ ...line, quantity: 0 }] })).toMatchObject({ code: 'SK303' });
  });

  test.each<[string, object, Partial<Refusal>]>([
    [
      'a line of nothing',
      { lines: [{ ...line, quantity: 0 }] },
      { code: '23514', constraint: 'movements_quantity_check' },
    ],
    [
      'a line without a quantity',
      { lines: [{ ...line, quantity: undefined }] },
      { code: 'SK304', detail: [{ field: 'lines[0].quantity', message: `${exact} missing` }] },
    ],
    ...[100_000_000_000, 0.00001, 'NaN', 'Infinity', '-Infinity'].map(
      (quantity): [string, object, Partial<Refusal>] => [
        `the quantity ${quantity}`,
        { lines: [line, { ...line, quantity }] },
        { code: 'SK304', detail: [{ field: 'lines[1].quantity', message: `${exact} ${quantity}` }] },
      ],
    ),
    [
      '1,001 lines',
      { lines: Array(1_001).fill(line) },
      { code: 'SK304', detail: [{ field: 'lines', message: 'must have at most 1000 lines' }] },
    ],
    [
      'a time without an end',
      { occurredAt: 'infinity' },
      { code: '23514', constraint: 'entries_occurred_at_check' },
    ],
    ['a quantity that is no number', { lines: [{ ...line, quantity: 'x' }] }, { code: '22P02' }],
    [
      'a lot with a blank at its end',
      { lines: [{ ...milk, lot: 'A ' }] },
      { code: '23514', constraint: 'movements_lot_check' },
    ],
    ['an empty reference', { reference: '' }, { code: '23514', constraint: 'entries_reference_check' }],
    [
      'a reference of 201 characters',
      { reference: 'x'.repeat(201) },
      { code: '23514', constraint: 'entries_reference_check' },
    ],
    ['metadata that is a list', { metadata: [] }, { code: '23514', constraint: 'entries_metadata_check' }],
    ['metadata that is null', { metadata: null }, { code: '23514', constraint: 'entries_metadata_check' }],
    ['a time that is none', { occurredAt: 'soon' }, { code: '22007' }],
  ])('refuses %s', async (_, change, refused) => {
    expect(await refusal({ kind: 'adjustment', lines: [line], ...change })).toMatchObject(refused);
  });

  test('refuses a version that is not the one of the balance, and takes the one that is', async () => {
    await asOrganization(api, acme, 'write', async () => {
      await post({ kind: 'receipt', lines: [line, line] });
      const of = (...versions: (number | undefined)[]) =>
        refusalOf(api, () =>
          post({ kind: 'receipt', lines: versions.map((expectedVersion) => ({ ...line, expectedVersion })) }),
        );
      expect(await of(2, undefined, 2)).toBeUndefined();
      expect(await of(undefined, undefined)).toBeUndefined();
      expect(await of(undefined, 1, 2, 3)).toEqual({
        code: 'SK202',
        message: 'a balance has changed since it was read',
        detail: [1, 3].map((expectedVersion) => ({
          sku: 'BOLT',
          location: 'MAIN',
          lot: null,
          expectedVersion,
          version: 2,
        })),
      });
    });
  });
});
