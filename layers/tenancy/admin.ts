import type pg from 'pg';
import { withConnection } from '#platform/postgres/database.ts';

/**
 * Does work for an operator, on a connection as stockade_admin. That role manages organizations, members and keys and sees
 * no row of any ledger. The work begins and ends its own transactions; a connection that it leaves inside one is closed.
 * Only functions that serve `/platform/*` have the settings to connect.
 * @throws Unavailable when the database cannot be reached
 * @throws MissingSetting in a function that is not for operators
 */
export function inAdmin<T>(work: (admin: pg.ClientBase) => Promise<T>): Promise<T> {
  return withConnection(work, 'operators');
}
