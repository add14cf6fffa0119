import { withRole } from '../../cli/database/connect.ts';
import { CommandError } from '../../cli/failure.ts';

export interface Organization {
  readonly id: string;
  readonly slug: string;
}

/** The organization with this slug, or all of them, ordered by slug. @throws CommandError when the slug is unknown */
export async function findOrganizations(
  databaseUrl: string,
  slug: string | undefined,
): Promise<Organization[]> {
  const found = await withRole(databaseUrl, 'stockade_admin', async (admin) => {
    const { rows } = await admin.query<Organization>(
      'select id, slug from tenancy.organizations where $1::text is null or slug = $1 order by slug',
      [slug ?? null],
    );
    return rows;
  });
  if (slug !== undefined && found.length === 0) {
    throw new CommandError(`there is no organization ${JSON.stringify(slug)}`, 'See `npm run org:list`.');
  }
  return found;
}
