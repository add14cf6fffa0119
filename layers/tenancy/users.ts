import type pg from 'pg';
import { NotFound } from '#platform/errors.ts';
import { type Page, type PageRequest, toPage } from '#platform/page.ts';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { listInTenant } from './scope.ts';
import type { Tenant } from './tenant.ts';

export const roles = ['viewer', 'clerk', 'admin'] as const;

/** What a member may do: `viewer` reads, `clerk` also posts, `admin` also manages keys and members. */
export type MemberRole = (typeof roles)[number];

export interface Assignment {
  readonly userId: string;
  readonly email: string;
  readonly organization: string;
  readonly role: MemberRole;
  /** Whether this assignment created the user. */
  readonly created: boolean;
}

/** A user as the organization that asks knows them. */
export interface Member {
  readonly id: string;
  readonly email: string;
  readonly name: string | null;
  readonly role: MemberRole;
  /** When the membership began. */
  readonly since: string;
}

/** The members of the organization that asks, by email. */
export async function listMembers(tenant: Tenant, { limit, after }: PageRequest): Promise<Page<Member>> {
  const members = await listInTenant<Member>(tenant, 'tenancy.list_members', [limit + 1, after?.[0] ?? null]);
  return toPage(members, limit, ({ email }) => [email]);
}

/**
 * Adds a user to an organization, or changes the member's role. Creates the user when there is none.
 * Doing it twice changes nothing. `admin` is a connection as stockade_admin.
 * @param assignment its address in the form of `canonicalEmail`
 * @throws NotFound when there is no such organization
 */
export async function assignUser(
  admin: pg.ClientBase,
  assignment: { email: string; organization: string; role: MemberRole; name?: string },
): Promise<Assignment> {
  const { email } = assignment;
  return await inTransaction(admin, async () => {
    const organization = await admin.query<{ id: string }>(
      'select id from tenancy.organizations where slug = $1',
      [assignment.organization],
    );
    const orgId = organization.rows[0]?.id;
    if (!orgId) throw new NotFound(`organization "${assignment.organization}"; see npm run org:list`);

    const inserted = await admin.query<{ id: string }>(
      'insert into tenancy.users (email, name) values ($1, $2) on conflict (email) do nothing returning id',
      [email, assignment.name ?? null],
    );
    const created = inserted.rows.length > 0;
    const user = created
      ? inserted
      : await admin.query<{ id: string }>('select id from tenancy.users where email = $1', [email]);
    const userId = user.rows[0]?.id;
    if (!userId) throw new Error(`the user ${email} was deleted at the same time: run it again`);

    await admin.query(
      `insert into tenancy.memberships (org_id, user_id, role) values ($1, $2, $3)
       on conflict (org_id, user_id) do update set role = excluded.role`,
      [orgId, userId, assignment.role],
    );
    return { userId, email, organization: assignment.organization, role: assignment.role, created };
  });
}
