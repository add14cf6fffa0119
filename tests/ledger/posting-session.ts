import type { Client } from 'pg';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import type { Caller } from '#tests/world.ts';

/** What Postgres says of a statement that it refuses. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly detail?: unknown;
  readonly constraint?: string;
  readonly column?: string;
}

/** Runs the work as an organization, with a scope, in a transaction that is rolled back. */
export async function asOrganization<T>(
  api: Client,
  { apiKey }: Caller,
  scope: string,
  work: () => Promise<T>,
): Promise<T> {
  const key = parseApiKey(apiKey, 'test');
  await api.query('begin');
  try {
    await api.query('call tenancy.enter_with_key($1, $2, $3, $4)', [
      key?.keyId,
      key?.secretDigest,
      scope,
      [],
    ]);
    return await work();
  } finally {
    await api.query('rollback');
  }
}

/** What the work was refused with; undefined when it was not. The transaction goes on as if nothing had been. */
export async function refusalOf(client: Client, work: () => Promise<unknown>): Promise<Refusal | undefined> {
  await client.query('savepoint tried');
  try {
    await work();
    return undefined;
  } catch (error) {
    const { code, message, detail, constraint, column } = error as Refusal & { detail?: string };
    return {
      code,
      message,
      ...(detail === undefined
        ? {}
        : { detail: code.startsWith('SK') ? JSON.parse(detail as string) : detail }),
      ...(constraint === undefined ? {} : { constraint }),
      ...(column === undefined ? {} : { column }),
    };
  } finally {
    await client.query('rollback to savepoint tried');
  }
}
