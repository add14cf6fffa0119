import { setTimeout as sleep } from 'node:timers/promises';
import type { PassKey } from '#platform/config.ts';
import { inAdmin } from '../admin.ts';

/**
 * Lets the database verify passes that are made with a key; again changes nothing. From then on the functions may use it.
 * @throws Unavailable when the database cannot be reached
 * @throws MissingSetting in a function that is not for operators
 */
export async function installPassKey({ id, secret }: PassKey): Promise<void> {
  await inAdmin((admin) => admin.query('select tenancy.set_pass_key($1, $2)', [id, secret]));
}

/**
 * Makes every pass of a key worthless, once those who still had it when it was replaced have ended: no request fails.
 * A key that is not there is none the more.
 * @param drainMs how long a request that was begun with the key, and its pass, may last
 */
export async function retirePassKey(id: string, { drainMs }: { readonly drainMs: number }): Promise<void> {
  await sleep(drainMs);
  await inAdmin((admin) => admin.query('select tenancy.drop_pass_key($1)', [id]));
}
