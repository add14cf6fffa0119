import { expect, expectTypeOf, test } from 'vitest';
import { httpEvent } from '#tests/http-event.ts';
import { RequestSlot } from './request-slot.ts';

const slot = new RequestSlot<{ readonly n: number }>('the number', 'numbers()');

test('a value belongs to its request, and to no other that looks the same', () => {
  const [one, other] = [httpEvent({ requestId: 'r' }), httpEvent({ requestId: 'r' })];
  slot.set(one, { n: 1 });
  slot.set(other, { n: 2 });
  expect([slot.of(one), slot.of(other)]).toEqual([{ n: 1 }, { n: 2 }]);
  slot.set(one, { n: 3 });
  expect([slot.find(one), slot.find(other)]).toEqual([{ n: 3 }, { n: 2 }]);
});

test('of() fails for a missing value and says what to do; find() returns undefined', () => {
  expect(() => slot.of(httpEvent())).toThrow(
    'the number is not known: put .use(numbers()) into the chain, before what needs it',
  );
  expect(slot.find(httpEvent())).toBeUndefined();
});

test('the compiler knows the value', () => {
  expectTypeOf(slot.of).returns.toEqualTypeOf<{ readonly n: number }>();
  // @ts-expect-error another value
  void (() => slot.set(httpEvent(), { m: 1 }));
});
