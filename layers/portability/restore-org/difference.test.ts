import { expect, test } from 'vitest';
import { pairsOf } from './difference.ts';

test('rows of a table without a primary key are never paired', () => {
  const past = { folder: '/nowhere' } as Parameters<typeof pairsOf>[0];
  expect(() => pairsOf(past, undefined, 'inventory.notes', new Map())).toThrow(
    /^inventory\.notes has no primary key: its rows cannot be paired$/,
  );
});
