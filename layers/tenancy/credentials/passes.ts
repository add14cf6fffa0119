import { createHmac } from 'node:crypto';
import type { PassKey } from '#platform/config.ts';

/** A pass is minted for one request. This is how long the request may take to reach the database. */
export const passLifetimeSeconds = 60;

/**
 * Mints the pass with which the database lets a verified user in: `<pass key>|<expiry, Unix seconds>|<email>|<MAC>`.
 * The database looks up the memberships itself, on every transaction; the pass only says who the user is.
 * @param email in the form of `canonicalEmail`, as `verifyToken` returns it
 */
export function mintPass(email: string, key: PassKey, nowMs: number = Date.now()): string {
  const text = `${key.id}|${Math.floor(nowMs / 1000) + passLifetimeSeconds}|${email}`;
  return `${text}|${createHmac('sha256', key.secret).update(text).digest('hex')}`;
}
