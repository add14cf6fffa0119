import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Comparison } from '../bench.ts';
import { chartOf } from './chart.ts';
import { curvesOf } from './curves.ts';
import { benchmarksPage, plotFile, type Run } from './page.ts';
import { durationText, figure, line, millisecondsText } from './text.ts';
import { writeBenchmarks } from './write.ts';

const operation = 'list <of> movements & more';

function point(at: number, median: number, axis: 'movements' | 'organizations' = 'movements'): Comparison {
  return {
    name: `${operation}, ${at}`,
    subject: `${at} ${axis}`,
    reference: `10 ${axis}`,
    perSecond: { subject: 1, reference: 2 },
    fastestMs: { subject: 2 * median, reference: 2 },
    ratio: { min: median / 2, median, max: median * 2 },
    target: 1.3,
    limitMs: 10,
    point: { operation, axis, at, smallest: 10 },
  };
}

const posting: Comparison = {
  name: 'single | movement',
  subject: 'post_entry()',
  reference: 'an INSERT',
  perSecond: { subject: 1_200, reference: 2_000 },
  fastestMs: { subject: 0.8, reference: 0.5 },
  ratio: { min: 1.5, median: 1.6667, max: 2.25 },
  target: 2,
  detail: ['each: 1.0 s'],
};

const run: Run = {
  machine: {
    day: '2026-03-01',
    cores: 1,
    processor: 'Some Processor',
    memoryGb: 8,
    node: '24.1.0',
    postgres: '18.4',
    system: 'linux x64',
    load: 0.04,
  },
  options: { rounds: 9, roundMs: 1_000 },
  results: [
    { name: 'posting', summary: 'The cost of posting', comparisons: [posting] },
    { name: 'growth', summary: 'The cost at sizes', comparisons: [point(1_000, 1.4), point(100, 1.2)] },
    { name: 'transfers', summary: 'Transfers', comparisons: [], leftOut: 'pgledger is needed' },
  ],
};

test('a curve begins at the smallest size with 1, and its sizes are in order', () => {
  const [curve, ...others] = curvesOf([posting, point(1_000, 1.4), point(100, 1.2)]);
  expect(others).toEqual([]);
  expect(curve?.points.map(({ at, ratio }) => [at, ratio.median])).toEqual([
    [10, 1],
    [100, 1.2],
    [1_000, 1.4],
  ]);
  expect(curve?.points[0]).toEqual({ at: 10, ratio: { min: 1, median: 1, max: 1 }, fastestMs: 2 });
});

test('both axes of one operation are two curves', () => {
  expect(curvesOf([point(100, 1), point(100, 1, 'organizations')]).map(({ axis }) => axis)).toEqual([
    'movements',
    'organizations',
  ]);
});

test('a plot has the median as a line, the spread as a band and the target as a dashed line, at their heights', () => {
  const curves = curvesOf([point(100, 1), point(1_000, 2)]);
  const svg = chartOf(operation, curves);
  expect(svg).toBe(chartOf(operation, curves));
  // The largest ratio is 4, the axis ends at 4.5, and the panel has 142 units between 44 and 186.
  const y = (ratio: number) => Math.round((44 + 142 * (1 - ratio / 4.5)) * 10) / 10;
  expect(svg).toContain(`<polyline points="68,${y(1)} 194,${y(1)} 320,${y(2)}"`);
  expect(svg).toContain(
    `<polygon points="68,${y(1)} 194,${y(2)} 320,${y(4)} 320,${y(1)} 194,${y(0.5)} 68,${y(1)}"`,
  );
  expect(svg).toContain(`y1="${y(1.3)}" x2="344" y2="${y(1.3)}" stroke="#b91c1c" stroke-dasharray`);
  expect(svg).toContain('>1,000</text>');
  expect(svg).toContain('<title>list &lt;of&gt; movements &amp; more</title>');
});

test('the axis of a plot always shows the target, also when nothing comes near it', () => {
  const svg = chartOf(operation, curvesOf([point(100, 0.5)]));
  expect(svg).toContain('>2.0</text>');
  expect(svg).toContain('stroke-dasharray');
});

test('the page says where it was measured, every ratio with its spread, and what is not met', () => {
  const page = benchmarksPage(run);
  expect(page).toContain('| machine | 1 core, Some Processor, 8 GB of memory |');
  expect(page).toContain('| load before the run | 0.0 |');
  expect(page).toContain(
    '2 of 3 targets are met. Not met:\n- growth: list <of> movements & more, 1000: 1.40 (0.70–2.80), 2.8 ms, target 1.30, 10 ms\n',
  );
  expect(page).toContain(
    '| single \\| movement | post_entry() | an INSERT | 1.67 (1.50–2.25) | 2.00 | yes | 1200 against 2000 |\n\n- each: 1.0 s\n',
  );
  expect(page).toContain(
    `| movements | 10 | 100 | 1,000 | target | met |\n| --- | --- | --- | --- | --- | --- |\n| ${operation} | 2 ms | 1.20 (0.60–2.40), 2.4 ms | 1.40 (0.70–2.80), 2.8 ms | 1.30, 10 ms | **no** |\n`,
  );
  expect(page).toContain(`![${operation}](benchmarks/list-of-movements-more.svg)`);
  expect(page).toContain('Not measured: pgledger is needed.');
});

test('a machine with other work is called shared', () => {
  expect(benchmarksPage({ ...run, machine: { ...run.machine, load: 1.5 } })).toContain(
    '| load before the run | 1.5: measured on a shared machine, so that times are too long |',
  );
});

test('a run writes the page and one plot for each operation; plots of earlier runs go', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stockade-report-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeBenchmarks(folder, run);
  await writeFile(join(folder, 'benchmarks', 'earlier.svg'), '');
  await writeBenchmarks(folder, run);
  expect(await readdir(join(folder, 'benchmarks'))).toEqual([plotFile(operation)]);
  expect(await readFile(join(folder, 'BENCHMARKS.md'), 'utf8')).toBe(benchmarksPage(run));
  const linked = [...benchmarksPage(run).matchAll(/\]\(benchmarks\/(.*)\)/g)].map(([, file]) => file);
  expect(linked).toEqual([plotFile(operation)]);
});

test('a line of the command has ratio, spread, target and rates', () => {
  expect(line(posting)).toBe(
    `${'single | movement'.padEnd(56)} 1.67 (1.50–2.25)  target 2.00  [1200/s against 2000/s]\n    each: 1.0 s`,
  );
  expect(line({ ...posting, target: 1.5 })).toContain('target 1.50  NOT MET  [');
  const { target: _, ...untargeted } = posting;
  expect(line(untargeted)).toContain('(1.50–2.25)  [');
});

test('figures have two decimals, or two digits when they are small', () => {
  expect([figure(1.234), figure(0.1), figure(0.01234)]).toEqual(['1.23', '0.10', '0.012']);
  expect([millisecondsText(2.4123), millisecondsText(0.1), millisecondsText(1234.5)]).toEqual([
    '2.41 ms',
    '0.1 ms',
    '1235 ms',
  ]);
});

test('a duration is in seconds, then in minutes', () => {
  expect([durationText(0.2), durationText(89), durationText(90), durationText(601)]).toEqual([
    '1 second',
    '89 seconds',
    '2 minutes',
    '11 minutes',
  ]);
});
