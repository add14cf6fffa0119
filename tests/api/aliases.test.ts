import { beforeAll, describe, expect, test } from 'vitest';
import { deadlocksIn } from '#tests/deadlocks.ts';
import { doesNotFit } from '#tests/ledger/answers.ts';
import { type Answer, type Caller, openWorld } from '#tests/world.ts';
import { holdLock } from './held-lock.ts';
import { expectProblem, notFound } from './problem-document.ts';

const world = openWorld();
let acme: Caller;
let globex: Caller;

beforeAll(async () => {
  [acme, globex] = [await world.createOrganization(), await world.createOrganization()];
  for (const one of [acme, globex]) {
    await one.request('POST', '/v1/items', { sku: 'BOLT', name: 'Bolt', aliases: ['M8/40', 'B-OLD'] });
    await one.request('POST', '/v1/locations', { code: 'MAIN', name: 'Main', aliases: ['HQ'] });
    await one.location('SHOP');
    await one.item('NUT');
  }
});

const kinds = [
  { path: '/v1/items', code: 'sku' },
  { path: '/v1/locations', code: 'code' },
] as const;
let made = 0;
const fresh = () => `A-${++made}`;
const taken = (code: string) =>
  `The code "${code}" is in use already, as a code or as an alias: choose another one, or take it away there first.`;
const refused = ({ status, body }: Answer) => [status, body.code, body.detail];

