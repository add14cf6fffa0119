import type { Client } from 'pg';
import { CommandError } from '../cli/failure.ts';

/**
 * Finds an organization by its slug. `admin` is connected as stockade_admin.
 * @throws CommandError when there is none
 */
export async function findOrganization(
  admin: Client,
  slug: string,
): Promise<{ readonly id: string; readonly slug: string }> {
  const { rows } = await admin.query<{ id: string; slug: string }>(
    'select id, slug from tenancy.organizations where slug = $1',
    [slug],
  );
  if (rows[0]) return rows[0];
  throw new CommandError(`there is no organization ${JSON.stringify(slug)}`, 'See `npm run org:list`.');
}
