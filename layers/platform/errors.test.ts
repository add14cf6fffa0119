import { expect, test } from 'vitest';
import { InvalidInput, MissingSetting, NotFound, Problem, Unauthenticated, Unavailable } from './errors.ts';

const cause = new Error('why');
const errors = [{ field: 'sku', message: 'is missing' }];

test.each([
  [new Problem('x', 418, 'No.'), 'Problem', ['x', 418, 'No.', {}]],
  [
    new Problem('x', 418, 'No.', { errors, extra: { a: 1 }, retryAfterSeconds: 9, headers: { b: 'c' } }),
    'Problem',
    ['x', 418, 'No.', { errors, extra: { a: 1 }, retryAfterSeconds: 9, headers: { b: 'c' } }],
  ],
  [new InvalidInput('No.', errors), 'InvalidInput', ['invalid_input', 400, 'No.', { errors }]],
  [new InvalidInput('No.', errors, 415), 'InvalidInput', ['invalid_input', 415, 'No.', { errors }]],
  [
    new Unauthenticated('unauthenticated', 'Who?'),
    'Unauthenticated',
    ['unauthenticated', 401, 'Who?', { headers: { 'www-authenticate': 'Bearer realm="stockade"' } }],
  ],
  [new NotFound('item BOLT'), 'NotFound', ['not_found', 404, 'There is no item BOLT.', {}]],
  [new Unavailable('Later.'), 'Unavailable', ['unavailable', 503, 'Later.', { retryAfterSeconds: 2 }]],
  [
    new Unavailable('Later.', cause, 'busy'),
    'Unavailable',
    ['busy', 503, 'Later.', { retryAfterSeconds: 2, cause }],
  ],
] as const)('%s has its code, status, sentence and options', (error, name, expected) => {
  const { code, status, message, options } = error;
  expect([code, status, message, options]).toEqual(expected);
  expect(error.name).toBe(name);
  expect(error.cause).toBe((expected[3] as { cause?: unknown }).cause);
  expect(error).toBeInstanceOf(Problem);
});

test('a missing setting is not an error that callers may see', () => {
  const error = new MissingSetting('X is not set');
  expect([error.name, error.message, error instanceof Problem]).toEqual([
    'MissingSetting',
    'X is not set',
    false,
  ]);
});
