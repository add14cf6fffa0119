import { describe, expect, test } from 'vitest';
import type * as z from 'zod';
import { entryKinds, PostEntry, PostTransfer, ReverseEntry } from './entries.ts';

/** The messages about a value, by field. The list is empty when the value is accepted, and then it is unchanged. */
function said(schema: z.ZodType, value: unknown): [field: string, message: string][] {
  const { success, data, error } = schema.safeParse(value);
  if (success) expect(data).toEqual(value);
  return error?.issues.map(({ path, message }) => [path.join('.'), message]) ?? [];
}

const line = { sku: 'BOLT', location: 'MAIN', quantity: 1 };
const entry = { kind: 'receipt', lines: [line] };
const many = (length: number, of: object = line) => Array.from({ length }, () => of);

describe('an entry', () => {
  test.each([
    entry,
    { ...entry, reference: 'R', occurredAt: '2026-03-01T09:30:00Z', metadata: { a: 1 }, dryRun: true },
    { ...entry, dryRun: false, lines: [{ ...line, lot: '', expectedVersion: 0 }] },
    { ...entry, lines: many(1_000) },
    { kind: 'issue', lines: [{ ...line, quantity: -1 }] },
    ...['adjustment', 'opening', 'transfer'].map((kind) => ({
      kind,
      lines: [line, { ...line, quantity: -1 }],
    })),
  ])('is accepted: %#', (value) => expect(said(PostEntry, value)).toEqual([]));

  const atLeast = 'must have at least one line';
  test.each<[object, [string, string][]]>([
    [{ lines: [] }, [['lines', atLeast]]],
    [{ lines: {} }, [['lines', 'must be a list of lines']]],
    [{ lines: many(1_001) }, [['lines', 'must have at most 1000 lines: send the rest separately']]],
    [{ dryRun: 'yes' }, [['dryRun', 'Invalid input: expected boolean, received string']]],
    [{ reference: '' }, [['reference', 'must not be empty']]],
    [{ metadata: [] }, [['metadata', 'must be an object']]],
    [
      { kind: 'issue', lines: [line, { ...line, quantity: -1 }, line] },
      [0, 2].map((n) => [`lines.${n}.quantity`, 'must be less than zero: an issue takes stock']),
    ],
    [
      { kind: 'return', lines: [{ ...line, quantity: -1 }] },
      [['lines.0.quantity', 'must be greater than zero: a return adds stock']],
    ],
    [
      { lines: [line, { ...line, quantity: -1 }] },
      [['lines.1.quantity', 'must be greater than zero: a receipt adds stock']],
    ],
    [{ lines: [{ ...line, quantity: 0 }] }, [['lines.0.quantity', 'must not be zero']]],
    [{ lines: [{ ...line, expectedVersion: -1 }] }, [['lines.0.expectedVersion', 'must not be negative']]],
    [{ lines: [{ ...line, expectedVersion: 0.5 }] }, [['lines.0.expectedVersion', 'must be a whole number']]],
    [{ actor: 'me' }, [['', 'Unrecognized key: "actor"']]],
    [{ lines: [{ ...line, balance: 1 }] }, [['lines.0', 'Unrecognized key: "balance"']]],
  ])('with %j is refused', (change, messages) =>
    expect(said(PostEntry, { ...entry, ...change })).toEqual(messages),
  );

  test('has a kind that can be posted; the other kinds exist only in lists', () => {
    const taken = entryKinds.filter((kind) => {
      const quantities = kind === 'issue' ? [-1] : [1];
      return PostEntry.safeParse({ kind, lines: quantities.map((quantity) => ({ ...line, quantity })) })
        .success;
    });
    expect(taken).toEqual(['receipt', 'return', 'issue', 'adjustment', 'transfer', 'opening']);
    expect(entryKinds).toEqual([...taken, 'count', 'reversal']);
  });
});

describe('a transfer', () => {
  const moved = { sku: 'BOLT', quantity: 1 };
  const transfer = { from: 'MAIN', to: 'SHOP', lines: [moved] };
  const most = 'must have at most 500 lines: each becomes two movements';

  const whole = {
    ...{ ...transfer, reference: 'R', occurredAt: '2026-03-01T09:30:00Z', metadata: { a: 1 }, dryRun: true },
    lines: many(500, { ...moved, lot: 'L', expectedVersion: 0 }),
  };
  test.each([transfer, whole])('is accepted: %#', (value) => expect(said(PostTransfer, value)).toEqual([]));

  test.each<[object, [string, string][]]>([
    [{ to: 'MAIN' }, [['to', 'must be another location than "from"']]],
    [{ lines: [] }, [['lines', 'must have at least one line']]],
    [{ lines: many(501, moved) }, [['lines', most]]],
    [{ lines: [{ ...moved, quantity: -1 }] }, [['lines.0.quantity', 'must be greater than zero']]],
    [{ lines: [{ ...moved, quantity: 0 }] }, [['lines.0.quantity', 'must not be zero']]],
    [{ dryRun: 1 }, [['dryRun', 'Invalid input: expected boolean, received number']]],
    [{ kind: 'transfer' }, [['', 'Unrecognized key: "kind"']]],
    [{ lines: [{ ...moved, expectedVersion: -1 }] }, [['lines.0.expectedVersion', 'must not be negative']]],
    [{ lines: [{ ...moved, location: 'X' }] }, [['lines.0', 'Unrecognized key: "location"']]],
  ])('with %j is refused', (change, messages) =>
    expect(said(PostTransfer, { ...transfer, ...change })).toEqual(messages),
  );
});

test.each<[object, [string, string][]]>([
  [{}, []],
  [{ reference: 'R', metadata: { a: 1 } }, []],
  [{ reference: '' }, [['reference', 'must not be empty']]],
  [{ metadata: null }, [['metadata', 'must be an object']]],
  [{ lines: [] }, [['', 'Unrecognized key: "lines"']]],
])('a reversal with %j gives %j', (value, messages) => expect(said(ReverseEntry, value)).toEqual(messages));
