import type { Client } from 'pg';
import { MigrationError } from '#schema/migration-error.ts';
import { asOwner } from './inventory-found.ts';

/** A row of the old program that cannot move as it is. */
export interface Offence {
  readonly table: string;
  readonly id: string;
  readonly value: string | null;
  readonly rule: string;
  readonly remedy: string;
}

/** How many offences of each rule are named. */
const MOST = 20;

/** The users and rows that the decisions do not cover. */
export async function uncoveredRows(client: Client): Promise<Offence[]> {
  return await read(client, 'moving_in.offences($1)');
}

/**
 * Refuses rows that the decisions do not cover, and movements whose item and location belong to different organizations.
 * @throws MigrationError naming them
 */
export async function refuseUncovered(client: Client): Promise<void> {
  const offences = await asOwner(
    client,
    async () => [
      ...(await uncoveredRows(client)),
      ...(await read(client, 'moving_in.crossing_movements($1)')),
    ],
    'begin isolation level repeatable read read only',
  );
  refuseOffences(offences);
}

async function read(client: Client, call: string): Promise<Offence[]> {
  const { rows } = await client.query<Offence>(
    `select table_name as "table", id, value, rule, remedy from ${call}`,
    [MOST],
  );
  return rows;
}

/** @throws MigrationError naming each offence, and what to do */
export function refuseOffences(offences: readonly Offence[]): void {
  if (offences.length === 0) return;
  const lines = offences.map(({ table, id, value, rule }) => `${table} ${id} (${value}): ${rule}`);
  throw new MigrationError(
    `some rows cannot move in as they are (at most ${MOST} of each rule are named):\n  ${lines.join('\n  ')}`,
    [...new Set(offences.map(({ remedy }) => remedy))].join(' '),
  );
}
