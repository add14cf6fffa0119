import { expect, test } from 'vitest';
import { toPage } from './page.ts';

const keyOf = (row: number) => [`key of ${row}`];

test.each([
  ['no rows', [], 2, [], undefined],
  ['fewer than asked for', [1], 2, [1], undefined],
  ['as many as asked for', [1, 2], 2, [1, 2], undefined],
  ['one more', [1, 2, 3], 2, [1, 2], ['key of 2']],
  ['many more', [1, 2, 3, 4], 1, [1], ['key of 1']],
])(
  'of %s, the next page continues after the last row if there are more rows',
  (_, rows, limit, shown, next) => {
    expect(toPage(rows, limit, keyOf)).toEqual({ rows: shown, next });
  },
);
