import { lintIsolation } from '#schema/lint/isolation-lint.ts';
import { CouldNotRun, type Findings, type ProofContext } from './proof.ts';

/** Proves with every rule of the isolation lint that no organization can reach the rows of another. */
export async function proveIsolation({ connect, book }: ProofContext, findings: Findings): Promise<void> {
  const { outcomes } = await lintIsolation(await connect(), book.rules);
  findings.add('rules', outcomes.length);
  for (const { rule, faults, couldNotRun } of outcomes) {
    if (couldNotRun !== undefined) throw new CouldNotRun(`rule ${rule.number}: ${couldNotRun}`);
    for (const { object, detail } of faults) findings.fault(`rule ${rule.number}: ${object}: ${detail}`);
  }
}
