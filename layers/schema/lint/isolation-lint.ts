import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { type IsolationException, type IsolationRule, isolationQuery } from './isolation-rules.ts';

/** An object of the database that breaks a rule. */
export interface IsolationFault {
  readonly object: string;
  readonly detail: string;
  /** What to do: a statement, if one is enough. */
  readonly remedy: string;
  /** Not a fault of the database: exceptions.json accepts one that does not exist. */
  readonly isStaleException?: true;
}

/** The result of one rule. */
export interface RuleOutcome {
  readonly rule: IsolationRule;
  readonly faults: readonly IsolationFault[];
  /** Why the rule could not run. Then nothing is known, and the lint fails. */
  readonly couldNotRun?: string;
}

/** The result of a lint. */
export interface IsolationReport {
  /** Every rule ran and found no fault. */
  readonly ok: boolean;
  readonly durationMs: number;
  readonly outcomes: readonly RuleOutcome[];
}

/**
 * Checks in the catalogue whether anything in the database lets one organization reach another's rows. It reads one
 * snapshot, in a read-only transaction, and needs only the privilege to connect: every role gets the same answer.
 *
 * @example
 * const report = await lintIsolation(client, await readIsolationRules('sql/lint'));
 * if (!report.ok) throw new Error('one organization can reach another');
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

/** The same inside the caller's transaction, including the changes of that transaction. */
export async function applyIsolationRules(
  client: ClientBase,
  rules: readonly IsolationRule[],
): Promise<IsolationReport> {
  const startedMs = performance.now();
  // With an empty search path, names contain their schema. Compiling queries that run once costs more than it saves.
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
    const text = isolationQuery(rules);
    // Prepared under a name, because a connection that asks again then need not plan it again, which takes half of the time.
    const name = createHash('sha1').update(text).digest('hex');
    const { rows } = await client.query<FaultRow>({ name, text });
    return rules.map((rule) => outcomeOf(rule, rows));
  } catch (error) {
    await client.query('rollback to savepoint rules');
    throw error;
  } finally {
    await client.query('release savepoint rules');
  }
}

/** One of the rules cannot run: finds out which one, and what the others find. */
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
      couldNotRun: `it found a fault without a full description: ${JSON.stringify(untold)}`,
    };
  }
  const faults = found.map(({ object, detail, remedy }) => ({ object, detail, remedy }));
  return { rule, faults: withoutExceptions(faults, rule.exceptions) };
}

/** Removes accepted faults, and adds exceptions that nothing needs. */
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
        detail: `exceptions.json allows "${detail}", but that does not exist any more`,
        remedy: 'restore it from its migration, or remove the exception if it is no longer needed',
        isStaleException: true as const,
      })),
  ];
}
