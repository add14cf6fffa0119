import { counted } from '#platform/text/plural.ts';
import { allHeld, type ProofResult } from './prove-all.ts';

const minutes = (ms: number) => `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;

/** One line while the proofs run. */
export function oneText({ proof, holds, tally, failure, durationMs }: ProofResult): string {
  const what = tally ? `${tally.held} of ${tally.tried} held` : failure;
  return `${holds ? 'ok  ' : 'FAIL'} ${proof}: ${what}, ${minutes(durationMs)}`;
}

/** The table of all proofs. */
export function allText(results: readonly ProofResult[]): string {
  const head = ['proof', 'tried', 'held', 'lost', 'time'];
  const rows = results.map(({ proof, tally, durationMs }) => [
    proof,
    ...(tally ? [tally.tried, tally.held, tally.tried - tally.held].map(String) : ['-', '-', '-']),
    minutes(durationMs),
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ');
  const broken = results.filter(({ holds }) => !holds);
  return [
    line(head),
    ...rows.map(line),
    '',
    ...broken.map(({ proof, failure }) =>
      failure
        ? `${proof} could not run: ${failure}.`
        : `${proof} does not hold: run npm run prove:${proof} to see why.`,
    ),
    allHeld(results)
      ? `Held: ${counted(results.length, 'proof')}.`
      : `Failed: ${broken.length} of ${counted(results.length, 'proof')}.`,
  ].join('\n');
}
