import type pg from 'pg';

/** The number of names that are returned for one. */
const mostReturned = 10;

/**
 * The slugs of other organizations that look like this one. `admin` is a connection as stockade_admin.
 * @param others slugs that are compared as well, although no organization has them yet
 */
export async function slugsLike(
  admin: pg.ClientBase,
  slug: string,
  others: readonly string[] = [],
): Promise<string[]> {
  const { rows } = await admin.query<{ slug: string }>(
    `select slug
     from (select slug from tenancy.organizations union select unnest($2::text[])) as present
     where slug <> $1 and tenancy.appearance(slug) = tenancy.appearance($1)
     order by slug limit ${mostReturned}`,
    [slug, others],
  );
  return rows.map(({ slug: alike }) => alike);
}

/** The addresses of other members of an organization that look like this one. */
export async function membersLike(
  admin: pg.ClientBase,
  { organization, email }: { readonly organization: string; readonly email: string },
): Promise<string[]> {
  const { rows } = await admin.query<{ email: string }>(
    `select u.email
     from tenancy.organizations o
     join tenancy.memberships m on m.org_id = o.id
     join tenancy.users u on u.id = m.user_id
     where o.slug = $1 and u.email <> $2 and tenancy.appearance(u.email) = tenancy.appearance($2)
     order by u.email limit ${mostReturned}`,
    [organization, email],
  );
  return rows.map(({ email: alike }) => alike);
}
