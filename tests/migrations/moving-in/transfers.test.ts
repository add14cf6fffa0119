import { expect, test } from 'vitest';
import { openMovingWorld } from './moving-world.ts';

const world = openMovingWorld();

/** Movements of years, as people typed them. Each has a name, and its id ends with its number. */
const years = [
  ['receipt', 'PLAIN', 'MAIN', 12.5, 'receipt', 'PO-1', '2019-03-31 02:30+01', '2019-03-31 03:00+01'],
  ['issue', 'PLAIN', 'MAIN', -2.25, 'issue', '', '2019-04-01 09:00+02', '2019-04-01 09:00+02'],
  ['out', 'PLAIN', 'MAIN', -4, 'transfer', 'T-1', '2019-04-02 09:00+02', '2019-04-02 09:00+02'],
  ['in', 'PLAIN', 'SHOP', 4, 'transfer', 'T-1', '2019-04-02 09:00+02', '2019-04-02 09:00+02'],
  ['owed', 'OWED', 'SHOP', -3, 'issue', 'S-1', '2019-04-03 09:00+02', '2019-04-03 09:00+02'],
  // Its other half was deleted years ago.
  ['lone', 'LONE', 'MAIN', -1, 'transfer', 'T-2', '2019-04-04 09:00+02', '2019-04-04 09:00+02'],
  // Two transfers there and back in one minute: an arrival at the place of the departure is not the other half.
  ['there', 'BOTH', 'MAIN', -1, 'transfer', null, '2019-04-05 09:00+02', '2019-04-05 09:00+02'],
  ['back', 'BOTH', 'SHOP', -1, 'transfer', null, '2019-04-05 09:00+02', '2019-04-05 09:00+02'],
  ['back-in', 'BOTH', 'MAIN', 1, 'transfer', null, '2019-04-05 09:00+02', '2019-04-05 09:00+02'],
  ['there-in', 'BOTH', 'SHOP', 1, 'transfer', null, '2019-04-05 09:00+02', '2019-04-05 09:00+02'],
  // The nearer id was recorded on another day.
  ['typed', 'DAYS', 'MAIN', -1, 'transfer', 'T-3', '2019-04-06 00:00+02', '2019-04-07 10:00+02'],
  ['other-day', 'DAYS', 'SHOP', 1, 'transfer', 'T-3', '2019-04-06 00:00+02', '2019-04-09 10:00+02'],
  ['same-day', 'DAYS', 'SHOP', 1, 'transfer', 'T-3', '2019-04-06 00:00+02', '2019-04-07 10:00+02'],
  // Another reference, another quantity, another time: each alone.
  ['near-1', 'NEAR', 'MAIN', -1, 'transfer', 'T-4', '2019-04-08 09:00+02', '2019-04-08 09:00+02'],
  ['near-2', 'NEAR', 'SHOP', 1, 'transfer', 'T-5', '2019-04-08 09:00+02', '2019-04-08 09:00+02'],
  ['near-3', 'NEAR', 'SHOP', 1.5, 'transfer', 'T-4', '2019-04-08 09:00+02', '2019-04-08 09:00+02'],
  ['near-4', 'NEAR', 'SHOP', 1, 'transfer', 'T-4', '2019-04-08 09:01+02', '2019-04-08 09:00+02'],
  // Somebody took a receipt back this way.
  ['negative', 'SIGN', 'MAIN', -2, 'receipt', 'PO-9', '2019-04-10 09:00+02', '2019-04-10 09:00+02'],
  // Transfers that the old program changes during the move.
  ['cut', 'CUT', 'MAIN', -1, 'transfer', 'T-6', '2019-04-11 09:00+02', '2019-04-11 09:00+02'],
  ['cut-in', 'CUT', 'SHOP', 1, 'transfer', 'T-6', '2019-04-11 09:00+02', '2019-04-11 09:00+02'],
  ['more', 'MORE', 'MAIN', -1, 'transfer', 'T-7', '2019-04-12 09:00+02', '2019-04-12 09:00+02'],
  ['more-in', 'MORE', 'SHOP', 1, 'transfer', 'T-7', '2019-04-12 09:00+02', '2019-04-12 09:00+02'],
] as const;

