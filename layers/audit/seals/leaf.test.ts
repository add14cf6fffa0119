import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type LeafValues, leafBytes, leafFields, leafValues, type SealedMovement } from './leaf.ts';

/** Reads the bytes of a leaf back. That is possible for all of them only if no two different rows share them. */
function readBack(bytes: Buffer): LeafValues {
  const values: (Buffer | null)[] = [];
  let at = 4;
  for (let field = 0; field < bytes.readInt32BE(0); field += 1) {
    const length = bytes.readInt32BE(at + 4);
    at += 8;
    values.push(length < 0 ? null : bytes.subarray(at, at + length));
    at += Math.max(length, 0);
  }
  expect(at).toBe(bytes.length);
  return values;
}

/** Texts in which the separators and lengths of other encodings are frequent. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('\n', '\0', '1', ',', '-', 'a', 'ÿ', '\u{10ffff}'), maxLength: 12 }),
);
const uuid = fc.uuid();
/** Every instant that the API writes. */
const instant = fc
  .date({
    min: new Date('1900-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  })
  .map((date) => date.toISOString());
const movement: fc.Arbitrary<SealedMovement> = fc.record({
  entryId: uuid,
  line: fc.integer({ min: 1, max: 1000 }),
  itemId: uuid,
  locationId: uuid,
  quantity: text,
  lot: text,
  occurredAt: instant,
  recordedAt: instant,
  entryOccurredAt: instant,
  entryRecordedAt: instant,
  kind: text,
  reference: fc.option(text),
  actor: text,
  reverses: fc.option(uuid),
  metadata: text,
});

const micros = (value: Uint8Array) => Buffer.from(value).readBigInt64BE();
const epoch = BigInt(Date.UTC(2000, 0, 1)) * 1000n;

test('the bytes of a leaf can be read back, so no two different movements have the same', () => {
  fc.assert(
    fc.property(movement, (given) => {
      const values = readBack(leafBytes(leafValues(given)));
      const read = leafFields.map(([name], index) => {
        const value = values[index] ?? null;
        if (value === null) return [name, null];
        const bytes = Buffer.from(value);
        if (name === 'line') return [name, bytes.readInt32BE()];
        if (name.endsWith('At'))
          return [name, new Date(Number((micros(bytes) + epoch) / 1000n)).toISOString()];
        if (name.endsWith('Id') || name === 'reverses')
          return [name, bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')];
        return [name, bytes.toString()];
      });
      expect(Object.fromEntries(read)).toEqual(given);
    }),
    { numRuns: 300 },
  );
});
