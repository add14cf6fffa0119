import type { ClientBase } from 'pg';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { type IsolationException, type IsolationRule, isolationQuery } from './isolation-rules.ts';

/** One thing of the database that breaks a rule. */
export interface IsolationFault {
  readonly object: string;
  readonly detail: string;
  /** What to do: a statement where one will do. */
  readonly remedy: string;
}

/** How one rule went. */
export interface RuleOutcome {
  readonly rule: IsolationRule;
  readonly faults: readonly IsolationFault[];
  /** Why the rule could not run. Nothing is known then, and nothing is well. */
  readonly couldNotRun?: string;
}

/** How a lint went. */
export interface IsolationReport {
  /** Every rule ran and none found a fault. */
  readonly ok: boolean;
  readonly durationMs: number;
  readonly outcomes: readonly RuleOutcome[];
}

/**
 * Asks a database's catalogue whether anything in it lets one organization reach another's rows. It reads as of one
 * moment, in a read-only transaction, and needs no privilege beyond connecting: whoever asks gets the same answer.
 *
 * @example
 * const report = await lintIsolation(client, await readIsolationRules('sql/lint'));
 * if (!report.ok) throw new Error('the wall has a hole');
 *
 * @throws when the connection is lost; a rule that cannot run is in the report
 */
export async function lintIsolation(
  client: ClientBase,
  rules: readonly IsolationRule[],
): Promise<IsolationReport> {
  return await inTransaction(client, () => applyIsolationRules(client, rules), {
    begin: 'begin isolation level repeatable read read only',
    ending: 'rollback',
  });
}

/** The same inside a transaction of the caller's, which sees what that transaction has changed. */
export async function applyIsolationRules(
  client: ClientBase,
  rules: readonly IsolationRule[],
): Promise<IsolationReport> {
  const startedMs = performance.now();
  // Names are told with their schema. Compiling queries that run once costs more than it gains.
  await client.query(
    `set local search_path = ''; set local quote_all_identifiers = off; set local jit = off; set local statement_timeout = '30s'`,
  );
  const outcomes = await askTogether(client, rules).catch(() => askOneByOne(client, rules));
  return {
    ok: outcomes.every(({ faults, couldNotRun }) => faults.length === 0 && couldNotRun === undefined),
    durationMs: performance.now() - startedMs,
    outcomes,
  };
}

type FaultRow = IsolationFault & { readonly rule: string };

async function askTogether(client: ClientBase, rules: readonly IsolationRule[]): Promise<RuleOutcome[]> {
  await client.query('savepoint rules');
  try {
    const { rows } = await client.query<FaultRow>(isolationQuery(rules));
    return rules.map((rule) => outcomeOf(rule, rows));
  } catch (error) {
    await client.query('rollback to savepoint rules');
    throw error;
  } finally {
    await client.query('release savepoint rules');
  }
}

/** One of them cannot run: finds out which, and what the others say. */
async function askOneByOne(client: ClientBase, rules: readonly IsolationRule[]): Promise<RuleOutcome[]> {
  const outcomes: RuleOutcome[] = [];
  for (const rule of rules) {
    const [outcome] = await askTogether(client, [rule]).catch((error: Error) => [
      { rule, faults: [], couldNotRun: error.message },
    ]);
    if (outcome) outcomes.push(outcome);
  }
  return outcomes;
}

function outcomeOf(rule: IsolationRule, rows: readonly FaultRow[]): RuleOutcome {
  const found = rows.filter((row) => row.rule === rule.number);
  const untold = found.find(({ object, detail, remedy }) => !object || !detail || !remedy);
  if (untold) {
    return {
      rule,
      faults: [],
      couldNotRun: `it found a fault that it does not describe: ${JSON.stringify(untold)}`,
    };
  }
  const faults = found.map(({ object, detail, remedy }) => ({ object, detail, remedy }));
  return { rule, faults: withoutExceptions(faults, rule.exceptions) };
}

/** Takes away the faults that are meant to be, and adds the exceptions that nothing needs. */
function withoutExceptions(
  found: readonly IsolationFault[],
  exceptions: readonly IsolationException[],
): IsolationFault[] {
  const isSame = (fault: IsolationFault, { object, detail }: IsolationException) =>
    fault.object === object && fault.detail === detail;
  return [
    ...found.filter((fault) => !exceptions.some((exception) => isSame(fault, exception))),
    ...exceptions
      .filter((exception) => !found.some((fault) => isSame(fault, exception)))
      .map(({ object, detail }) => ({
        object,
        detail: `exceptions.json allows "${detail}", which is not so`,
        remedy: 'restore it as its migration makes it; or, when it is gone for good, remove the exception',
      })),
  ];
}