describe.each(kinds)('the aliases of $path', ({ path, code }) => {
  const create = (more: object) => acme.request('POST', path, { name: 'X', ...more });
  const get = (name: string) => acme.request('GET', `${path}/${encodeURIComponent(name)}`);
  const patch = (name: string, body: object) =>
    acme.request('PATCH', `${path}/${encodeURIComponent(name)}`, body);

  test('are shown in order, and replaced as a whole', async () => {
    const [one, two, three] = [fresh(), fresh(), fresh()];
    const created = await create({ [code]: one, aliases: [three, two] });
    expect([created.status, created.body.aliases]).toEqual([201, [two, three]]);
    expect((await get(one)).body).toEqual(created.body);
    expect((await patch(one, { name: 'Y' })).body.aliases).toEqual([two, three]);
    const four = fresh();
    expect((await patch(two, { aliases: [four, three, three] })).body.aliases).toEqual([four, three].sort());
    expect((await get(two)).status).toBe(404);
    expect((await patch(one, { aliases: [] })).body.aliases).toEqual([]);
    expect((await get(four)).status).toBe(404);
  });

  test('find it in every path, and the answer has its code', async () => {
    const [one, two] = [fresh(), fresh()];
    const { body } = await create({ [code]: one, aliases: [two] });
    expect((await get(two)).body).toEqual(body);
    const listed = await acme.request('GET', `${path}?${code}=${two}`);
    expect(listed.body).toEqual({ data: [body], nextCursor: null });
    expect((await patch(two, { name: 'Y' })).body).toMatchObject({ [code]: one, name: 'Y' });
    expect((await acme.request('DELETE', `${path}/${two}`)).status).toBe(204);
    expect((await get(one)).status).toBe(404);
    expect((await create({ [code]: two })).status).toBe(201);
  });

  test('a new code keeps the old one only when it is sent', async () => {
    const [one, two, three] = [fresh(), fresh(), fresh()];
    await create({ [code]: one });
    expect((await patch(one, { [code]: two })).body.aliases).toEqual([]);
    expect((await get(one)).status).toBe(404);
    expect((await patch(two, { [code]: three, aliases: [two] })).body.aliases).toEqual([two]);
    // And back: an alias that becomes the code is an alias no longer.
    expect((await patch(three, { [code]: two })).body).toMatchObject({ [code]: two, aliases: [] });
  });

  test('of a form that no code has stay when they are sent back, and come no second time', async () => {
    const [one, two] = [fresh(), fresh()];
    const { body } = await create({ [code]: one, aliases: [two] });
    const odd = [`${one}\u200b`, `E\u0301${one}`];
    const [table, id] = code === 'sku' ? ['item_aliases', 'item_id'] : ['location_aliases', 'location_id'];
    const superuser = await world.superuser();
    await superuser.query(
      `insert into inventory.${table} (org_id, alias, ${id}) select $1, alias, $2 from unnest($3::text[]) as alias`,
      [acme.id, body.id, odd],
    );
    const shown = (await get(one)).body.aliases;
    expect(shown).toEqual([two, ...odd].sort());
    const more = [...shown, `O\u0301${one}`];
    const expected = [...shown, `\u00d3${one}`].sort();
    expect((await patch(one, { aliases: more })).body.aliases).toEqual(expected);
    expect((await patch(one, { aliases: [] })).body.aliases).toEqual([]);
    const id64 = '00000000-0000-7000-8000-000000000000';
    const again = await patch(one, { aliases: [two, odd[0], odd[1], id64] });
    expect([again.status, again.body.errors]).toEqual([
      400,
      [
        {
          field: 'aliases[1]',
          message: `must not contain U+200B ZERO WIDTH SPACE after ${JSON.stringify(one)}: remove it`,
        },
        {
          field: 'aliases[3]',
          message: 'must not have the form of an id, which names an item or a location by itself',
        },
      ],
    ]);
  });

  test('no code names two, in whatever order', async () => {
    const [one, two, three, four] = [fresh(), fresh(), fresh(), fresh()];
    await create({ [code]: one, aliases: [two] });
    await create({ [code]: three });
    const conflicts: [Answer, string][] = [
      [await create({ [code]: two }), two],
      [await create({ [code]: four, aliases: [one] }), one],
      [await create({ [code]: four, aliases: [two] }), two],
      [await create({ [code]: four, aliases: [four] }), four],
      [await patch(three, { [code]: two }), two],
      [await patch(three, { aliases: [four, two] }), two],
      [await patch(three, { aliases: [three] }), three],
      [await patch(one, { aliases: [two, three] }), three],
    ];
    for (const [answer, name] of conflicts)
      expect(refused(answer)).toEqual([409, 'already_exists', taken(name)]);
    expect((await get(one)).body.aliases).toEqual([two]);
    expect((await get(three)).body.aliases).toEqual([]);
    expect((await get(four)).status).toBe(404);
    // Another organization has codes of its own.
    const theirs = await globex.request('POST', path, { [code]: two, name: 'X', aliases: [one] });
    expect(theirs.status).toBe(201);
  });

  test('nor when both are given at the same time: one of the two succeeds', async () => {
    for (let round = 0; round < 10; round += 1) {
      const [one, both, other] = [fresh(), fresh(), fresh()];
      await create({ [code]: one });
      const answers = await Promise.all([
        create({ [code]: both }),
        patch(one, { aliases: [both] }),
        create({ [code]: other, aliases: [both] }),
      ]);
      expect(answers.filter(({ status }) => status < 300)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 409)).toHaveLength(2);
    }
  });

  test('those of another organization, and its ids, are as unknown as what never was', async () => {
    const one = fresh();
    const { body } = await globex.request('POST', path, { [code]: fresh(), name: 'X', aliases: [one] });
    const never = '0197b1f2-6c1e-7a30-9d2f-3a5e0c7b1d42';
    const noun = path === '/v1/items' ? 'item' : 'location';
    for (const name of [one, body.id, never]) {
      expectProblem(await get(name), notFound(`${noun} "${name}"`));
      expectProblem(await patch(name, { name: 'Mine' }), notFound(`${noun} "${name}"`));
      expectProblem(await acme.request('DELETE', `${path}/${name}`), notFound(`${noun} "${name}"`));
    }
    expect((await globex.request('GET', `${path}/${body.id}`)).body).toEqual(body);
  });
});

