import type { Comparison, CurvePoint } from '../bench.ts';

/** The cost of one operation at different sizes, the smallest first. */
export interface Curve {
  readonly operation: string;
  readonly axis: CurvePoint['axis'];
  readonly points: readonly CurvePosition[];
  readonly target: number | undefined;
  readonly limitMs: number | undefined;
  /** The comparisons of the larger sizes with the smallest one. */
  readonly comparisons: readonly Comparison[];
}

/** The cost at a size, as a multiple of the cost at the smallest. */
export interface CurvePosition {
  readonly at: number;
  readonly ratio: Comparison['ratio'];
  /** The time of one operation in the fastest round. */
  readonly fastestMs: number;
}

/** The curves among comparisons, in the order of their first points. */
export function curvesOf(comparisons: readonly Comparison[]): Curve[] {
  const groups = Map.groupBy(
    comparisons.filter(({ point }) => point !== undefined),
    ({ point }) => `${point?.axis} ${point?.operation}`,
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first?.point) return [];
    const { operation, axis, smallest } = first.point;
    const sorted = group.toSorted((a, b) => (a.point?.at ?? 0) - (b.point?.at ?? 0));
    return {
      operation,
      axis,
      points: [
        { at: smallest, ratio: { min: 1, median: 1, max: 1 }, fastestMs: first.fastestMs.reference },
        ...sorted.map(({ point, ratio, fastestMs }) => ({
          at: point?.at ?? Number.NaN,
          ratio,
          fastestMs: fastestMs.subject,
        })),
      ],
      target: first.target,
      limitMs: first.limitMs,
      comparisons: sorted,
    };
  });
}
