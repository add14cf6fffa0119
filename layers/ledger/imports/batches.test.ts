import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Batches, type ImportBatch } from './batches.ts';
import type { ImportLine } from './lines/import-line.ts';

interface Given {
  readonly organization: string;
  readonly reference: string | null;
  readonly endsWindow: boolean;
}

const given: fc.Arbitrary<Given[]> = fc.array(
  fc.record({
    organization: fc.constantFrom('a', 'b', 'c'),
    reference: fc.constantFrom('1', '2', null),
    endsWindow: fc.nat(9).map((number) => number === 0),
  }),
  { maxLength: 80 },
);

function lineOf(line: number, reference: string | null): ImportLine {
  return {
    line,
    reference,
    sku: 'A',
    name: null,
    location: 'main',
    lot: '',
    quantity: '1',
    kind: 'receipt',
    time: null,
    record: { line, fields: [], bytes: 1 },
  };
}

function collect(lines: readonly Given[], batchLines: number): ImportBatch<string>[] {
  const batches = new Batches<string>(batchLines);
  const given: ImportBatch<string>[] = [];
  for (const [index, { organization, reference, endsWindow }] of lines.entries()) {
    const full = batches.add(organization, lineOf(index + 1, reference));
    if (full) given.push(full);
    if (endsWindow) given.push(...batches.endWindow());
  }
  return [...given, ...batches.end()];
}

function entriesOf(batches: readonly ImportBatch<string>[]): string[] {
  return batches
    .flatMap(({ organization, entries }) =>
      entries.map(({ lines }) => `${organization}:${lines.map(({ line }) => line).join(',')}`),
    )
    .sort();
}

test('every line is in one entry of its organization, in order, and only with lines of the same reference', () => {
  fc.assert(
    fc.property(given, fc.integer({ min: 1, max: 20 }), (lines, batchLines) => {
      const seen = new Map<string, number[]>();
      for (const { organization, entries, lineCount } of collect(lines, batchLines)) {
        const inBatch = entries.flatMap((entry) => entry.lines);
        expect(inBatch).toHaveLength(lineCount);
        for (const entry of entries) {
          for (const line of entry.lines) expect(line.reference).toBe(entry.reference);
          if (entry.reference === null) expect(entry.lines).toHaveLength(1);
        }
        seen.set(organization, [...(seen.get(organization) ?? []), ...inBatch.map(({ line }) => line)]);
      }
      for (const organization of ['a', 'b', 'c']) {
        const expected = lines.flatMap((line, index) =>
          line.organization === organization ? [index + 1] : [],
        );
        expect(seen.get(organization) ?? []).toEqual(expected);
      }
    }),
  );
});

test('the size of batches does not change which lines form an entry', () => {
  fc.assert(
    fc.property(given, fc.integer({ min: 1, max: 20 }), (lines, batchLines) => {
      expect(entriesOf(collect(lines, batchLines))).toEqual(entriesOf(collect(lines, 1_000)));
    }),
  );
});

test('an entry has at most 1000 lines', () => {
  const lines = Array.from({ length: 2_500 }, () => ({
    organization: 'a',
    reference: '1',
    endsWindow: false,
  }));
  const sizes = collect(lines, 100_000).flatMap(({ entries }) => entries.map((entry) => entry.lines.length));
  expect(sizes).toEqual([1_000, 1_000, 500]);
});

test('no line is held for longer than two windows', () => {
  const batches = new Batches<string>(1_000);
  batches.add('a', lineOf(1, '1'));
  batches.add('b', lineOf(2, null));
  expect(batches.endWindow().map(({ organization }) => organization)).toEqual([]);
  expect(batches.firstHeldLine()).toBe(1);
  batches.add('a', lineOf(3, '1'));
  expect(entriesOf(batches.endWindow())).toEqual(['a:1,3', 'b:2']);
  expect(batches.firstHeldLine()).toBe(Number.POSITIVE_INFINITY);
  batches.add('a', lineOf(4, '1'));
  expect(entriesOf(batches.end())).toEqual(['a:4']);
});

test('a full batch is returned when the next entry begins', () => {
  const batches = new Batches<string>(2);
  expect(batches.add('a', lineOf(1, '1'))).toBeUndefined();
  expect(batches.add('a', lineOf(2, '1'))).toBeUndefined();
  expect(batches.add('a', lineOf(3, '1'))).toBeUndefined();
  expect(batches.add('a', lineOf(4, '2'))).toMatchObject({ lineCount: 3 });
});
