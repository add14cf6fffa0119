import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { paths } from '#scripts/paths.ts';
import { assignUser } from '#tenancy/users.ts';
import { makeApplication, programOf, runProgram } from './pages.ts';
import { openShop } from './shop.ts';

const shop = openShop();
const secret = Buffer.alloc(32, 7);

beforeAll(async () => {
  await shop.organization('acme');
  await shop.organization('globex');
  await assignUser(shop.admin, { email: 'ada@example.com', organization: 'acme', role: 'clerk' });
  await shop.admin.query('select tenancy.set_pass_key($1, $2)', ['shop1', secret]);
});

beforeEach(() => shop.superuser.query(`delete from shop."Item" where id = 'tea'`));

const printed = `${JSON.stringify([
  { id: 'acme-1', name: 'acme-1' },
  { id: 'acme-2', name: 'acme-2' },
  { id: 'tea', name: 'Tea' },
])}\n`;
const environment = () => ({ DATABASE_URL: shop.url, PASS_KEY: secret.toString('base64') });

test.each([
  ['pg.md', ['pg']],
  ['drizzle.md', ['pg', 'drizzle-orm']],
  ['kysely.md', ['pg', 'kysely']],
])('the program of docs/adapters/%s runs in an application of its own', async (page, packages) => {
  await using application = await makeApplication(packages);
  expect(await runProgram(application.folder, await programOf(page), environment())).toBe(printed);
});

// `npm run test:adapters` installs Prisma.
if (process.env.STOCKADE_TEST_ADAPTERS === 'all') {
  test('the program of docs/adapters/prisma.md runs in an application of its own', async () => {
    const prisma = join(paths.data, 'prisma');
    await symlink(paths.root, join(prisma, 'node_modules/stockade')).catch(() => {});
    expect(await runProgram(prisma, await programOf('prisma.md'), environment())).toBe(printed);
  });
}
