import { counted } from '#platform/text/plural.ts';
import type { Score } from './corpus.ts';
import { isProven, type ValidatorProof } from './proof.ts';

/** The proof for people: one table, and each file that is not as it should be. */
export function proofText(proof: ValidatorProof): string {
  const { ours, squawk, squawkTuned, runs } = proof;
  const table = [
    `${''.padEnd(38)}caught   missed   false alarms`,
    row('this validator', ours),
    row('squawk', squawk),
    row('squawk, without what the runner does', squawkTuned),
  ];
  const faults = [
    ...ours.missed.map((file) => `missed: ${file}`),
    ...ours.falseAlarms.map((file) => `false alarm: ${file}`),
    ...runs.flatMap(({ disagreements }) =>
      disagreements.map(
        ({ file, line, object, verdict, fact }) =>
          `${file}:${line} ${object}: verdict: ${verdict}; fact: ${fact}`,
      ),
    ),
    ...runs.flatMap(({ file, failure }) => (failure ? [`${file} could not run: ${failure}`] : [])),
  ];
  const ran = runs.filter(({ notes }) => !notes.some((note) => note.startsWith('not run'))).length;
  return [
    `${counted(ours.caught.length + ours.missed.length, 'bad migration')} and ${counted(ours.good, 'good one')}:`,
    table.join('\n'),
    `${counted(ran, 'file')} ran on Postgres with rows: ${isProven(proof) ? 'locks, rewrites and scans are as expected.' : 'see below.'}`,
    ...(faults.length > 0 ? [faults.join('\n')] : []),
  ].join('\n\n');
}

function row(name: string, { caught, missed, falseAlarms, good }: Score): string {
  const bad = caught.length + missed.length;
  return [
    name.padEnd(38),
    `${caught.length} of ${bad}`.padEnd(9),
    String(missed.length).padEnd(9),
    `${falseAlarms.length} of ${good}`,
  ].join('');
}