const idOf = (name: (typeof years)[number][0]) =>
  `01690000-0000-7000-8000-${String(years.findIndex(([each]) => each === name)).padStart(12, '0')}`;

async function typeYears(): Promise<void> {
  const { shop, superuser } = world;
  await shop.addUser('ann@example.com');
  for (const sku of new Set(years.map(([, each]) => each))) await shop.addItem(sku);
  await shop.addLocation('MAIN');
  await shop.addLocation('SHOP');
  await superuser.query(
    `insert into inventory.movements
       (id, item_id, location_id, quantity, kind, reference, user_id, occurred_at, recorded_at)
     select m.id, i.id, l.id, m.quantity, m.kind, m.reference,
       case when m.reference like 'T-%' then (select id from inventory.users) end, m.occurred_at, m.recorded_at
     from unnest($1::uuid[], $2::text[], $3::text[], $4::numeric[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[])
       as m (id, sku, code, quantity, kind, reference, occurred_at, recorded_at)
     join inventory.items i using (sku)
     join inventory.locations l using (code)`,
    [
      years.map(([name]) => idOf(name)),
      ...[1, 2, 3, 4, 5, 6, 7].map((column) => years.map((row) => row[column])),
    ],
  );
}

/** The entries of an item, as `kind: movements of its lines`. */
async function entriesOf(sku: string): Promise<string[]> {
  const { rows } = await world.superuser.query<{
    kind: string;
    id: string;
    lines: number[];
    quantities: string;
  }>(
    `select e.kind, e.id, array_agg(m.line order by m.line) as lines,
       string_agg(l.code || ' ' || trim_scale(m.quantity), ', ' order by m.line) as quantities
     from inventory.entries e
     join inventory.movements m on m.org_id = e.org_id and m.entry_id = e.id
     join inventory.items i on i.org_id = m.org_id and i.id = m.item_id
     join inventory.locations l on l.org_id = m.org_id and l.id = m.location_id
     where i.sku = $1
     group by e.org_id, e.id, e.kind, e.occurred_at
     order by e.occurred_at, e.id`,
    [sku],
  );
  return rows.map(({ kind, id, lines, quantities }) => {
    expect(lines).toEqual(lines.map((_, index) => index + 1));
    const name = years.find(([each]) => idOf(each) === id)?.[0];
    return `${name} ${kind}: ${quantities}`;
  });
}

