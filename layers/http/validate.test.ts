import { expect, test } from 'vitest';
import * as z from 'zod';
import { InvalidInput } from '#platform/errors.ts';
import { validate } from './validate.ts';

const schema = z.strictObject({
  name: z.string({ error: 'must be a string' }),
  kind: z.enum(['a', 'b"c']).optional(),
  fixed: z.literal(7).optional(),
  lines: z
    .array(z.strictObject({ quantity: z.number({ error: 'must be a number' }) }))
    .min(1, 'must not be empty')
    .optional(),
  deep: z.object({ er: z.object({ x: z.boolean() }) }).optional(),
});

function refusal(value: unknown, of: z.ZodType = schema) {
  try {
    return validate(of, value);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return { status: error.status, code: error.code, detail: error.message, errors: error.options.errors };
  }
}

const wrong = (...errors: [field: string, message: string][]) => ({
  status: 400,
  code: 'invalid_input',
  detail:
    errors.length === 1
      ? 'A field of the request is wrong.'
      : `${errors.length} fields of the request are wrong.`,
  errors: errors.map(([field, message]) => ({ field, message })),
});
const stray = 'is not a field here: check its spelling or leave it out';

test('a right value comes back as the schema reads it', () => {
  expect(validate(schema, { name: 'x' })).toEqual({ name: 'x' });
  expect(validate(z.string().transform(Number), '12')).toBe(12);
  expect(validate(z.string().default('said'), undefined)).toBe('said');
});

test.each([
  ['what is missing', {}, wrong(['name', 'is missing'])],
  ['what is null, which is not missing', { name: null }, wrong(['name', 'must be a string'])],
  ['a word of none', { name: 'x', kind: 'c' }, wrong(['kind', 'must be one of "a", "b\\"c"'])],
  ['a wrong literal', { name: 'x', fixed: 8 }, wrong(['fixed', 'must be one of 7'])],
  [
    'a line, by its number',
    { name: 'x', lines: [{ quantity: 1 }, {}] },
    wrong(['lines[1].quantity', 'is missing']),
  ],
  ['no lines', { name: 'x', lines: [] }, wrong(['lines', 'must not be empty'])],
  ['a stray field', { name: 'x', nmae: 'y' }, wrong(['nmae', stray])],
  ['a stray field of a line', { name: 'x', lines: [{ quantity: 1, q: 2 }] }, wrong(['lines[0].q', stray])],
  [
    'every one of several',
    { a: 1, b: 2, lines: [{ quantity: 'x' }] },
    wrong(['name', 'is missing'], ['lines[0].quantity', 'must be a number'], ['a', stray], ['b', stray]),
  ],
  [
    'a field inside of fields',
    { name: 'x', deep: { er: { x: 1 } } },
    wrong(['deep.er.x', 'Invalid input: expected boolean, received number']),
  ],
  ['the whole', [], wrong(['body', 'Invalid input: expected object, received array'])],
  ['nothing', undefined, wrong(['body', 'is missing'])],
])('%s is named', (_, value, expected) => {
  expect(refusal(value)).toEqual(expected);
});

test('a list that is the whole is named by its numbers', () => {
  expect(refusal([['x'], [1]], z.array(z.array(z.string({ error: 'must be a string' }))))).toEqual(
    wrong(['[1][0]', 'must be a string']),
  );
});
