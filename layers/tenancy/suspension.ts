import type pg from 'pg';
import * as z from 'zod';
import { boundedText } from '#platform/text/bounded-text.ts';
import { foundOrganization, type OperatedOrganization, operatedColumns } from './organizations.ts';

/** A body may be left out: in an emergency, suspending must be quick. */
export const Suspend = z
  .strictObject({
    /** For operators only: the suspended organization does not see it. */
    reason: boundedText(500).optional(),
  })
  .default({});

/**
 * Suspends an organization: every credential of it is refused from the next transaction on. To suspend it again changes
 * only the reason, when another one is given. `admin` is a connection as stockade_admin.
 * @param reason for operators, at most 500 characters
 * @throws NotFound when there is no such organization
 */
export async function suspendOrganization(
  admin: pg.ClientBase,
  slug: string,
  reason?: string,
): Promise<OperatedOrganization> {
  const { rows } = await admin.query<OperatedOrganization>(
    `update tenancy.organizations
     set status = 'suspended',
         suspended_at = case when status = 'suspended' then suspended_at else now() end,
         suspension_reason = coalesce($2, suspension_reason)
     where slug = $1
     returning ${operatedColumns}`,
    [slug, reason ?? null],
  );
  return foundOrganization(rows, slug);
}

/**
 * Lets a suspended organization work again, from the next transaction on. An active one stays as it is.
 * `admin` is a connection as stockade_admin.
 * @throws NotFound when there is no such organization
 */
export async function resumeOrganization(admin: pg.ClientBase, slug: string): Promise<OperatedOrganization> {
  const { rows } = await admin.query<OperatedOrganization>(
    `update tenancy.organizations
     set status = 'active', suspended_at = null, suspension_reason = null
     where slug = $1
     returning ${operatedColumns}`,
    [slug],
  );
  return foundOrganization(rows, slug);
}
