import fc from 'fast-check';
import type { Request } from '../request.ts';
import type { Side } from '../side.ts';

/**
 * What was drawn of a request: the request itself is made when its turn comes, from what the ledger then holds ("the
 * newest entry", "all there is of the second balance"). So it still makes sense when shrinking has left out what was
 * before it. Nothing where there is nothing to ask.
 */
export type Draw = (own: Side, other: Side) => Request | undefined;

/** Few names, so that they meet; in an order that no language would sort them in. Both organizations use all of them. */
export const skus = ['A', 'b', 'Ä', 'A B', 'A-1', 'a'] as const;
export const codes = ['MAIN', 'shop', 'Zürich', 'Main'] as const;
export const lots = ['L1', 'l2', 'L10'] as const;

/** An index into a list whose length is not known yet; see {@link pick}. */
export const index = fc.nat(59);

/** An element of a list, by an index that may lie beyond its end; undefined of an empty list. */
export function pick<T>(list: readonly T[], at: number): T | undefined {
  return list[at % list.length];
}

/** The same from the end: 0 is the newest. */
export function pickNewest<T>(list: readonly T[], at: number): T | undefined {
  return list.at(-1 - (at % Math.max(list.length, 1)));
}

/** True about once in so many times; shrinks to false. */
export function rarely(times: number): fc.Arbitrary<boolean> {
  return fc.nat(times - 1).map((drawn) => drawn === times - 1);
}

/** Something about once in so many times, else undefined; shrinks to undefined. */
export function maybe<T>(arbitrary: fc.Arbitrary<T>, times: number): fc.Arbitrary<T | undefined> {
  return fc.oneof(
    { withCrossShrink: true },
    { weight: times - 1, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary },
  );
}

/** The name of a key that this ledger has not used. The other organization uses the same names. */
export const freshKey = ({ keyed }: Side) => `key-${keyed.length + 1}`;

/** A path with its query, without undefined values. */
export function pathOf(segments: readonly string[], query: Readonly<Record<string, unknown>> = {}): string {
  const parameters = Object.entries(query).filter(([, value]) => value !== undefined);
  const path = `/v1/${segments.map(encodeURIComponent).join('/')}`;
  if (parameters.length === 0) return path;
  return `${path}?${parameters.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')}`;
}

/** A copy without undefined fields, like a request that does not send them. */
export function sent<T extends object>(fields: T): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** An instant that matters: about when an entry was recorded or took effect, or far from all of them. */
export interface DrawnInstant {
  readonly of: 'recordedAt' | 'occurredAt' | 'fixed';
  readonly at: number;
  readonly shiftMs: number;
}

export const instant: fc.Arbitrary<DrawnInstant> = fc.record({
  of: fc.constantFrom('recordedAt', 'occurredAt', 'fixed'),
  at: index,
  shiftMs: fc.constantFrom(0, -1, 1),
});

/** Some with an offset, one in a future that the tests do not reach. */
const fixedInstants = [
  '2026-01-01T00:00:00.000Z',
  '2026-01-01T01:59:59.999+02:00',
  '1999-12-31T00:00:00Z',
  '2101-01-01T00:00:00.000Z',
];

export function instantOf(drawn: DrawnInstant | undefined, { ledger }: Side): string | undefined {
  if (!drawn) return undefined;
  const { of, at, shiftMs } = drawn;
  const entry = pickNewest(ledger.entries, at);
  if (of === 'fixed' || !entry) return pick(fixedInstants, at);
  return new Date(Date.parse(entry[of]) + shiftMs).toISOString();
}
