import type pg from 'pg';

/**
 * Slugs and addresses are ASCII in lower case, so what looks like one of another script was refused already. In ASCII these
 * look alike (Unicode's confusables.txt): m and rn, 0 and o, 1 and l.
 */
const appearance = (text: string) => `translate(replace(${text}, 'm', 'rn'), '01', 'ol')`;

/** The slugs of other organizations that look like this one. `admin` is a connection as stockade_admin. */
export async function slugsLike(admin: pg.ClientBase, slug: string): Promise<string[]> {
  const { rows } = await admin.query<{ slug: string }>(
    `select slug from tenancy.organizations
     where slug <> $1 and ${appearance('slug')} = ${appearance('$1::text')}
     order by slug limit 10`,
    [slug],
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
     where o.slug = $1 and u.email <> $2 and ${appearance('u.email')} = ${appearance('$2::text')}
     order by u.email limit 10`,
    [organization, email],
  );
  return rows.map(({ email: alike }) => alike);
}
