import { expect, test } from 'vitest';
import { openMovingWorld } from './moving-world.ts';

const world = openMovingWorld();

const organization = { slug: 'shop', name: 'Shop' };

test('decisions are kept, may be made again, and replaced; the default organization stays', async () => {
  await world.shop.addUser('ann@example.com');
  await world.shop.addUser('bob@example.com');
  await world.shop.addItem('A/');
  const roles = [
    { email: 'ann@example.com', organization: undefined, role: 'admin' },
    { email: 'bob@example.com', organization: undefined, role: 'clerk' },
  ] as const;
  await world.moveOrganizations({ organization, everyone: 'viewer', roles });
  expect(await world.status()).toMatchObject({
    next: 'balances',
    decisions: {
      organization: 'shop',
      others: [],
      everyone: 'viewer',
      roles: 2,
      usersWithoutRole: 0,
      assignments: 0,
      codes: 0,
    },
  });
  await world.moveOrganizations({});
  await world.moveOrganizations({
    organization,
    roles: roles.slice(0, 1),
    codes: [{ table: 'items', code: 'A/', becomes: 'A', line: 2 }],
  });
  expect((await world.status()).decisions).toMatchObject({ everyone: 'viewer', roles: 1, codes: 1 });
  await expect(
    world.moveOrganizations({ organization: { slug: 'other', name: 'Other' } }),
  ).rejects.toMatchObject({
    message: 'the default organization of this move is shop already',
    remedy: 'Leave --slug and --name out, or name that one.',
  });
});
