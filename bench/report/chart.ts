import type { Curve, CurvePosition } from './curves.ts';

const panel = { width: 360, height: 230, left: 44, right: 16, top: 44, bottom: 44 };
const inner = {
  width: panel.width - panel.left - panel.right,
  height: panel.height - panel.top - panel.bottom,
};
const ink = { text: '#1f2937', grid: '#d1d5db', line: '#1d4ed8', band: '#bfdbfe', target: '#b91c1c' };

/**
 * The curves of one operation as an SVG, one panel beside the other: the median ratio as a line, the spread of the rounds as
 * a band, the target as a dashed line. The same curves give the same text.
 */
export function chartOf(operation: string, curves: readonly Curve[]): string {
  const width = panel.width * curves.length;
  const top = topOf(curves);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${panel.height}" viewBox="0 0 ${width} ${panel.height}" font-family="system-ui, sans-serif" font-size="11" fill="${ink.text}">`,
    `<title>${escaped(operation)}</title>`,
    `<rect width="${width}" height="${panel.height}" fill="#ffffff"/>`,
    `<text x="${panel.left}" y="18" font-size="13" font-weight="600">${escaped(operation)}</text>`,
    ...curves.flatMap((curve, index) => [
      `<g transform="translate(${index * panel.width} 0)">`,
      ...axes(curve, top),
      ...drawn(curve, top),
      '</g>',
    ]),
    '</svg>',
    '',
  ].join('\n');
}

/** The largest ratio on the vertical axis: a multiple of a half, and the same in all panels. */
function topOf(curves: readonly Curve[]): number {
  const most = Math.max(
    ...curves.flatMap(({ points, target = 1 }) => [target, ...points.map(({ ratio }) => ratio.max)]),
  );
  return Math.max(2, Math.ceil((most * 1.05) / 0.5) * 0.5);
}

function axes({ axis, points }: Curve, top: number): string[] {
  const bottomY = panel.top + inner.height;
  const step = top <= 3 ? 0.5 : Math.ceil(top / 6);
  const ticks = Array.from({ length: Math.floor(top / step) + 1 }, (_, index) => index * step);
  return [
    ...ticks.flatMap((ratio) => [
      `<line x1="${panel.left}" y1="${yOf(ratio, top)}" x2="${panel.left + inner.width}" y2="${yOf(ratio, top)}" stroke="${ink.grid}"/>`,
      `<text x="${panel.left - 6}" y="${tidy(Number(yOf(ratio, top)) + 4)}" text-anchor="end">${ratio.toFixed(1)}</text>`,
    ]),
    ...points.map(
      ({ at }, index) =>
        `<text x="${xOf(index, points)}" y="${bottomY + 16}" text-anchor="middle">${at.toLocaleString('en')}</text>`,
    ),
    `<text x="${panel.left + inner.width / 2}" y="${bottomY + 34}" text-anchor="middle">${axis}</text>`,
    `<text x="${panel.left}" y="34">time, relative to the smallest size</text>`,
  ];
}

function drawn({ points, target }: Curve, top: number): string[] {
  const at = (end: keyof CurvePosition['ratio']) =>
    points.map(({ ratio }, index) => `${xOf(index, points)},${yOf(ratio[end], top)}`);
  const targetY = target === undefined ? undefined : yOf(target, top);
  return [
    `<polygon points="${[...at('max'), ...at('min').toReversed()].join(' ')}" fill="${ink.band}"/>`,
    ...(targetY === undefined
      ? []
      : [
          `<line x1="${panel.left}" y1="${targetY}" x2="${panel.left + inner.width}" y2="${targetY}" stroke="${ink.target}" stroke-dasharray="5 4"/>`,
        ]),
    `<polyline points="${at('median').join(' ')}" fill="none" stroke="${ink.line}" stroke-width="2"/>`,
    ...points.map(
      ({ ratio }, index) =>
        `<circle cx="${xOf(index, points)}" cy="${yOf(ratio.median, top)}" r="3" fill="${ink.line}"/>`,
    ),
  ];
}

/** The sizes are powers of ten: they stand at equal distances, as on a logarithmic axis. */
function xOf(index: number, points: readonly CurvePosition[]): string {
  const edge = 24;
  const step = points.length > 1 ? (inner.width - 2 * edge) / (points.length - 1) : 0;
  return tidy(panel.left + edge + index * step);
}

function yOf(ratio: number, top: number): string {
  return tidy(panel.top + inner.height * (1 - ratio / top));
}

function tidy(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
