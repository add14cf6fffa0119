import type pg from 'pg';
import * as z from 'zod';
import { NotFound, Problem } from '#platform/errors.ts';
import { type Page, type PageRequest, toPage } from '#platform/page.ts';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { boundedText } from '#platform/text/bounded-text.ts';
import { scopes } from './credentials/api-keys.ts';
import { addKey, type KeyRequest } from './credentials/operator-keys.ts';
import { callInTenant } from './scope.ts';
import type { Tenant } from './tenant.ts';
import { maxNameCharacters } from './text-limits.ts';

export interface Organization {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly status: 'active' | 'suspended';
  readonly createdAt: string;
}

/** An organization as operators see it. */
export interface OperatedOrganization extends Organization {
  readonly suspendedAt: string | null;
  readonly suspensionReason: string | null;
  /** How many of its requests may be under way at once. */
  readonly maxConcurrency: number;
}

export interface CreatedOrganization {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  /** Shown once: only its digest is kept. */
  readonly apiKey: string;
}

/** A DNS label in lower case. Not a UUID: a request that names the slug could mean the id of another organization. */
export const slugPattern =
  /^(?![0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** The name of an organization in URLs. */
export const Slug = z
  .string({ error: 'must be a string' })
  .regex(
    slugPattern,
    'must be lower-case letters, digits and hyphens, at most 63, and no UUID, such as acme or acme-2',
  );

export const CreateOrganization = z.strictObject({
  slug: Slug,
  name: boundedText(maxNameCharacters),
});

export type NewOrganization = z.infer<typeof CreateOrganization>;

/** The columns of an {@link OperatedOrganization}, for `select` and `returning`. */
export const operatedColumns = `id, slug, name, status, inventory.iso(created_at) as "createdAt",
  inventory.iso(suspended_at) as "suspendedAt", suspension_reason as "suspensionReason", max_concurrency as "maxConcurrency"`;

/**
 * The organization that a statement has answered.
 * @throws NotFound when it has answered none
 */
export function foundOrganization(rows: readonly OperatedOrganization[], slug: string): OperatedOrganization {
  if (!rows[0]) throw new NotFound(`organization ${JSON.stringify(slug)}`);
  return rows[0];
}

/** The organization that asks. */
export async function getOrganization(tenant: Tenant): Promise<Organization> {
  const organization = await callInTenant<Organization | null>(
    tenant,
    'read',
    'tenancy.entered_organization',
    [],
  );
  if (!organization)
    throw new Error('the organization was entered and is not found: compare tenancy.entered_organization()');
  return organization;
}

/**
 * Creates an organization with one API key of all scopes. `admin` is a connection as stockade_admin.
 * @throws Problem `already_exists` when the slug is taken
 */
export async function createOrganization(
  admin: pg.ClientBase,
  organization: NewOrganization,
  keyEnvironment: string,
): Promise<CreatedOrganization> {
  return await inTransaction(admin, async () => {
    const id = await addOrganization(admin, organization);
    const apiKey = await addApiKey(admin, id, { name: 'First key', scopes }, keyEnvironment);
    return { id, slug: organization.slug, name: organization.name, apiKey };
  });
}

/**
 * Adds an organization without a key, and returns its id. Nobody can call the API for it until it has a key or a user.
 * `admin` is a connection as stockade_admin.
 * @throws Problem `already_exists` when the slug is taken
 */
export async function addOrganization(admin: pg.ClientBase, organization: NewOrganization): Promise<string> {
  const { rows } = await admin.query<{ id: string }>(
    `insert into tenancy.organizations (slug, name) values ($1, $2)
     on conflict (slug) do nothing
     returning id`,
    [organization.slug, organization.name],
  );
  if (rows[0]) return rows[0].id;
  throw new Problem(
    'already_exists',
    409,
    `There is already an organization "${organization.slug}": choose another slug.`,
  );
}

/** Every organization, by slug. `admin` is a connection as stockade_admin. */
export async function listOrganizations(admin: pg.ClientBase): Promise<OperatedOrganization[]> {
  const { rows } = await admin.query<OperatedOrganization>(
    `select ${operatedColumns} from tenancy.organizations order by slug`,
  );
  return rows;
}

/** A page of {@link listOrganizations}. The next one begins after the last slug of this one. */
export async function pageOrganizations(
  admin: pg.ClientBase,
  { limit, after }: PageRequest,
): Promise<Page<OperatedOrganization>> {
  const { rows } = await admin.query<OperatedOrganization>(
    `select ${operatedColumns}
     from tenancy.organizations
     where $1::text is null or slug > $1
     order by slug
     limit $2`,
    [after?.[0] ?? null, limit + 1],
  );
  return toPage(rows, limit, ({ slug }) => [slug]);
}

/**
 * The organization of a slug. `admin` is a connection as stockade_admin.
 * @throws NotFound when there is none
 */
export async function findOrganization(admin: pg.ClientBase, slug: string): Promise<OperatedOrganization> {
  const { rows } = await admin.query<OperatedOrganization>(
    `select ${operatedColumns} from tenancy.organizations where slug = $1`,
    [slug],
  );
  if (!rows[0]) throw new NotFound(`organization ${JSON.stringify(slug)}`);
  return rows[0];
}

/** Adds a key to an organization and returns it; it cannot be shown again. */
export async function addApiKey(
  admin: pg.ClientBase,
  orgId: string,
  request: KeyRequest,
  keyEnvironment: string,
): Promise<string> {
  return (await addKey(admin, orgId, request, keyEnvironment)).key;
}
