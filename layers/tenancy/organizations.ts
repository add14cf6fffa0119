import type pg from 'pg';
import { Problem } from '#platform/errors.ts';
import { createApiKey, type Scope, scopes } from './api-keys.ts';
import { inTenant, type Tenant } from './scope.ts';

export interface Organization {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly status: 'active' | 'suspended';
  readonly createdAt: string;
}

export interface NewOrganization {
  /** Lower-case letters, digits and hyphens, at most 63: it is a subdomain. */
  readonly slug: string;
  readonly name: string;
}

export interface CreatedOrganization {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  /** Shown once: only its digest is kept. */
  readonly apiKey: string;
}

/** What a slug must look like: a DNS label in lower case. */
export const slugPattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

const columns = `id, slug, name, status, inventory.iso(created_at) as "createdAt"`;

/** The organization that asks. */
export async function getOrganization(tenant: Tenant): Promise<Organization> {
  const [organization] = await inTenant(tenant, 'read', (tx) =>
    tx.query<Organization>(`
      select ${columns}
      from tenancy.organizations
      where id = (select tenancy.current_org())
    `),
  );
  if (!organization) throw new Error('the organization that was entered is not there');
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
  await admin.query('begin');
  try {
    const id = await addOrganization(admin, organization);
    const apiKey = await addApiKey(admin, id, { name: 'First key', scopes }, keyEnvironment);
    await admin.query('commit');
    return { id, slug: organization.slug, name: organization.name, apiKey };
  } catch (error) {
    await admin.query('rollback');
    throw error;
  }
}

/**
 * Adds an organization without any key, and returns its id: until one is made nobody can call the API for it.
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
    `There is an organization "${organization.slug}" already: choose another slug.`,
  );
}

/** Every organization, by slug. `admin` is a connection as stockade_admin. */
export async function listOrganizations(admin: pg.ClientBase): Promise<Organization[]> {
  const { rows } = await admin.query<Organization>(
    `select ${columns} from tenancy.organizations order by slug`,
  );
  return rows;
}

/** Adds a key to an organization and returns it; it cannot be shown again. */
export async function addApiKey(
  admin: pg.ClientBase,
  orgId: string,
  key: { readonly name: string; readonly scopes: readonly Scope[] },
  keyEnvironment: string,
): Promise<string> {
  const created = createApiKey(keyEnvironment);
  await admin.query(
    `insert into tenancy.api_keys (org_id, key_id, secret_digest, name, scopes)
     values ($1, $2, $3, $4, $5)`,
    [orgId, created.keyId, created.secretDigest, key.name, key.scopes],
  );
  return created.key;
}
