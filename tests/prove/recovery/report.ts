import type { RecoveryProof } from './proof.ts';
import type { SabotageResult, Said } from './sabotage.ts';

/** One line while the proof runs. */
export function resultText({ name, faults, durationMs }: SabotageResult): string {
  return `${faults.length === 0 ? 'ok  ' : 'FAIL'} ${name} (${(durationMs / 1000).toFixed(1)} s)`;
}

/** The table: what was done, who has told, how, and what was said wrongly. */
export function proofText({ results, ok, durationMs }: RecoveryProof): string {
  const head = ['sabotage', 'told by', 'verdict', 'said wrongly'];
  const rows = results.map(({ name, told, faults }) => [
    name,
    tellersOf(told),
    [...new Set(told.map(({ verdict }) => verdict))].join(', ') || 'passed',
    faults.length === 0 ? '—' : `${faults.length}, see below`,
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const notes = results.flatMap(({ name, note }) => (note === undefined ? [] : [`  ${name}: ${note}`]));
  const failures = results.flatMap(({ name, faults }) => faults.map((fault) => `  ${name}: ${fault}`));
  return [
    line(head),
    ...rows.map(line),
    '',
    ...(notes.length > 0 ? [...notes, ''] : []),
    ...(failures.length > 0 ? ['Said wrongly:', ...failures, ''] : []),
    summaryText({ results, ok, durationMs }),
  ].join('\n');
}

function summaryText({ results, ok, durationMs }: RecoveryProof): string {
  const broken = results.filter(({ told }) => told.length > 0).length;
  const troubled = results.filter(({ faults }) => faults.length > 0).length;
  const seconds = `${Math.round(durationMs / 1000)} s`;
  return ok
    ? `${broken} sabotages, ${broken} told by whom they concern and by nobody else; ${results.length - broken} healthy, 0 false alarms; ${seconds}.`
    : `${results.length} tried, ${troubled} not told as they must be; ${seconds}.`;
}

const shown = 4;

/** What is told by one of a kind, by name; what is told by many, how many. */
function tellersOf(told: readonly Said[]): string {
  if (told.length === 0) return 'nobody';
  if (told.length <= shown) return told.map(({ by }) => by).join(', ');
  const kinds = Map.groupBy(told, ({ by }) => by.split(' ')[0] ?? '');
  return [...kinds]
    .map(([kind, of]) => (of.length === 1 ? (of[0]?.by ?? kind) : `${of.length} ${kind}s`))
    .join(', ');
}
