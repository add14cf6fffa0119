import { expect, inject, test } from 'vitest';
import { seedOf } from '../prepared-cluster.ts';
import { cloneDatabase } from '../prove/clone.ts';
import { startProvingCluster } from '../prove/cluster.ts';
import { runInjections } from '../prove/isolation/injection/injection.ts';

/** Left to `npm run prove:isolation`: each column alone, further arguments and ways to wait, both ways to inject. */
const repetitive =
  /^(read|update) \w+\.\w+\.\w+$|, variant [23]$|, with value \d of argument \d+ alone$|^sleep|^a join|^(delete from|copy|hand our rows of) /;

/** A third of each sort: of the names, those whose characters add up to a multiple of three. The rest is left to it too. */
const isSampled = (name: string) => [...name].reduce((sum, each) => sum + each.charCodeAt(0), 0) % 3 === 0;

test.each([
  ['call of a function', 30, 'nobody works', (name: string) => name.startsWith('call ')],
  ['other statement', 80, 'somebody works', (name: string) => !name.startsWith('call ')],
] as const)(
  'no %s that is injected sees or changes a row of another organization, keeps another one waiting, stays behind or outlives its request',
  async (_, least, meanwhile, isOne) => {
    await using clone = await cloneDatabase(inject('clusterUrl'), inject('templateDatabase'));
    const { injections, breaches } = await runInjections(clone.url, {
      ways: 'one each',
      meanwhile,
      only: (name) => isOne(name) && isSampled(name) && !repetitive.test(name),
    });
    expect(breaches).toEqual([]);
    expect(injections).toBeGreaterThan(least);
  },
  180_000,
);

test.each([
  [
    'the policies are missing',
    `drop policy tenant on inventory.items;
     create policy tenant on inventory.items using (true)`,
    /inventory\.items|item/,
  ],
  ['a table without a policy is readable', 'grant select on tenancy.users to stockade_api', /tenancy\.users/],
  [
    'a function that reads obeys no policy',
    `alter function inventory.list_items(integer, text, text) owner to stockade_ledger;
     grant execute on function inventory.item_json(inventory.items) to stockade_ledger;
     grant execute on function tenancy.require_page(integer) to stockade_ledger`,
    /list_items/,
  ],
])(
  'the injection sees it when %s',
  async (_, hole, about) => {
    await using clone = await cloneDatabase(inject('clusterUrl'), inject('templateDatabase'));
    await clone.run(hole);
    const { breaches } = await runInjections(clone.url, {
      until: 'first breach',
      only: (name) => about.test(name) && !repetitive.test(name),
    });
    expect(breaches).not.toEqual([]);
  },
  120_000,
);

test('a stacked statement or a block that shows rows is seen, although the handler answers with none of them', async () => {
  await using clone = await cloneDatabase(inject('clusterUrl'), inject('templateDatabase'));
  await clone.run('alter table inventory.items disable row level security');
  const asked = /^rows of a stacked statement$|^a block that (prints|fails with) rows$/;
  const { breaches } = await runInjections(clone.url, {
    // On a server of our own, blocks are refused.
    server: 'rds',
    ways: 'one each',
    only: (name) => asked.test(name),
  });
  expect(new Set(breaches.filter(({ kind }) => kind === 'seen').map(({ attack }) => attack)).size).toBe(3);
}, 60_000);

test('with the functions open that RDS leaves open, sessions are ended and locks held, and nothing is seen, changed or outlived', async () => {
  // A server of its own: sessions of other tests are of the same role, and would end with the others.
  await using cluster = await startProvingCluster(seedOf(inject('preparedCluster')));
  await using clone = await cloneDatabase(cluster.clusterUrl, cluster.template);
  const asked = /^terminate the others$|^the slots of the others$|^a block that (prints|writes to every)/;
  const { injections, breaches, remains } = await runInjections(clone.url, {
    server: 'rds',
    ways: 'one each',
    meanwhile: 'somebody works',
    only: (name) => asked.test(name),
  });
  expect([injections, breaches]).toEqual([4, []]);
  const kinds = new Set(remains.map(({ kind }) => kind));
  expect([kinds.has('harmed others'), kinds.has('left behind')]).toEqual([true, true]);
}, 60_000);
