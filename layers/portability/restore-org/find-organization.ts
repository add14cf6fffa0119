import type pg from 'pg';
import { readErasures } from '#recovery/erasures.ts';
import { PortabilityError } from '../portability-error.ts';

/** The organization to restore: its id, and its state in production. */
export interface FoundOrganization {
  readonly id: string;
  /** Undefined when production has lost it. */
  readonly there: { readonly slug: string; readonly status: string } | undefined;
}

/** An organization in one database. */
export interface Organization {
  readonly id: string;
  readonly slug: string;
  readonly status: string;
}

/**
 * Finds an organization by its slug in production or, when no organization there has that slug, by its slug in the copy. A
 * slug can move from one organization to another; an id cannot.
 * @throws PortabilityError when the slug belongs to two organizations, or the organization is not in the copy or was erased
 */
export async function findOrganization(
  copyAdmin: pg.ClientBase,
  admin: pg.ClientBase,
  slug: string,
): Promise<FoundOrganization> {
  const [past, present] = await Promise.all([bySlug(copyAdmin, slug), bySlug(admin, slug)]);
  if (past && present && past.id !== present.id)
    throw await twoOrganizations(admin, slug, past.id, present.id);
  const id = (present ?? past)?.id;
  if (id === undefined || !(past ?? (await byId(copyAdmin, id)))) {
    throw new PortabilityError(
      `the copy has no organization ${JSON.stringify(slug)}`,
      'Take a copy from a time at which it existed.',
    );
  }
  const there = present ?? (await byId(admin, id));
  if (!there) await refuseErased(admin, id, slug);
  return { id, there };
}

/** The organization that has the slug in production. `admin` is a connection as stockade_admin. */
export function organizationOfToday(admin: pg.ClientBase, slug: string): Promise<Organization | undefined> {
  return bySlug(admin, slug);
}

/** @throws PortabilityError when an organization that will be replaced is not suspended */
export function refuseWorking({ slug, status }: Pick<Organization, 'slug' | 'status'>): void {
  if (status === 'suspended') return;
  throw new PortabilityError(
    `${slug} is ${status}: everything it posts meanwhile would be lost`,
    `Suspend it: npm run org:suspend -- --org ${slug}. Or preview the difference with --dry-run.`,
  );
}

async function twoOrganizations(
  admin: pg.ClientBase,
  slug: string,
  past: string,
  present: string,
): Promise<PortabilityError> {
  const today = await byId(admin, past);
  return new PortabilityError(
    `the slug ${slug} belongs to two organizations: ${present} in production and ${past} in the copy`,
    today
      ? `In production, the one in the copy has the slug ${today.slug}: use that slug.`
      : 'You can bring the one in the copy back with another slug: npm run org:export from the copy, and npm run org:import -- --slug NEW.',
  );
}

async function refuseErased(admin: pg.ClientBase, id: string, slug: string): Promise<void> {
  const erasedAt = (await readErasures(admin)).get(id);
  if (!erasedAt) return;
  throw new PortabilityError(
    `${slug} was erased on purpose at ${erasedAt.toISOString()}: a backup must not undo that`,
    'If it was a mistake, import the export whose manifest was the receipt: npm run org:import.',
  );
}

async function bySlug(admin: pg.ClientBase, slug: string): Promise<Organization | undefined> {
  const { rows } = await admin.query<Organization>(
    'select id, slug, status from tenancy.organizations where slug = $1',
    [slug],
  );
  return rows[0];
}

async function byId(admin: pg.ClientBase, id: string): Promise<Organization | undefined> {
  const { rows } = await admin.query<Organization>(
    'select id, slug, status from tenancy.organizations where id = $1',
    [id],
  );
  return rows[0];
}