test.each([
  { path: '/v1/items', code: 'sku', lock: 7326 },
  { path: '/v1/locations', code: 'code', lock: 7327 },
])('writers of codes and aliases of $path at the same time do not deadlock', async ({ path, code, lock }) => {
  const other = fresh();
  await acme.request('POST', path, { [code]: other, name: 'X' });
  // Somebody writes a code. The writers of aliases wait for it.
  const held = await holdLock(
    world.adminUrl,
    `select pg_advisory_xact_lock_shared(hashtextextended('${acme.id}', ${lock}))`,
  );
  const writes = [
    ...[1, 2, 3].map(() =>
      acme.request('POST', path, { [code]: fresh(), name: 'X', aliases: [fresh(), fresh()] }),
    ),
    acme.request('PATCH', `${path}/${other}`, { [code]: fresh(), aliases: [other] }),
  ];
  await held.waiting(writes.length);
  await held.release();
  expect((await Promise.all(writes)).map(({ status }) => status)).toEqual([201, 201, 201, 200]);
  expect(await deadlocksIn(world.adminUrl)).toBe(0);
});

describe('an alias in a posting', () => {
  test('moves the item that it names, and the answer has the SKU and the code', async () => {
    const posted = await acme.post('receipt', { sku: 'M8/40', location: 'HQ', quantity: 5 });
    expect(posted.body.lines).toMatchObject([{ sku: 'BOLT', location: 'MAIN', balance: { onHand: 5 } }]);
    const moved = await acme.request('POST', '/v1/transfers', {
      from: 'HQ',
      to: 'SHOP',
      lines: [{ sku: 'B-OLD', quantity: 2 }],
    });
    expect(moved.body.lines).toMatchObject([
      { sku: 'BOLT', location: 'MAIN', quantity: -2 },
      { sku: 'BOLT', location: 'SHOP', quantity: 2 },
    ]);
    const lines = [{ sku: 'B-OLD', quantity: 1 }];
    expectProblem(
      await acme.request('POST', '/v1/transfers', { from: 'MAIN', to: 'HQ', lines }),
      doesNotFit(['to', 'is where the transfer takes this stock from: name another location']),
    );
    expect((await acme.request('GET', '/v1/items/B-OLD/balance')).body).toMatchObject({
      sku: 'BOLT',
      onHand: 5,
      locations: [{ location: 'MAIN' }, { location: 'SHOP' }],
    });
    for (const list of ['balances', 'movements']) {
      const { body } = await acme.request('GET', `/v1/${list}?sku=M8%2F40&location=HQ`);
      expect(
        new Set(body.data.map((row: { sku: string; location: string }) => row.sku + row.location)),
      ).toEqual(new Set(['BOLTMAIN']));
      expect((await acme.request('GET', `/v1/${list}?sku=NONE`)).body.data).toEqual([]);
    }
  });

  test('counts with the SKU: two names of one item are summed before the check', async () => {
    const answer = await globex.request('POST', '/v1/movements', {
      kind: 'adjustment',
      lines: [
        { sku: 'BOLT', location: 'MAIN', quantity: -3 },
        { sku: 'M8/40', location: 'HQ', quantity: 4 },
        { sku: 'NUT', location: 'HQ', quantity: -1 },
      ],
    });
    expect([answer.status, answer.body.lines]).toEqual([
      409,
      [{ sku: 'NUT', location: 'MAIN', lot: null, available: 0, requested: 1 }],
    ]);
    const whole = await globex.request('POST', '/v1/movements', {
      kind: 'adjustment',
      lines: [
        { sku: 'BOLT', location: 'MAIN', quantity: -3, expectedVersion: 0 },
        { sku: 'M8/40', location: 'HQ', quantity: 4, expectedVersion: 0 },
      ],
    });
    expect([whole.status, whole.body.lines?.[0]?.balance.onHand]).toEqual([201, 1]);
  });

  test('beside a name of nothing is no fault: only the other line is named', async () => {
    const answer = await acme.request('POST', '/v1/movements', {
      kind: 'receipt',
      lines: [
        { sku: 'M8/40', location: 'HQ', quantity: 1 },
        { sku: 'NONE', location: 'HQ', quantity: 1 },
        { sku: 'B-OLD', location: 'NOWHERE', quantity: 1 },
      ],
    });
    expect([answer.status, answer.body.errors]).toEqual([
      422,
      [
        { field: 'lines[1].sku', message: 'there is no item with the SKU "NONE"' },
        { field: 'lines[2].location', message: 'there is no location with the code "NOWHERE"' },
      ],
    ]);
  });
});
