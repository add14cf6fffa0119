import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { PageQuery, toList } from './page.ts';

const query = z.strictObject(PageQuery([/^\d+$/, /^x*$/]));
const read = (sent: Record<string, string>) => {
  const { data, error } = query.safeParse(sent);
  return data ?? error?.issues.map(({ path, message }) => [...path, message]);
};
const cursorOf = (key: unknown) => Buffer.from(JSON.stringify(key)).toString('base64url');

describe('limit', () => {
  test.each([
    ['1', 1],
    ['50', 50],
    ['007', 7],
    ['199', 199],
    ['200', 200],
    ['000000200', 200],
  ])('%s is %d', (limit, expected) => {
    expect(read({ limit })).toEqual({ limit: expected });
  });

  test('is 50 unless said', () => {
    expect(read({})).toEqual({ limit: 50 });
  });

  test.each([
    ['0', 'must be at least 1'],
    ['201', 'must be at most 200'],
    ['999999999', 'must be at most 200'],
    ['1000000000', 'must be a whole number'],
    ['', 'must be a whole number'],
    ['1.5', 'must be a whole number'],
    ['-1', 'must be a whole number'],
    ['+1', 'must be a whole number'],
    ['1e1', 'must be a whole number'],
    [' 1', 'must be a whole number'],
    ['1 ', 'must be a whole number'],
    ['1,2', 'must be a whole number'],
    ['１', 'must be a whole number'],
    ['ten', 'must be a whole number'],
  ])('"%s" is refused: %s', (limit, message) => {
    expect(read({ limit })).toEqual([['limit', message]]);
  });
});

describe('cursor', () => {
  test('comes from the list, and is read as the key of its last row', () => {
    const { nextCursor } = toList({ rows: [], next: ['12', 'xx'] });
    expect(read({ cursor: nextCursor ?? '' })).toEqual({ limit: 50, cursor: ['12', 'xx'] });
    expect(read({ cursor: nextCursor ?? '', limit: '2' })).toEqual({ limit: 2, cursor: ['12', 'xx'] });
    expect(nextCursor).toBe(cursorOf(['12', 'xx']));
  });

  test('may have an empty part where its list has', () => {
    expect(read({ cursor: cursorOf(['1', '']) })).toEqual({ limit: 50, cursor: ['1', ''] });
  });

  const refused = [['cursor', 'is not a cursor of this list: pass "nextCursor" back unchanged']];
  test.each([
    ['nothing', ''],
    ['no base64url', '!'],
    ['no JSON', Buffer.from('["1').toString('base64url')],
    ['no list', cursorOf({ 0: '1', 1: 'x', length: 2 })],
    ['no strings', cursorOf([1, 'x'])],
    ['no part', cursorOf([])],
    ['a part too few', cursorOf(['1'])],
    ['a part too many', cursorOf(['1', 'x', 'x'])],
    ['a first part of another list', cursorOf(['x', 'x'])],
    ['a second part of another list', cursorOf(['1', '1'])],
    ['parts the other way round', cursorOf(['x', '1'])],
  ])('that is %s is refused', (_, cursor) => {
    expect(read({ cursor })).toEqual(refused);
  });

  test('with text that no database can compare is refused', () => {
    const anything = z.strictObject(PageQuery([/^/]));
    const isTaken = (part: string) => anything.safeParse({ cursor: cursorOf([part]) }).success;
    expect(['x', 'é😀', 'x'.repeat(640)].map(isTaken)).toEqual([true, true, true]);
    expect(['\0', 'a\0b', '\ud800', 'x'.repeat(641)].map(isTaken)).toEqual([false, false, false, false]);
  });

  test('has at most four parts', () => {
    const parts = (count: number) => z.strictObject(PageQuery(Array(count).fill(/./)));
    const isTaken = (count: number) =>
      parts(count).safeParse({ cursor: cursorOf(Array(count).fill('x')) }).success;
    expect([1, 4, 5].map(isTaken)).toEqual([true, true, false]);
  });
});

test('a list is its rows and the cursor after them, null at the end', () => {
  expect(toList({ rows: [1, 2], next: undefined })).toEqual({ data: [1, 2], nextCursor: null });
  expect(toList({ rows: [1, 2], next: ['é'] })).toEqual({ data: [1, 2], nextCursor: 'WyLDqSJd' });
});
