import { beforeAll, expect, test } from 'vitest';
import { type Caller, openWorld } from '#tests/world.ts';
import { held, letExpire, path } from './holds.ts';

const world = openWorld();
let acme: Caller;
/** By what they are, in the order in which they were made. */
const ids: Record<string, string> = {};

beforeAll(async () => {
  acme = await world.createOrganization();
  for (const code of ['MAIN', 'SHOP']) await acme.location(code);
  for (const sku of ['A', 'B', 'Z']) await acme.item(sku, { allowNegative: true });
  const line = (sku: string, location: string) => ({ sku, location, quantity: 1 });
  const make = async (name: string, lines: object[], more: object = {}) => {
    ids[name] = await held(acme, lines, more);
  };
  await make('aMain', [line('A', 'MAIN')], { reference: 'R1' });
  await make('committed', [line('A', 'SHOP')], { reference: 'R1' });
  await make('both', [line('A', 'SHOP'), line('B', 'MAIN'), line('A', 'SHOP')], { reference: 'R2' });
  await make('expired', [line('B', 'SHOP')], { reference: 'R1' });
  await make('released', [line('B', 'MAIN')]);
  await make('swept', [line('A', 'MAIN')]);
  await make('last', [line('B', 'MAIN')], { reference: 'R10' });
  await acme.request('POST', path(ids.committed as string, '/commit'), {});
  await acme.request('POST', path(ids.released as string, '/release'), {});
  await letExpire(world, ids.swept as string);
  const jobs = await world.connect('stockade_jobs');
  await jobs.query('begin');
  await jobs.query('select tenancy.enter_as_job($1)', [acme.id]);
  expect((await jobs.query('select inventory.expire_reservations(10) as n')).rows).toEqual([{ n: 1 }]);
  await jobs.query('commit');
  await letExpire(world, ids.expired as string);
  const globex = await world.createOrganization();
  await globex.item('A', { allowNegative: true });
  await globex.location('MAIN');
  await held(globex, [line('A', 'MAIN')], { reference: 'R1' });
});

const names = (data: readonly { id: string }[]) =>
  data.map(({ id }) => Object.entries(ids).find(([, own]) => own === id)?.[0] ?? id);

test.each([
  ['', ['last', 'swept', 'released', 'expired', 'both', 'committed', 'aMain']],
  ['sku=A', ['swept', 'both', 'committed', 'aMain']],
  ['sku=Z', []],
  ['sku=NONE', []],
  ['location=SHOP', ['expired', 'both', 'committed']],
  ['sku=B&location=MAIN', ['last', 'released', 'both']],
  ['sku=B&location=SHOP', ['expired']],
  ['reference=R1', ['expired', 'committed', 'aMain']],
  ['reference=R', []],
  ['state=open', ['last', 'both', 'aMain']],
  ['state=committed', ['committed']],
  ['state=released', ['released']],
  ['state=expired', ['swept', 'expired']],
  ['sku=A&state=open', ['both', 'aMain']],
  ['reference=R1&state=expired', ['expired']],
  ['reference=R1&sku=A&state=open', ['aMain']],
])('?%s', async (query, expected) => {
  const { status, body } = await acme.request('GET', `/v1/reservations?${query}`);
  expect([status, names(body.data), body.nextCursor]).toEqual([200, expected, null]);

  const paged: { id: string }[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const after: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const { body } = await acme.request('GET', `/v1/reservations?limit=1&${query}${after}`);
    paged.push(...body.data);
    cursor = body.nextCursor;
  }
  expect(names(paged)).toEqual(expected);
});

test('a reservation is listed as it is shown', async () => {
  const { body } = await acme.request('GET', '/v1/reservations');
  for (const one of body.data) {
    expect(one).toEqual((await acme.request('GET', path(one.id))).body);
  }
});

test.each([
  ['state=gone', 'state'],
  ['limit=0', 'limit'],
  ['limit=201', 'limit'],
  ['cursor=nonsense', 'cursor'],
  ['before=1', 'before'],
])('?%s is refused with the field', async (query, field) => {
  const { status, body } = await acme.request('GET', `/v1/reservations?${query}`);
  expect([status, body.errors?.[0]?.field]).toEqual([400, field]);
});

test('a page of long reservations ends earlier, and the list goes on where it ended', async () => {
  const globex = await world.createOrganization();
  await globex.item('A', { allowNegative: true });
  await globex.location('MAIN');
  const made: string[] = [];
  for (const count of [1, 600, 600, 1000, 3]) {
    const lines = Array.from({ length: count }, () => ({ sku: 'A', location: 'MAIN', quantity: 1 }));
    made.unshift(await held(globex, lines));
  }
  const pages: string[][] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const after: string = cursor === '' ? '' : `?cursor=${cursor}`;
    const { body } = await globex.request('GET', `/v1/reservations${after}`);
    pages.push(body.data.map(({ id }: { id: string }) => id));
    cursor = body.nextCursor;
  }
  expect(pages.map(({ length }) => length)).toEqual([1, 1, 1, 2]);
  expect(pages.flat()).toEqual(made);
});

test('a list with many others in between finds the few that fit', async () => {
  const globex = await world.createOrganization();
  await globex.item('A', { allowNegative: true });
  await globex.location('MAIN');
  const [oldest] = [
    await held(globex, [{ sku: 'A', location: 'MAIN', quantity: 1 }], { reference: 'FIRST' }),
  ];
  await (await world.superuser()).query(
    `with made as (
       insert into inventory.reservations (org_id, id, expires_at, created_at, actor, reference)
       select $1, inventory.new_id(), now() - interval '1 minute', now(), 'key:x', 'FIRST' from generate_series(1, 1200)
       returning org_id, id, expires_at
     )
     insert into inventory.reservation_lines (org_id, reservation_id, line, item_id, location_id, lot, quantity, held, expires_at)
     select org_id, id, 1, (select id from inventory.items where org_id = $1), (select id from inventory.locations where org_id = $1),
       '', 1, 1, expires_at
     from made`,
    [globex.id],
  );
  for (const query of [
    'state=open',
    'sku=A&state=open',
    'reference=FIRST&state=open',
    'location=MAIN&state=open',
  ]) {
    const found: string[] = [];
    let pages = 0;
    for (let cursor: string | null = ''; cursor !== null; pages += 1) {
      const after: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { body } = await globex.request('GET', `/v1/reservations?${query}${after}`);
      found.push(...body.data.map(({ id }: { id: string }) => id));
      cursor = body.nextCursor;
    }
    expect([found, pages]).toEqual([[oldest], 3]);
  }
});
