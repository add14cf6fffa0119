import { counted } from '#platform/text/plural.ts';
import type { InjectionResult } from './inject.ts';
import { type LoadReport, longestWaitMs } from './load.ts';
import type { ReconciliationResults } from './results.ts';

/** One line while the proof runs. */
export function resultText({ name, faults }: InjectionResult): string {
  return `${faults.length === 0 ? 'ok  ' : 'FAIL'} ${name}`;
}

/** The table of all classes, with what was found, its cause, the action, and whether anything else changed. */
export function resultsText({ results, ok }: ReconciliationResults): string {
  const head = ['class', 'found at', 'cause', 'action', 'proof'];
  const rows = results.map(({ name, skus, causes, actions, faults }) => [
    name,
    skus.length > 4 ? `${skus.length} balances` : skus.join(' '),
    causes.join(' '),
    actions.join(' '),
    faults.length === 0 ? 'ok, nothing else changed' : 'FAILED',
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const failures = results.flatMap(({ name, faults }) => faults.map((fault) => `  ${name}: ${fault}`));
  return [
    line(head),
    ...rows.map(line),
    '',
    ok
      ? `Passed: ${counted(results.length, 'class', 'classes')}, each with the expected cause and action.`
      : `Failed: ${results.filter(({ faults }) => faults.length > 0).length} of ${counted(results.length, 'class', 'classes')}:`,
    ...failures,
  ].join('\n');
}

/** The result of reconciling under load. */
export function loadText({ runs, seals, found, postings, imported, waits }: LoadReport): string {
  return [
    `${counted(runs, 'run')} and ${counted(seals, 'seal')}, meanwhile ${counted(postings, 'posting')} and ${counted(imported, 'imported line')}:`,
    `  ${found === 0 ? 'no false alarm' : counted(found, 'FALSE ALARM')}`,
    `  ${waits.length === 0 ? `no writer waited longer than ${longestWaitMs} ms for reconciliation` : `${counted(waits.length, 'WAIT')} longer than ${longestWaitMs} ms`}`,
    ...waits.slice(0, 10).map(({ what, waitedMs, because }) => `    ${what}: ${waitedMs} ms, ${because}`),
  ].join('\n');
}
