import type { Client } from 'pg';

/** A statement and what must come of it: the SQLSTATE it is refused with, or `ok`. */
export interface Expectation {
  readonly rule: string;
  readonly statement: string;
  readonly values?: readonly unknown[];
  readonly outcome: string;
}

/** Runs the statement in a savepoint that is undone; answers `ok` or the SQLSTATE. */
export async function outcomeOf(
  client: Client,
  statement: string,
  values: readonly unknown[] = [],
): Promise<string> {
  await client.query('savepoint probe');
  try {
    await client.query(statement, [...values]);
    return 'ok';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  } finally {
    await client.query('rollback to savepoint probe');
  }
}

/** The rules that do not hold, in words. Nothing stays of what was tried. `client` is inside a transaction. */
export async function check(client: Client, expectations: readonly Expectation[]): Promise<string[]> {
  const faults: string[] = [];
  for (const { rule, statement, values, outcome } of expectations) {
    const found = await outcomeOf(client, statement, values);
    if (found !== outcome) faults.push(`${rule}: ${outcome} was expected, not ${found}`);
  }
  return faults;
}
