import type { Client } from 'pg';
import { parseApiKey, type Scope, scopes } from '#tenancy/credentials/api-keys.ts';
import { addApiKey } from '#tenancy/organizations.ts';

/** An organization, and a key that opens it. */
export interface Entry {
  readonly id: string;
  readonly keyId: string;
  readonly secretDigest: Buffer;
}

/** Creates a key of an organization. `admin` is a connection as stockade_admin. */
export async function keyOf(admin: Client, id: string): Promise<Entry> {
  const key = parseApiKey(await addApiKey(admin, id, { name: 'Adopted', scopes }, 'test'), 'test');
  if (!key) throw new Error('the new key cannot be read');
  return { id, ...key };
}

/** Begins a transaction and enters an organization with its key. */
export async function enter(client: Client, { keyId, secretDigest }: Entry, scope: Scope): Promise<void> {
  await client.query('begin');
  await client.query(`call tenancy.enter_with_key($1, $2, $3, '{}', $4)`, [
    keyId,
    secretDigest,
    scope,
    scope === 'read',
  ]);
}
