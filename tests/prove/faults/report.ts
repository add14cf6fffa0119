import { counted } from '#platform/text/plural.ts';
import { type FaultProof, held, isProven } from './proof.ts';
import type { FaultRun } from './run-fault.ts';

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

/** One line while the proof runs. */
export function runText(run: FaultRun): string {
  const { acknowledged, refused, unknown } = run.writes;
  return `${held(run) ? 'ok  ' : 'FAIL'} ${run.fault}: ${acknowledged} acknowledged, ${refused} refused, ${unknown} unknown, longest outage ${seconds(run.longestOutageMs)}`;
}

/** The table of all faults, then what was wrong, and what cannot be done here. */
export function proofText(proof: FaultProof): string {
  const { runs, plants, skipped, durationMs } = proof;
  const head = [
    'fault',
    'runs',
    'struck',
    'requests',
    'acknowledged',
    'refused',
    'unknown',
    'lost',
    'doubled',
    'other',
    'longest outage',
  ];
  const rows = [...Map.groupBy(runs, ({ fault }) => fault)].map(([fault, of]) => rowOf(fault, of));
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ');
  const missed = plants.filter(({ found }) => !found);
  return [
    line(head),
    ...rows.map(line),
    '',
    `The checker found ${plants.length - missed.length} of ${counted(plants.length, 'planted loss', 'planted losses')}.`,
    ...missed.map(({ name }) => `  not found: ${name}`),
    ...skipped.map(({ fault, because }) => `Not run: ${fault}, because ${because}.`),
    'The clock of the database is the one of the machine: setting it would need root, and hit everything else.',
    ...runs.flatMap(({ fault, findings }) =>
      findings.slice(0, shownFindings).map(({ breach, text }) => `  ${fault}: ${breach}: ${text}`),
    ),
    summaryOf(proof, durationMs),
  ].join('\n');
}

const shownFindings = 10;

function rowOf(fault: string, runs: readonly FaultRun[]): string[] {
  const sum = (of: (run: FaultRun) => number) => String(runs.reduce((total, run) => total + of(run), 0));
  const found = (run: FaultRun, breaches: readonly string[]) =>
    run.findings.filter(({ breach }) => breaches.includes(breach)).length;
  return [
    fault,
    String(runs.length),
    sum(({ struck }) => struck),
    sum(({ requests }) => requests),
    sum(({ writes }) => writes.acknowledged),
    sum(({ writes }) => writes.refused),
    sum(({ writes }) => writes.unknown),
    sum((run) => found(run, ['lost'])),
    sum((run) => found(run, ['doubled'])),
    sum((run) => run.findings.length - found(run, ['lost', 'doubled'])),
    seconds(Math.max(...runs.map(({ longestOutageMs }) => longestOutageMs))),
  ];
}

function summaryOf(proof: FaultProof, durationMs: number): string {
  const acknowledged = proof.runs.reduce((sum, { writes }) => sum + writes.acknowledged, 0);
  const broken = proof.runs.filter((run) => !held(run)).length;
  const verdict = isProven(proof)
    ? `Held: ${counted(proof.runs.length, 'run')}, ${counted(acknowledged, 'acknowledged write')}, each stored once`
    : `FAILED: ${broken} of ${counted(proof.runs.length, 'run')}`;
  return `${verdict}; ${Math.round(durationMs / 1_000)} s.`;
}
