import { counted } from '#platform/text/plural.ts';
import { type Tally, tallyOf } from '../tally.ts';
import type { PlansProof } from './proof.ts';
import type { ProvenStatement } from './statements.ts';

/** Of the statements: those whose plans have no fault, or only faults with a reason. */
export function tallyOfPlans({ statements }: PlansProof): Tally {
  return tallyOf(statements, ({ faults }) => faults.length === 0);
}

/** The proof for people: the counts, and each statement that is refused, with its plans. */
export function plansText(proof: PlansProof): string {
  const refused = proof.statements.filter(({ faults }) => faults.length > 0);
  return [
    `${counted(proof.statements.length, 'statement')} of ${counted(proof.steps, 'step')} on ${counted(proof.ledgers.length, 'database')}: ` +
      (refused.length === 0
        ? 'each has one plan, which finds its rows by key.'
        : `${refused.length} refused.`),
    ...refused.map(refusedText),
  ].join('\n\n');
}

/** A statement with its faults and its plans. */
export function refusedText({ login, within, text, faults, plans }: ProvenStatement): string {
  return [
    `${faults.map(({ kind, detail }) => `${kind}: ${detail}`).join('; ')}`,
    `  ${login}${within ? ` within ${within}()` : ''}: ${text}`,
    ...plans.map(
      ({ ledger, step, shape, faults: own }) =>
        `  ${ledger}, ${step}${own.map(({ kind, detail }) => `, ${kind}: ${detail}`).join('')}\n    ${shape}`,
    ),
  ].join('\n');
}
