import fc from 'fast-check';
import { expect, test } from 'vitest';
import { repeatedKey } from './repeated-key.ts';

test.each([
  ['{"a":1,"a":2}', 'a'],
  ['{"a":1, "\\u0061" : 2}', 'a'],
  ['[{"b":{"c":[{"a":1}],"x":0,"x":1}}]', 'x'],
  ['{"\\"{":1,"\\"{":2}', '"{'],
  ['{"a":{"a":{"a":"a"}},"b":["a","a"],"c":"\\"a\\":1,\\"a\\":2"}', undefined],
  ['{"a\\\\":1,"a":"}","b":"{\\"b\\":"}', undefined],
  ['"a"', undefined],
])('%s: %s', (json, key) => {
  expect(repeatedKey(json)).toBe(key);
});

test('JSON written from an object repeats no key', () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      expect(repeatedKey(JSON.stringify(JSON.parse(json)))).toBeUndefined();
    }),
  );
});
