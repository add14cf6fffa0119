import type { ClientBase } from 'pg';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { applyIsolationRules, type IsolationFault } from '../lint/isolation-lint.ts';
import type { IsolationRule } from '../lint/isolation-rules.ts';
import { literal } from './names.ts';
import type { Proposal } from './proposal.ts';

/** What a rule of the isolation lint will find when the adoption is done, because the application is as it is. */
export interface Foreseen extends IsolationFault {
  readonly rule: IsolationRule;
}

/**
 * The rules about what the adoption leaves as it finds it: references, sequences, indexes, inheritance, rules, copies, foreign
 * data, replication, functions and extensions.
 */
const foreseeable = new Set(
  '0015 0016 0017 0018 0019 0021 0022 0023 0024 0025 0027 0028 0029 0030 0048 0049 0055'.split(' '),
);

/** Applies these rules to the application as it is, as if the proposal had already been carried out. */
export async function foresee(
  client: ClientBase,
  rules: readonly IsolationRule[],
  { tenant }: Proposal,
): Promise<Foreseen[]> {
  const terms = new Map([
    ...(rules[0]?.terms ?? []),
    ['tenant_tables', proposedTables(tenant.map(({ table }) => table.name))],
  ]);
  const asked = rules
    .filter(({ number }) => foreseeable.has(number))
    .map((rule) => ({ ...rule, terms, exceptions: [] }));
  const report = await inTransaction(client, () => applyIsolationRules(client, asked), {
    begin: 'begin isolation level repeatable read read only',
    ending: 'rollback',
  });
  return report.outcomes.flatMap(({ rule, faults, couldNotRun }) => {
    if (couldNotRun !== undefined) throw new Error(`rule ${rule.number} could not run: ${couldNotRun}`);
    return faults.map((fault) => ({ ...fault, rule }));
  });
}

/** The tables of the proposal instead of those that have an org_id. */
function proposedTables(names: readonly string[]): string {
  return `select t.oid, t.name, t.owner, t.class, t.row_security, t.row_security_forced, 'org_id' as org_column,
  null::int2 as org_number, 'uuid'::regtype::oid as org_type, true as org_not_null
from own_tables t
where t.name in (${names.map(literal).join(', ') || 'null'})`;
}