test('the halves of an old transfer become one entry; what stands alone is an adjustment that says what it was', async () => {
  const { shop } = world;
  await typeYears();
  await world.moveOrganizations({ organization: { slug: 'shop', name: 'Shop' }, everyone: 'clerk' });
  await shop.remove(idOf('cut-in'));

  const first = await world.moveBalances();
  expect(first.unpaired.halves.map(({ sku, reference }) => `${sku} ${reference}`)).toEqual([
    'LONE T-2',
    'DAYS T-3',
    'NEAR T-4',
    'NEAR T-5',
    'NEAR T-4',
    'NEAR T-4',
    'CUT T-6',
  ]);
  expect(first.unpaired.halves[0]).toEqual({
    entryId: idOf('lone'),
    sku: 'LONE',
    location: 'MAIN',
    quantity: '-1.0000',
    occurredAt: '2019-04-04T07:00:00.000Z',
    reference: 'T-2',
  });

  // One half is corrected: the transfer falls apart. The other one follows: it is one again.
  await shop.correct(idOf('more'), -5);
  expect((await world.moveBalances()).unpaired.count).toBe(9);
  await shop.correct(idOf('more-in'), 5);
  expect((await world.moveBalances()).unpaired.count).toBe(7);
  // What happens between the parts comes along as well.
  await shop.remove(idOf('cut'));
  await shop.transfer('NEAR', 'SHOP', 'MAIN', 0.5, 'late');
  const before = await shop.report();
  await world.moveRest();

  expect(await entriesOf('PLAIN')).toEqual([
    'receipt receipt: MAIN 12.5',
    'issue issue: MAIN -2.25',
    'out transfer: MAIN -4, SHOP 4',
  ]);
  expect(await entriesOf('OWED')).toEqual(['owed issue: SHOP -3']);
  expect(await entriesOf('LONE')).toEqual(['lone adjustment: MAIN -1']);
  expect(await entriesOf('BOTH')).toEqual([
    'there transfer: MAIN -1, SHOP 1',
    'back transfer: SHOP -1, MAIN 1',
  ]);
  expect(await entriesOf('DAYS')).toEqual([
    'typed transfer: MAIN -1, SHOP 1',
    'other-day adjustment: SHOP 1',
  ]);
  expect(await entriesOf('NEAR')).toEqual([
    'near-1 adjustment: MAIN -1',
    'near-2 adjustment: SHOP 1',
    'near-3 adjustment: SHOP 1.5',
    'near-4 adjustment: SHOP 1',
    'undefined transfer: SHOP -0.5, MAIN 0.5',
  ]);
  expect(await entriesOf('SIGN')).toEqual(['negative adjustment: MAIN -2']);
  expect(await entriesOf('CUT')).toEqual([]);
  expect(await entriesOf('MORE')).toEqual(['more transfer: MAIN -5, SHOP 5']);

  const { rows: details } = await world.superuser.query(
    `select e.id, e.metadata, e.reference, e.actor = 'user:' || u.id as by_ann, inventory.iso(e.recorded_at) as recorded_at
     from inventory.entries e
     cross join tenancy.users u
     where e.id = any ($1)
     order by e.id`,
    [[idOf('issue'), idOf('lone'), idOf('negative')]],
  );
  expect(details).toEqual([
    {
      id: idOf('issue'),
      metadata: {},
      reference: null,
      by_ann: false,
      recorded_at: '2019-04-01T07:00:00.000Z',
    },
    {
      id: idOf('lone'),
      metadata: { movedIn: { kind: 'transfer', reason: 'its other half was not found' } },
      reference: 'T-2',
      by_ann: true,
      recorded_at: '2019-04-04T07:00:00.000Z',
    },
    {
      id: idOf('negative'),
      metadata: { movedIn: { kind: 'receipt', reason: 'its quantity has the other sign' } },
      reference: 'PO-9',
      by_ann: false,
      recorded_at: '2019-04-10T07:00:00.000Z',
    },
  ]);

  const { rows: stored } = await world.superuser.query(
    `select i.sku || ' at ' || l.code as key, b.on_hand::float8 as on_hand
     from inventory.balances b
     join inventory.items i on i.org_id = b.org_id and i.id = b.item_id
     join inventory.locations l on l.org_id = b.org_id and l.id = b.location_id
     where b.on_hand <> 0`,
  );
  expect(Object.fromEntries(stored.map(({ key, on_hand }) => [key, on_hand]))).toEqual(before);

  // Undoing an old transfer makes no stock from nothing.
  const api = await world.api('shop');
  expect(await api.onHand('PLAIN')).toBe(10.25);
  const undone = await api.request('POST', `/v1/entries/${idOf('out')}/reversal`, {});
  expect(undone.status).toBe(201);
  expect(await api.onHand('PLAIN')).toBe(10.25);
  const { body } = await api.request('GET', '/v1/items/PLAIN/balance');
  expect(body.locations).toMatchObject([
    { location: 'MAIN', onHand: 10.25 },
    { location: 'SHOP', onHand: 0 },
  ]);
});
