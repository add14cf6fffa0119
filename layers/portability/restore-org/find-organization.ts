import type pg from 'pg';
import { readErasures } from '#recovery/erasures.ts';
import { PortabilityError } from '../portability-error.ts';

/** The organization that is meant: its id, and what production knows of it. */
export interface FoundOrganization {
  readonly id: string;
  /** Undefined when production has lost it. */
  readonly there: { readonly slug: string; readonly status: string } | undefined;
}

/** An organization as a database knows it. */
export interface Organization {
  readonly id: string;
  readonly slug: string;
  readonly status: string;
}

/**
 * Finds an organization by the slug it has in production, or, when nobody has that there, had in the copy. Slugs change
 * hands; ids never do.
 * @throws PortabilityError when the slug means two organizations, or one that the copy lacks or that was erased on purpose
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
      'Take a copy of a time at which it was there.',
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

/** @throws PortabilityError when an organization that is to be replaced is not suspended */
export function refuseWorking({ slug, status }: Pick<Organization, 'slug' | 'status'>): void {
  if (status === 'suspended') return;
  throw new PortabilityError(
    `${slug} is ${status}: what it does meanwhile would be lost`,
    `Suspend it: npm run org:suspend -- --org ${slug}. Or see what differs with --dry-run.`,
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
    `${slug} is ${present} in production and ${past} in the copy: two organizations`,
    today
      ? `The one in the copy is called ${today.slug} today: name it by that.`
      : 'The one in the copy can come back under another slug: npm run org:export from the copy, and npm run org:import -- --slug NEW.',
  );
}

async function refuseErased(admin: pg.ClientBase, id: string, slug: string): Promise<void> {
  const erasedAt = (await readErasures(admin)).get(id);
  if (!erasedAt) return;
  throw new PortabilityError(
    `${slug} was erased at ${erasedAt.toISOString()}, on purpose: a backup is no way around that`,
    'If it was a mistake, import the export that was its receipt: npm run org:import.',
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
