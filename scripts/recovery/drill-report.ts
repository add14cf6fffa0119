import type { DrillRecord } from '#recovery/drill/records.ts';
import { spoken } from '#recovery/policy.ts';
import type { ProofOutcome } from '#recovery/proofs/proof.ts';

/** One proof in one line, and what it found below. */
export function outcomeText({
  proof,
  verdict,
  faults,
  faultCount,
  figures,
  durationMs,
}: ProofOutcome): string {
  const looked = Object.entries(figures).map(
    ([name, figure]) => `${Number(figure.toFixed(1))} ${wordsOf(name)}`,
  );
  const more = faultCount > faults.length ? [`    … and ${faultCount - faults.length} more`] : [];
  return [
    `${verdict.padEnd(14)} ${proof.padEnd(13)} ${(durationMs / 1000).toFixed(1).padStart(6)} s  ${looked.join(', ')}`,
    ...faults.map((fault) => `    ${fault}`),
    ...more,
  ].join('\n');
}

/** What a drill came to, for people. */
export function drillText(drill: DrillRecord): string {
  const { id, request, verdict, tornDownAt } = drill;
  const stages = [
    ['available', drill.availableAfterMs],
    ['queryable', drill.queryableAfterMs],
    ['proven', drill.provenAfterMs],
  ] as const;
  const times = stages.map(([name, ms]) => `${name} after ${ms === undefined ? '—' : spoken(ms)}`);
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
    return `What was lost is not known: ${loss?.faults[0] ?? 'nobody has asked'}.`;
  const { entries = 0, movements = 0, seconds = 0 } = loss.figures;
  return entries === 0
    ? 'Nothing that was recorded before the request would have been lost.'
    : `Lost: ${movements} movements of ${entries} entries, the first of them ${spoken(seconds * 1000)} before the request.`;
}

function wordsOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
