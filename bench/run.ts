import { command } from '#scripts/cli/command.ts';
import * as option from '#scripts/cli/option.ts';
import { api } from './api.ts';
import { balanceRead } from './balance-read.ts';
import type { Bench, Comparison } from './bench.ts';
import { coldStart } from './cold-start.ts';
import { importing } from './import.ts';
import { posting } from './posting.ts';
import { reconcile } from './reconcile.ts';
import { recovery } from './recovery.ts';
import { seals } from './seals.ts';
import { statistics } from './statistics.ts';
import { wall } from './wall.ts';

const benches: readonly Bench[] = [
  wall,
  posting,
  seals,
  reconcile,
  balanceRead,
  recovery,
  statistics,
  coldStart,
  api,
  importing,
];

await command({
  name: 'bench',
  summary: 'Measures ratios: each row compares two things that were measured in turns in one run.',
  description: benches.map(({ name, summary }) => `${name}: ${summary}`).join('\n'),
  options: {
    only: option.choice(
      benches.map(({ name }) => name),
      { description: 'measure only this' },
    ),
    rounds: option.integer({ description: 'pairs to measure', min: 1, max: 1_000, default: 9 }),
    roundMs: option.duration({
      flag: 'round',
      description: 'how long each side of a pair runs',
      default: 1_000,
    }),
  },
  examples: [{ type: '--only wall', does: 'measures the cost of isolation' }],
  run: async ({ options, note }) => {
    const results: Comparison[] = [];
    for (const bench of benches.filter(({ name }) => name === (options.only ?? name))) {
      for await (const comparison of bench.run(options)) {
        note(line(comparison));
        results.push(comparison);
      }
    }
    return { json: results, text: results.map(line).join('\n') };
  },
});

function line({ name, perSecond, ratio, target, detail = [] }: Comparison): string {
  const [low, middle, high] = [ratio.min, ratio.median, ratio.max].map((value) => figure(value));
  const against = target === undefined ? '' : `  target ${figure(target)}`;
  const ratios = `${name.padEnd(56)} ${middle} (${low}–${high})${against}  [${perSecond.subject}/s against ${perSecond.reference}/s]`;
  return [ratios, ...detail.map((each) => `    ${each}`)].join('\n');
}

/** Two decimals, or two significant digits if the figure is smaller. */
function figure(value: number): string {
  return value < 0.1 ? String(Number(value.toPrecision(2))) : value.toFixed(2);
}
