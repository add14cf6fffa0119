import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareKeys, SortedKeys } from './key-order.ts';

test('whatever is added and removed, a list has the keys of the prefix, in order, from where it starts', () => {
  const key = fc.string({ unit: fc.constantFrom('a', 'b', '/', 'é', '￿', '😀'), maxLength: 4 });
  const steps = fc.array(fc.tuple(fc.boolean(), key), { maxLength: 60 });
  fc.assert(
    fc.property(fc.array(key), steps, key, key, (first, changes, prefix, from) => {
      const keys = new SortedKeys(new Set(first));
      const model = new Set(first);
      for (const [adds, each] of changes) {
        keys[adds ? 'add' : 'remove'](each);
        model[adds ? 'add' : 'delete'](each);
      }
      const wanted = [...model].filter((each) => each.startsWith(prefix) && compareKeys(each, from) >= 0);
      expect([...keys.matching(prefix, from)]).toEqual(wanted.sort(compareKeys));
    }),
  );
});
