import fc from 'fast-check';
import { sentTimes, shared, theirOwn } from './names.ts';
import type { Seen, Value } from './step.ts';

/** Mostly an existing one, unless the sequence has deleted it. */
export const sku = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('BOLT', 'MILK') },
  fc.constantFrom(...shared.skus, ...theirOwn.skus, 'NEVER', ' BOLT', 'a/b'),
);
export const location = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...shared.locations) },
  fc.constantFrom(...theirOwn.locations, 'NEVER'),
);
const lot = fc.constantFrom(undefined, '', shared.lot, 'L2');
export const reference = fc.constantFrom(...shared.references, theirOwn.reference, undefined);
export const time = fc.constantFrom(...sentTimes);
export const quantity = fc.constantFrom(1, 2, 5, 0.5, 100, 0, -1, -3, 1e300);
const small = fc.integer({ min: 0, max: 9 });

export const seen = (kind: Seen) => small.map((index): Value => ({ seen: kind, index }));
export const theirs = (kind: Extract<Value, { theirs: unknown }>['theirs']) =>
  fc.constant<Value>({ theirs: kind });

export const entry = fc.oneof(
  { weight: 5, arbitrary: seen('entry') },
  theirs('entry'),
  seen('object'),
  fc.constant<Value>('no-uuid'),
);
export const movement = fc.oneof(
  { weight: 5, arbitrary: seen('movement') },
  theirs('movement'),
  fc.constant<Value>('no-uuid.1'),
);
export const reservation = fc.oneof(
  { weight: 5, arbitrary: seen('reservation') },
  theirs('reservation'),
  fc.constant<Value>('no-uuid'),
);
export const key = fc.oneof({ weight: 5, arbitrary: seen('key') }, theirs('key'), fc.constant<Value>('no'));

export const page = {
  limit: fc.constantFrom<Value>('1', '2', '200', '0', 'x'),
  cursor: fc.oneof(
    { weight: 4, arbitrary: seen('cursor') },
    theirs('cursor'),
    fc.constant<Value>('nonsense'),
  ),
};

/** At most two of the parameters, so that most queries find something. Sometimes an unknown one in addition. */
export function query(
  parameters: Readonly<Record<string, fc.Arbitrary<Value>>>,
): fc.Arbitrary<Record<string, Value>> {
  return fc
    .tuple(fc.record(parameters), fc.subarray(Object.keys(parameters)), fc.integer({ min: 0, max: 11 }))
    .map(([values, names, luck]) => ({
      ...Object.fromEntries(names.slice(0, 2).map((name) => [name, values[name] ?? ''])),
      ...(luck === 11 ? { colour: 'red' } : {}),
    }));
}

const line = fc.record(
  { sku, location, lot, quantity, expectedVersion: fc.constantFrom(undefined, undefined, 0, 1) },
  { requiredKeys: ['sku', 'location', 'quantity'] },
);
const lines = fc.array(line, { minLength: 0, maxLength: 3, size: 'small' });

/** A body that is mostly valid. */
export const posting = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({
        kind: fc.constantFrom('receipt', 'issue', 'adjustment', 'opening', 'return'),
        reference,
        lines: fc
          .tuple(
            fc.constantFrom(...shared.skus),
            fc.constantFrom(...shared.locations),
            fc.integer({ min: 1, max: 4 }),
          )
          .map(([sku, location, quantity]) => [{ sku, location, quantity }]),
      })
      .map(({ kind, reference, lines }) => ({
        kind,
        reference,
        lines: lines.map((each) => ({
          ...each,
          quantity: kind === 'issue' ? -each.quantity : each.quantity,
        })),
      })),
  },
  fc.record(
    {
      kind: fc.constantFrom('receipt', 'issue', 'transfer', 'adjustment', 'count', 'gift'),
      reference,
      occurredAt: fc.oneof(time, fc.constant('yesterday')),
      metadata: fc.constantFrom({}, { a: 1 }, []),
      dryRun: fc.boolean(),
      lines,
    },
    { requiredKeys: ['kind', 'lines'] },
  ),
);

const garbage = fc.constantFrom<unknown>('{"kind":', '', [], { unknown: 1 }, null);

/** Some lines, of which a reservation may hold one. */
export const heldLines = fc.array(
  fc.record({
    sku: fc.constantFrom(...shared.skus, ...theirOwn.skus),
    location,
    lot: fc.constantFrom(undefined, shared.lot),
    quantity: fc.constantFrom(1, 2, 0.5, 100, 0),
  }),
  { minLength: 1, maxLength: 2 },
);

/** Mostly the body, sometimes none. */
export const orGarbage = (body: fc.Arbitrary<unknown>) => fc.oneof({ weight: 8, arbitrary: body }, garbage);
