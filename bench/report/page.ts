import { counted } from '#platform/text/plural.ts';
import { type BenchOptions, type Comparison, isMet } from '../bench.ts';
import type { BenchResult } from '../benches.ts';
import { type Curve, curvesOf } from './curves.ts';
import type { Machine } from './machine.ts';
import { millisecondsText, spreadText, targetText } from './text.ts';

/** A whole run. */
export interface Run {
  readonly machine: Machine;
  readonly options: Pick<BenchOptions, 'rounds' | 'roundMs'>;
  readonly results: readonly BenchResult[];
}

/** The operations that have curves, each with its curves. */
export function plotsOf(results: readonly BenchResult[]): ReadonlyMap<string, Curve[]> {
  const curves = curvesOf(results.flatMap(({ comparisons }) => comparisons));
  return Map.groupBy(curves, ({ operation }) => operation);
}

/** The name of the file with the plot of an operation. */
export function plotFile(operation: string): string {
  return `${operation
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')}.svg`;
}

/** A load that other programs must have caused. */
const sharedLoad = 0.5;

/** docs/BENCHMARKS.md. */
export function benchmarksPage({ machine, options, results }: Run): string {
  return `${[
    '# Benchmarks',
    '',
    '`npm run bench -- --write` writes this page and its plots; do not edit them.',
    '',
    'Each row compares two things that were measured in turns, in one run: the time of the first divided by the time of the',
    'second. Smaller is better. The ratio is the median of the rounds, with the lowest and the highest in brackets. Other work on',
    'the machine affects both sides, so a ratio can be compared with that of another machine; a time cannot. A time in milliseconds',
    'is that of the fastest round, which other work has delayed least.',
    '',
    ...machineTable(machine, options),
    '',
    ...verdict(results),
    ...results.flatMap((result) => ['', ...section(result)]),
  ].join('\n')}\n`;
}

function machineTable(machine: Machine, { rounds, roundMs }: Run['options']): string[] {
  const shared =
    machine.load > sharedLoad ? ': measured on a shared machine, so that times are too long' : '';
  return table(
    ['', ''],
    [
      ['date', machine.day],
      [
        'machine',
        `${counted(machine.cores, 'core')}, ${machine.processor}, ${machine.memoryGb} GB of memory`,
      ],
      ['system', machine.system],
      ['Node.js', machine.node],
      ['Postgres', `${machine.postgres}; durable, unless the section says that it is not`],
      ['load before the run', `${machine.load.toFixed(1)}${shared}`],
      ['rounds', `${rounds}, after one to warm up; each side ${roundMs / 1_000} s`],
    ],
  );
}

function verdict(results: readonly BenchResult[]): string[] {
  const judged = results.flatMap(({ name, comparisons }) =>
    comparisons.flatMap((comparison) => {
      const met = isMet(comparison);
      return met === undefined ? [] : { name, comparison, met };
    }),
  );
  const missed = judged.filter(({ met }) => !met);
  const met = judged.length - missed.length;
  return [
    `${met} of ${counted(judged.length, 'target')} ${met === 1 ? 'is' : 'are'} met${missed.length === 0 ? '.' : '. Not met:'}`,
    ...missed.map(
      ({ name, comparison }) =>
        `- ${name}: ${comparison.name}: ${spreadText(comparison)}${timeIfLimited(comparison)}, target ${targetText(comparison)}`,
    ),
  ];
}

function timeIfLimited({ limitMs, fastestMs }: Comparison): string {
  return limitMs === undefined ? '' : `, ${millisecondsText(fastestMs.subject)}`;
}

function section({ name, summary, comparisons, leftOut }: BenchResult): string[] {
  const curves = curvesOf(comparisons);
  const others = comparisons.filter(({ point }) => point === undefined);
  return [
    `## ${name}`,
    '',
    `${summary}.`,
    ...(leftOut === undefined ? [] : ['', `Not measured: ${leftOut}.`]),
    ...(others.length === 0 ? [] : ['', ...comparisonTable(others)]),
    ...[...Map.groupBy(curves, ({ axis }) => axis)].flatMap(([axis, ofAxis]) => [
      '',
      ...curveTable(axis, ofAxis),
    ]),
    ...[...Map.groupBy(curves, ({ operation }) => operation).keys()].flatMap((operation) => [
      '',
      `![${operation}](benchmarks/${plotFile(operation)})`,
    ]),
  ];
}

function comparisonTable(comparisons: readonly Comparison[]): string[] {
  const details = comparisons.flatMap(({ detail = [] }) => detail);
  return [
    ...table(
      ['what', 'subject', 'compared with', 'ratio', 'target', 'met', 'each second'],
      comparisons.map((comparison) => [
        comparison.name,
        comparison.subject,
        comparison.reference,
        spreadText(comparison),
        targetText(comparison),
        metText(comparison),
        `${comparison.perSecond.subject} against ${comparison.perSecond.reference}`,
      ]),
    ),
    ...(details.length === 0 ? [] : ['', ...details.map((detail) => `- ${detail}`)]),
  ];
}

/** One row for each operation: the time at the smallest size, and the ratio and the time at each larger one. */
function curveTable(axis: Curve['axis'], curves: readonly Curve[]): string[] {
  const sizes = curves[0]?.points.map(({ at }) => at) ?? [];
  return table(
    [`${axis}`, ...sizes.map((at) => at.toLocaleString('en')), 'target', 'met'],
    curves.map(({ operation, points, comparisons, target, limitMs }) => [
      operation,
      ...points.map((point, index) =>
        index === 0
          ? millisecondsText(point.fastestMs)
          : `${spreadText(point)}, ${millisecondsText(point.fastestMs)}`,
      ),
      targetText({ target, limitMs }),
      comparisons.every((comparison) => isMet(comparison) ?? true) ? 'yes' : '**no**',
    ]),
  );
}

function metText(comparison: Comparison): string {
  const met = isMet(comparison);
  return met === undefined ? '' : met ? 'yes' : '**no**';
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const rowText = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [rowText(head), rowText(head.map(() => '---')), ...rows.map(rowText)];
}
