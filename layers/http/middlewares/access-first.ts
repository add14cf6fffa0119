import type { Tenant } from '#tenancy/tenant.ts';
import type { Caller } from '../caller.ts';

/** Proves with the database that a tenant may ask. Throws when not. */
export type ProveAccess = (tenant: Tenant) => Promise<void>;

/**
 * Reads a part of the request. When it is wrong, a tenant must first prove access: wrong input is explained only to
 * callers who may ask, and costs the others nothing but the answer that they may not.
 * @throws what `proveAccess` throws, otherwise what `read` throws
 */
export async function withAccessFirst<T>(
  caller: Caller,
  proveAccess: ProveAccess,
  read: () => T,
): Promise<T> {
  try {
    return read();
  } catch (error) {
    if (caller.kind === 'tenant') await proveAccess(caller.tenant);
    throw error;
  }
}
