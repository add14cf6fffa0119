import { counted } from '#platform/text/plural.ts';
import { type Comparison, isMet } from '../bench.ts';

/** A comparison as a line of the command's output, with its details below it. */
export function line(comparison: Comparison): string {
  const { name, perSecond, detail = [] } = comparison;
  const met = { true: '', false: '  NOT MET', undefined: '' }[String(isMet(comparison))];
  const rates = `[${perSecond.subject}/s against ${perSecond.reference}/s]`;
  return [
    `${name.padEnd(56)} ${spreadText(comparison)}${targetSuffix(comparison)}${met}  ${rates}`,
    ...detail.map((each) => `    ${each}`),
  ].join('\n');
}

function targetSuffix(comparison: Comparison): string {
  const target = targetText(comparison);
  return target === '' ? '' : `  target ${target}`;
}

/** The median ratio and its spread: `1.21 (1.10–1.32)`. */
export function spreadText({ ratio: { min, median, max } }: Pick<Comparison, 'ratio'>): string {
  return `${figure(median)} (${figure(min)}–${figure(max)})`;
}

/** What a comparison should keep: `1.30`, `10 ms`, `1.30, 10 ms`; empty when there is nothing. */
export function targetText({ target, limitMs }: Pick<Comparison, 'target' | 'limitMs'>): string {
  return [target === undefined ? [] : figure(target), limitMs === undefined ? [] : `${limitMs} ms`]
    .flat()
    .join(', ');
}

/** A short time: `2.41 ms`. */
export function millisecondsText(milliseconds: number): string {
  return `${milliseconds >= 100 ? Math.round(milliseconds) : Number(milliseconds.toPrecision(3))} ms`;
}

/** Two decimals, or two significant digits if the figure is smaller. */
export function figure(value: number): string {
  return value < 0.1 ? String(Number(value.toPrecision(2))) : value.toFixed(2);
}

/** About how long something takes: seconds up to a minute and a half, then whole minutes. */
export function durationText(seconds: number): string {
  return seconds < 90 ? counted(Math.ceil(seconds), 'second') : counted(Math.ceil(seconds / 60), 'minute');
}
