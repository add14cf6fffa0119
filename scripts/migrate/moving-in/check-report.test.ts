import { expect, test } from 'vitest';
import { readCodeMap } from '#portability/moving-in/check/code-map.ts';
import { moveInCheckText, suggestedMap } from './check-report.ts';

const offence = {
  table: 'items',
  id: '0197b1f2-6c1e-7a30-9d2f-3a5e0c7b1d42',
  ruleId: 'code-form',
  rule: 'a SKU is visible text: it must not begin or end with a blank',
  remedy: 'Say in the map what it becomes (--map): the old one stays as an alias.',
};

test('an inventory without offences can move in', () => {
  expect(moveInCheckText({ offences: [], counts: {} })).toBe('Every row can move in.');
});

test('offences are shown by rule, with the row, the value, the remedy, and how many more there are', () => {
  const offences = [
    { ...offence, value: 'TRAIL ', becomes: 'TRAIL' },
    { ...offence, table: 'movements', value: null, ruleId: 'kind', rule: 'has a kind', remedy: 'Write it.' },
  ];
  expect(moveInCheckText({ offences, counts: { 'code-form': 3, kind: 1 } })).toBe(
    `4 rows cannot move in. Nothing was changed.

code-form (3 rows)
  items ${offence.id}: "TRAIL "
    a SKU is visible text: it must not begin or end with a blank
  and 2 more: --most names more
  Say in the map what it becomes (--map): the old one stays as an alias.

kind (1 row)
  movements ${offence.id}: no value
    has a kind
  Write it.

A map that would rename 1 row (--map FILE), to review:

table,code,becomes
items,"TRAIL ",TRAIL
`,
  );
});

test('the map that is suggested can be read back, whatever is in the codes', () => {
  const codes = ['TRAIL ', 'TAB\t1', 'a,b"c\r\nd', ' x', 'é\u200b'];
  const offences = codes.map((value, nth) => ({ ...offence, value, becomes: `N-${nth}` }));
  expect(
    readCodeMap(Buffer.from(suggestedMap(offences))).map(({ code, becomes }) => [code, becomes]),
  ).toEqual(codes.map((code, nth) => [code, `N-${nth}`]));
  expect(suggestedMap([{ ...offence, value: 'X' }])).toBe('');
});
