import type pg from 'pg';
import { NotFound } from '#platform/errors.ts';
import { type ApiKey, createApiKey, type Scope } from './api-keys.ts';
import type { StoredKey } from './key-store.ts';

/** A key that an operator wants to create. */
export interface KeyRequest {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** The key never expires when absent. */
  readonly expiresAt?: Date | undefined;
}

const columns = `
  key_id as id, name, scopes, inventory.iso(created_at) as "createdAt", inventory.iso(expires_at) as "expiresAt",
  inventory.iso(revoked_at) as "revokedAt", inventory.iso(last_used_at) as "lastUsedAt", replaced_by as "replacedBy"
`;

/**
 * Creates a key for an organization. `key` cannot be shown again.
 * `admin` is a connection as stockade_admin.
 */
export async function addKey(
  admin: pg.ClientBase,
  orgId: string,
  request: KeyRequest,
  keyEnvironment: string,
): Promise<StoredKey & Pick<ApiKey, 'key'>> {
  const created = createApiKey(keyEnvironment);
  const { rows } = await admin.query<StoredKey>(
    `insert into tenancy.api_keys (org_id, key_id, secret_digest, name, scopes, expires_at)
     values ($1, $2, $3, $4, $5, $6)
     returning ${columns}`,
    [orgId, created.keyId, created.secretDigest, request.name, request.scopes, request.expiresAt ?? null],
  );
  const [stored] = rows;
  if (!stored) throw new Error('the key was not added: look for triggers on tenancy.api_keys');
  return { ...stored, key: created.key };
}

/** Every key of an organization, newest first. `admin` is a connection as stockade_admin. */
export async function keysOf(admin: pg.ClientBase, orgId: string): Promise<StoredKey[]> {
  const { rows } = await admin.query<StoredKey>(
    `select ${columns} from tenancy.api_keys where org_id = $1 order by created_at desc, key_id desc`,
    [orgId],
  );
  return rows;
}

/**
 * Revokes a key of an organization from the next transaction on. A revoked key stays as it is.
 * `admin` is a connection as stockade_admin.
 * @throws NotFound when the organization has no such key
 */
export async function endKey(admin: pg.ClientBase, orgId: string, keyId: string): Promise<StoredKey> {
  const { rows } = await admin.query<StoredKey>(
    `update tenancy.api_keys
     set revoked_at = coalesce(revoked_at, now())
     where org_id = $1 and key_id = $2
     returning ${columns}`,
    [orgId, keyId],
  );
  if (!rows[0]) throw new NotFound(`key ${keyId} in this organization`);
  return rows[0];
}
