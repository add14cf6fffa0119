import { counted } from '#platform/text/plural.ts';
import type { RecoveryResults } from './results.ts';
import type { SabotageResult, Said } from './sabotage.ts';

/** One line while the proof runs. */
export function resultText({ name, faults, durationMs }: SabotageResult): string {
  return `${faults.length === 0 ? 'ok  ' : 'FAIL'} ${name} (${(durationMs / 1000).toFixed(1)} s)`;
}

/** The table of all sabotages, with who reported them and which reports were wrong. */
export function resultsText({ results, ok, durationMs }: RecoveryResults): string {
  const head = ['sabotage', 'reported by', 'verdict', 'wrong reports'];
  const rows = results.map(({ name, told, faults }) => [
    name,
    reportersText(told),
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
    ...(failures.length > 0 ? ['Wrong reports:', ...failures, ''] : []),
    summaryText({ results, ok, durationMs }),
  ].join('\n');
}

function summaryText({ results, ok, durationMs }: RecoveryResults): string {
  const broken = results.filter(({ told }) => told.length > 0).length;
  const troubled = results.filter(({ faults }) => faults.length > 0).length;
  const seconds = `${Math.round(durationMs / 1000)} s`;
  return ok
    ? `${counted(broken, 'sabotage')} reported correctly, ${counted(results.length - broken, 'healthy backup')} without a false alarm; ${seconds}.`
    : `Reported wrongly: ${troubled} of ${counted(results.length, 'sabotage')}; ${seconds}.`;
}

const shown = 4;

/** The reporters by name; when they are many, their number by kind. */
function reportersText(told: readonly Said[]): string {
  if (told.length === 0) return 'nobody';
  if (told.length <= shown) return told.map(({ by }) => by).join(', ');
  const kinds = Map.groupBy(told, ({ by }) => by.split(' ')[0] ?? '');
  return [...kinds]
    .map(([kind, of]) => (of.length === 1 ? (of[0]?.by ?? kind) : `${of.length} ${kind}s`))
    .join(', ');
}
