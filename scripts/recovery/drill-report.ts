import { counted } from '#platform/text/plural.ts';
import type { DrillRecord } from '#recovery/drill/records.ts';
import { spoken } from '#recovery/policy.ts';
import type { ProofOutcome } from '#recovery/proofs/proof.ts';
import { figuresText } from './figures.ts';

/** One proof in one line, with its faults below. */
export function outcomeText({
  proof,
  verdict,
  faults,
  faultCount,
  figures,
  durationMs,
}: ProofOutcome): string {
  const more = faultCount > faults.length ? [`    … and ${faultCount - faults.length} more`] : [];
  return [
    `${verdict.padEnd(14)} ${proof.padEnd(13)} ${(durationMs / 1000).toFixed(1).padStart(6)} s  ${figuresText(figures)}`,
    ...faults.map((fault) => `    ${fault}`),
    ...more,
  ].join('\n');
}

/** The result of a drill, for people. */
export function drillText(drill: DrillRecord): string {
  const { id, request, verdict, tornDownAt } = drill;
  const milestones = [
    ['available', drill.availableAfterMs],
    ['queryable', drill.queryableAfterMs],
    ['proven', drill.provenAfterMs],
  ] as const;
  const times = milestones.map(([name, ms]) => `${name} after ${ms === undefined ? '—' : spoken(ms)}`);
  return [
    `Drill ${id}: ${request.snapshot ?? request.source} as of ${request.asOf} ${verdict?.passed ? 'is proven' : 'is not proven'}.`,
    verdict?.summary ?? 'There is no verdict yet.',
    ...(verdict?.proofs ? [lossText(verdict.proofs.outcomes)] : []),
    `${times.join(', ')}; ${tornDownAt ? 'torn down' : `${request.instance} is still there`}.`,
  ].join('\n');
}

function lossText(outcomes: readonly ProofOutcome[]): string {
  const loss = outcomes.find(({ proof }) => proof === 'loss');
  if (loss?.verdict !== 'passed')
    return `The data loss is not known: ${loss?.faults[0] ?? 'it was not measured'}.`;
  const { entries = 0, movements = 0, seconds = 0 } = loss.figures;
  return entries === 0
    ? 'No data loss: every entry recorded before the request is in the copy.'
    : `Data loss: ${counted(movements, 'movement')} of ${counted(entries, 'entry', 'entries')}, the first ${spoken(seconds * 1000)} before the request.`;
}
