import * as z from 'zod';
import { instant } from '#platform/instant.ts';
import { type Page, type PageRequest, toPage } from '#platform/page.ts';
import { boundedText } from '#platform/text/bounded-text.ts';
import { callInTenant, listInTenant, queryInTenant } from '../scope.ts';
import type { Tenant } from '../tenant.ts';
import { maxNameCharacters } from '../text-limits.ts';
import { createApiKey, type Scope, scopes } from './api-keys.ts';

/** A key as it is shown after its creation: its id, never its secret or the digest of it. */
export interface StoredKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  /** To the minute. */
  readonly lastUsedAt: string | null;
  /** The id of the key that a rotation created in its place. */
  readonly replacedBy: string | null;
}

export interface NewKey extends StoredKey {
  /** The whole key, shown once. null when an `Idempotency-Key` replays the answer: the secret is not kept anywhere. */
  readonly key: string | null;
}

const defaultOverlapSeconds = 86_400;
const maxOverlapSeconds = 30 * 86_400;

/** The id of a key: the part between the second and the third underscore. */
export const KeyId = z
  .string()
  .regex(/^[0-9A-Za-z]{12}$/, 'must be the id of a key: twelve letters and digits');

export const CreateKey = z.strictObject({
  name: boundedText(maxNameCharacters),
  scopes: z
    .array(z.enum(scopes), { error: 'must be a list of scopes' })
    .min(1, 'must have at least one scope')
    .max(scopes.length, `must have at most ${scopes.length} scopes`)
    .refine((given) => new Set(given).size === given.length, 'must not name a scope twice')
    .meta({ uniqueItems: true }),
  expiresAt: instant()
    .refine((value) => Date.parse(value) > Date.now(), 'must be in the future')
    .optional(),
});

/** A body may be left out. */
export const RotateKey = z
  .strictObject({
    /** How long the old key still works. */
    overlapSeconds: z
      .int('must be a whole number')
      .min(0, 'must not be negative')
      .max(maxOverlapSeconds, `must be at most ${maxOverlapSeconds}, which is 30 days`)
      .default(defaultOverlapSeconds),
  })
  .default({ overlapSeconds: defaultOverlapSeconds });

/**
 * Creates a key for the organization that asks.
 * @throws insufficient_scope when the caller lacks `admin` or a scope that the key would carry
 */
export function createKey(
  tenant: Tenant,
  { name, scopes, expiresAt }: z.infer<typeof CreateKey>,
  keyEnvironment: string,
): Promise<NewKey> {
  const created = createApiKey(keyEnvironment);
  return storeNewKey(tenant, created, 'tenancy.create_api_key', [
    created.keyId,
    created.secretDigest,
    name,
    scopes,
    expiresAt ?? null,
  ]);
}

/**
 * Creates a key of the same name, scopes and lifetime in place of one that still works, which ends after the overlap.
 * @throws not_found, insufficient_scope; invalid_input (422) when the key is revoked, expired or was rotated already
 */
export function rotateKey(
  tenant: Tenant,
  keyId: string,
  { overlapSeconds }: z.infer<typeof RotateKey>,
  keyEnvironment: string,
): Promise<NewKey> {
  const created = createApiKey(keyEnvironment);
  return storeNewKey(tenant, created, 'tenancy.rotate_api_key', [
    keyId,
    created.keyId,
    created.secretDigest,
    overlapSeconds,
  ]);
}

/** The keys of the organization that asks, newest first, including those that no longer work. */
export async function listKeys(tenant: Tenant, { limit, after }: PageRequest): Promise<Page<StoredKey>> {
  const [createdAt = null, id = null] = after ?? [];
  const keys = await listInTenant<StoredKey>(tenant, 'tenancy.list_api_keys', [limit + 1, createdAt, id]);
  return toPage(keys, limit, (last) => [last.createdAt, last.id]);
}

/**
 * Revokes a key from the next transaction on. A revoked key stays as it is. A key may revoke itself: the holder of a
 * leaked key must be able to stop it at once, and an operator can always create another.
 * @throws not_found
 */
export async function revokeKey(tenant: Tenant, keyId: string): Promise<void> {
  await queryInTenant(tenant, 'write', 'select tenancy.revoke_api_key($1)', [keyId]);
}

/** The database never has the secret, so its answer lacks it: the secret is added to the first answer only. */
async function storeNewKey(
  tenant: Tenant,
  created: ReturnType<typeof createApiKey>,
  functionName: 'tenancy.create_api_key' | 'tenancy.rotate_api_key',
  args: readonly unknown[],
): Promise<NewKey> {
  const stored = await callInTenant<StoredKey>(tenant, 'write', functionName, args);
  // A replay answers the key of the earlier request, whose secret nobody has any more.
  return { ...stored, key: stored.id === created.keyId ? created.key : null };
}
