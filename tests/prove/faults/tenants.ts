import { randomUUID } from 'node:crypto';
import { withRole } from '#scripts/cli/database/connect.ts';
import type { Issuer } from '#scripts/local/issuer/issuer.ts';
import { createOrganization } from '#tenancy/organizations.ts';
import { assignUser } from '#tenancy/users.ts';
import { asJobs } from '../reconciliation/fixture.ts';
import type { Organization } from './journal.ts';
import { itemsOf, placesOf } from './requests.ts';

export const keyEnvironment = 'prove';

/** Creates organizations with items, locations and a user each. `adminUrl` is the URL for the superuser. */
export async function createTenants(
  adminUrl: string,
  issuer: Issuer,
  count: number,
): Promise<Organization[]> {
  const run = randomUUID().slice(0, 6);
  const created: Organization[] = [];
  for (let number = 0; number < count; number += 1) {
    const slug = `org-${run}-${number}`;
    const email = `clerk@${slug}.example`;
    const { id, apiKey } = await withRole(adminUrl, 'stockade_admin', async (admin) => {
      const organization = await createOrganization(admin, { slug, name: slug }, keyEnvironment);
      await assignUser(admin, { email, organization: slug, role: 'admin' });
      return organization;
    });
    const organization = { id, slug, apiKey, token: await issuer.issueToken({ email }) };
    await createObjects(adminUrl, organization);
    created.push(organization);
  }
  return created;
}

async function createObjects(adminUrl: string, organization: Organization): Promise<void> {
  await asJobs(adminUrl, async (jobs) => {
    await jobs.query('begin');
    await jobs.query('select tenancy.enter_as_job($1)', [organization.id]);
    for (const sku of itemsOf(organization))
      await jobs.query('select inventory.create_item($1)', [{ sku, name: sku }]);
    for (const code of placesOf(organization))
      await jobs.query('select inventory.create_location($1)', [{ code, name: code }]);
    await jobs.query('commit');
  });
}
