import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject } from 'vitest';
import type { PassKey } from '#platform/config.ts';
import { createPassKey } from '#scripts/local/issuer/trust.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { paths } from '#scripts/paths.ts';
import { parseApiKey, type Scope } from '#tenancy/credentials/api-keys.ts';
import { mintPass } from '#tenancy/credentials/passes.ts';
import { createOrganization } from '#tenancy/organizations.ts';
import type { Tenant } from '#tenancy/tenant.ts';
import { assignUser } from '#tenancy/users.ts';
import { cloneDatabase, onCluster } from '#tests/template.ts';
import { recordWire, type WireRecorder } from '#tests/wire/recorder.ts';

/** The tables of an application, as Prisma lays them out, after they were put behind the wall. */
const tables = await readFile(join(import.meta.dirname, 'shop.sql'), 'utf8');

/** An organization with two items, `<slug>-1` and `<slug>-2`, and the tag `<slug>-tag` on the first. */
export interface ShopOrganization {
  readonly id: string;
  readonly slug: string;
  readonly apiKey: string;
  /** Enters with the API key. */
  tenant(scope?: Scope, ...selectors: string[]): Tenant;
  /** Enters as a user, who belongs to this organization and to no other. */
  user(scope?: Scope): Tenant;
}

/** A database with the tables of a shop, and the login role of its application. */
export interface Shop {
  readonly superuser: pg.Client;
  readonly admin: pg.Client;
  readonly role: string;
  /** What the application says to the database. At the end of the file, whatever would pin RDS Proxy fails it. */
  readonly wire: WireRecorder;
  /** The application's URL, through the recorder. */
  readonly url: string;
  /** The application's URL, for statements that nobody may write. */
  readonly unrecordedUrl: string;
  organization(slug?: string): Promise<ShopOrganization>;
}

/** Gives the tests of a file a shop. Call it at the top of the file and use what it returns inside tests. */
export function openShop(): Shop {
  const unique = randomUUID().replaceAll('-', '');
  const database = `test_${unique}`;
  const role = `app_${unique}`;
  const adminUrl = new URL(inject('clusterUrl'));
  adminUrl.pathname = database;
  const url = new URL(adminUrl);
  url.username = role;
  url.password = 'shop';
  const passKey = createPassKey();
  const signing: PassKey = { id: passKey.id, secret: Buffer.from(passKey.secret, 'base64') };
  const superuser = new pg.Client(adminUrl.href);
  const admin = new pg.Client(loginUrl(adminUrl.href, 'stockade_admin'));
  let wire: WireRecorder;

  beforeAll(async () => {
    await cloneDatabase(database);
    await Promise.all([superuser.connect(), admin.connect()]);
    await superuser.query(tables);
    await superuser.query((await roleOfTheGuide()).replaceAll('shop_app', role));
    await superuser.query(`alter role ${role} password 'shop'`);
    await admin.query('select tenancy.set_pass_key($1, $2)', [signing.id, signing.secret]);
    wire = await recordWire(adminUrl.href);
  });

  afterAll(async () => {
    await Promise.all([superuser.end(), admin.end()]);
    await wire?.close();
    await onCluster(`drop database if exists ${database} with (force)`);
    await onCluster(`drop role if exists ${role}`);
    expect(await wire?.faults()).toEqual([]);
  });

  return {
    superuser,
    admin,
    role,
    get wire() {
      return wire;
    },
    get url() {
      return wire.through(url.href);
    },
    unrecordedUrl: url.href,
    async organization(slug = `org-${randomUUID().slice(0, 8)}`) {
      const { id, apiKey } = await createOrganization(admin, { slug, name: slug }, 'test');
      const email = `${slug}@example.com`;
      await assignUser(admin, { email, organization: slug, role: 'clerk' });
      await superuser.query(`select shop.plant($1, $2)`, [id, slug]);
      return {
        id,
        slug,
        apiKey,
        tenant: (scope = 'write', ...selectors) => ({
          credentials: { key: parseApiKey(apiKey, 'test'), selectors },
          scope,
        }),
        user: (scope = 'write') => ({
          credentials: { user: { pass: mintPass(email, signing), email, subject: email }, selectors: [slug] },
          scope,
        }),
      };
    },
  };
}

/** The statements with which the guide creates the role of an application, and a policy on each of its tables. */
async function roleOfTheGuide(): Promise<string> {
  const page = await readFile(join(paths.root, 'docs/adapters/README.md'), 'utf8');
  const [, role] = /```sql\n(create role shop_app .*?)```/s.exec(page) ?? [];
  const [, policy] = /```sql\n(create policy tenant_first on shop\."Item" .*?)```/s.exec(page) ?? [];
  if (!role || !policy)
    throw new Error('docs/adapters/README.md creates no role shop_app, or no policy for it');
  const policies = ['Item', 'Tag', '_ItemToTag'].map((table) => policy.replace('"Item"', `"${table}"`));
  return [role, ...policies].join('\n');
}
