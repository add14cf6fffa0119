import type { Client } from 'pg';

/** A statement and its expected outcome: a SQLSTATE, or `ok`. */
export interface Expectation {
  readonly rule: string;
  readonly statement: string;
  readonly values?: readonly unknown[];
  readonly outcome: string;
}

/** Runs the statement in a savepoint and rolls it back. Returns `ok` or the SQLSTATE. */
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

/** Tries each rule and rolls it back. Returns the rules that do not hold, in words. `client` is inside a transaction. */
export async function brokenRules(client: Client, expectations: readonly Expectation[]): Promise<string[]> {
  const faults: string[] = [];
  for (const { rule, statement, values, outcome } of expectations) {
    const found = await outcomeOf(client, statement, values);
    if (found !== outcome) faults.push(`${rule}: ${found}, expected ${outcome}`);
  }
  return faults;
}
