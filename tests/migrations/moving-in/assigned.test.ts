import { expect, test } from 'vitest';
import { openMovingWorld } from './moving-world.ts';

const world = openMovingWorld();

const decisions = {
  organization: { slug: 'shop', name: 'Shop' },
  roles: [
    { email: 'ann@example.com', organization: 'shop', role: 'admin' },
    { email: 'bob@example.com', organization: 'shop', role: 'viewer' },
    { email: 'bob@example.com', organization: 'farm', role: 'clerk' },
  ],
  assignments: [
    { table: 'items', column: 'unit', value: 'each', organization: 'shop' },
    { table: 'items', column: 'unit', value: 'box', organization: 'farm' },
    { table: 'locations', column: 'name', value: 'MAIN', organization: 'shop' },
    { table: 'locations', column: 'name', value: 'BARN', organization: 'farm' },
  ],
  codes: [
    { table: 'items', code: 'M8/40', becomes: 'M8-40', line: 2 },
    { table: 'locations', code: 'BARN', becomes: 'BARN 1', line: 3 },
  ],
} as const;

test('rows go to several organizations by a column, and a location of another organization is named', async () => {
  const { shop, superuser } = world;
  await shop.addUser('ann@example.com');
  await shop.addUser('bob@example.com');
  await shop.addItem('BOLT');
  await shop.addItem('M8/40');
  await shop.copyItem('EGGS', 'Eggs');
  await shop.addLocation('MAIN');
  await shop.addLocation('BARN');
  await shop.receive('BOLT', 'MAIN', 10);
  await shop.receive('EGGS', 'BARN', 12);
  const crossing = await shop.receive('EGGS', 'MAIN', 6);

  await expect(world.moveOrganizations(decisions)).rejects.toMatchObject({
    message: expect.stringMatching(
      /movements [0-9a-f-]{36} \(.*\): the item and the location of a movement belong to one organization/,
    ),
    remedy: expect.stringContaining('Assign both to the same organization.'),
  });
  await shop.remove(crossing);
  await world.moveOrganizations(decisions);
  const organizationOf = async (sku: string) => {
    const { rows } = await superuser.query(
      `select array_agg(distinct o.slug) as of
       from tenancy.organizations o
       join (
         select org_id from inventory.items where sku = $1
         union all
         select m.org_id from inventory.movements m join inventory.items i on i.id = m.item_id where i.sku = $1
       ) as t on t.org_id = o.id`,
      [sku],
    );
    return rows[0].of;
  };
  expect(await organizationOf('BOLT')).toEqual(['shop']);
  expect(await organizationOf('EGGS')).toEqual(['farm']);
  // The old program goes on, and its rows find their organization.
  await shop.copyItem('MILK', 'Milk');
  await shop.receive('MILK', 'BARN', 3);
  expect(await organizationOf('MILK')).toEqual(['farm']);
  await shop.addLocation('CART');
  // The old program goes on, and may do again what the check has refused.
  const crossingLater = await shop.receive('EGGS', 'MAIN', 6);

  await expect(world.moveBalances()).rejects.toMatchObject({
    message: expect.stringMatching(
      /locations [0-9a-f-]{36} \(CART\): each value of locations\.name has an organization\n {2}movements [0-9a-f-]{36} \(EGGS at MAIN\): the location of a movement belongs/,
    ),
    remedy: expect.stringContaining('--assign'),
  });
  await shop.remove(crossingLater);
  await shop.receive('EGGS', 'CART', 2);
  await world.moveOrganizations({
    assignments: [
      ...decisions.assignments,
      { table: 'locations', column: 'name', value: 'CART', organization: 'farm' },
    ],
  });
  await world.moveBalances();

  // Nobody becomes a member by silence, at the last moment neither.
  await shop.addUser('eve@example.com');
  await expect(world.moveRest()).rejects.toMatchObject({
    message: expect.stringContaining('(eve@example.com): each user has a role in an organization'),
    remedy: 'Add a line for this user to the file of --roles.',
  });
  expect(await shop.stock('BOLT', 'MAIN')).toBe(10);
  await shop.deleteUser('eve@example.com');
  await world.moveRest();

  const { rows: members } = await superuser.query(
    `select o.slug, u.email, m.role
     from tenancy.memberships m
     join tenancy.organizations o on o.id = m.org_id
     join tenancy.users u on u.id = m.user_id
     order by o.slug, u.email`,
  );
  expect(members).toEqual([
    { slug: 'farm', email: 'bob@example.com', role: 'clerk' },
    { slug: 'shop', email: 'ann@example.com', role: 'admin' },
    { slug: 'shop', email: 'bob@example.com', role: 'viewer' },
  ]);
  const { rows: aliases } = await superuser.query(
    `select o.slug, a.alias, i.sku as code
     from inventory.item_aliases a
     join tenancy.organizations o on o.id = a.org_id
     join inventory.items i on i.org_id = a.org_id and i.id = a.item_id
     union all
     select o.slug, a.alias, l.code
     from inventory.location_aliases a
     join tenancy.organizations o on o.id = a.org_id
     join inventory.locations l on l.org_id = a.org_id and l.id = a.location_id`,
  );
  expect(aliases).toEqual([
    { slug: 'shop', alias: 'M8/40', code: 'M8-40' },
    { slug: 'farm', alias: 'BARN', code: 'BARN 1' },
  ]);
  const farm = await world.api('farm');
  const own = await world.api('shop');
  expect(await farm.onHand('EGGS')).toBe(14);
  expect(await farm.onHand('MILK')).toBe(3);
  expect((await farm.request('GET', '/v1/items/BOLT')).status).toBe(404);
  expect(await own.onHand('BOLT')).toBe(10);
  expect((await own.request('GET', '/v1/items/EGGS')).status).toBe(404);
});
