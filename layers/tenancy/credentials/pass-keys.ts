import { setTimeout as sleep } from 'node:timers/promises';
import type { PassKey } from '#platform/config.ts';
import { inAdmin } from '../admin.ts';

/**
 * Lets the database verify passes that are signed with a key. From then on the functions may use it. Installing it twice
 * changes nothing.
 * @throws Unavailable when the database cannot be reached
 * @throws MissingSetting in a function that is not for operators
 */
export async function installPassKey({ id, secret }: PassKey): Promise<void> {
  await inAdmin((admin) => admin.query('select tenancy.set_pass_key($1, $2)', [id, secret]));
}

/**
 * Removes a key, so that passes signed with it are refused. It first waits for the requests that still use the key, so no
 * request fails. A key that is already removed stays removed.
 * @param drainMs how long a request that began with the key may last, its pass included
 */
export async function retirePassKey(id: string, { drainMs }: { readonly drainMs: number }): Promise<void> {
  await sleep(drainMs);
  await inAdmin((admin) => admin.query('select tenancy.drop_pass_key($1)', [id]));
}
