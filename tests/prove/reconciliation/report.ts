import type { InjectionResult } from './inject.ts';
import { type LoadReport, longestWaitMs } from './load.ts';
import type { ReconciliationProof } from './proof.ts';

/** One line while the proof runs. */
export function resultText({ name, faults }: InjectionResult): string {
  return `${faults.length === 0 ? 'ok  ' : 'FAIL'} ${name}`;
}

/** The table: class, balances, cause, what was done, whether anything else changed. */
export function proofText({ results, ok }: ReconciliationProof): string {
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
      ? `All ${results.length} classes were found, named and treated as they must be.`
      : `${results.filter(({ faults }) => faults.length > 0).length} of ${results.length} classes failed:`,
    ...failures,
  ].join('\n');
}

/** What came of reconciling under load. */
export function loadText({ runs, seals, found, postings, imported, waits }: LoadReport): string {
  return [
    `${runs} runs and ${seals} seals while ${postings} entries were posted and ${imported} lines imported:`,
    `  ${found === 0 ? 'no false alarm' : `${found} FALSE ALARMS`}`,
    `  ${waits.length === 0 ? `no writer waited longer than ${longestWaitMs} ms because of it` : `${waits.length} WAITS longer than ${longestWaitMs} ms`}`,
    ...waits.slice(0, 10).map(({ what, waitedMs, because }) => `    ${what}: ${waitedMs} ms, ${because}`),
  ].join('\n');
}
