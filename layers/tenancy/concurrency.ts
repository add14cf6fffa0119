import type pg from 'pg';
import { foundOrganization, type OperatedOrganization, operatedColumns } from './organizations.ts';

/** The bounds of {@link limitOrganization}. The column has them too. */
export const concurrencyBounds = { min: 1, max: 1_000 } as const;

/**
 * Sets how many requests of an organization may be under way at once, from the next one on. `admin` is a connection as
 * stockade_admin.
 * @throws NotFound when there is no such organization
 */
export async function limitOrganization(
  admin: pg.ClientBase,
  slug: string,
  requests: number,
): Promise<OperatedOrganization> {
  const { rows } = await admin.query<OperatedOrganization>(
    `update tenancy.organizations set max_concurrency = $2 where slug = $1 returning ${operatedColumns}`,
    [slug, requests],
  );
  return foundOrganization(rows, slug);
}
