import { expect, test } from 'vitest';
import { InvalidInput, NotFound } from '#platform/errors.ts';
import { inFieldsOfTransfer } from './transfer-fields.ts';

test('errors about the movements of a transfer name the fields of the transfer, each once', () => {
  const error = new InvalidInput(
    'It does not fit.',
    [
      { field: 'lines[0].location', message: 'no such place' },
      { field: 'lines[1].location', message: 'nor this' },
      { field: 'lines[2].location', message: 'no such place' },
      { field: 'lines[2].sku', message: 'no such item' },
      { field: 'lines[3].lot', message: 'no such lot' },
      { field: 'lines[3].sku', message: 'no such item' },
      { field: 'lines[20].sku', message: 'no such item' },
      { field: 'lines[20].sku.x', message: 'what is no field of a line stays' },
    ],
    422,
  );
  expect(inFieldsOfTransfer(error)).toEqual(
    new InvalidInput(
      'It does not fit.',
      [
        { field: 'from', message: 'no such place' },
        { field: 'to', message: 'nor this' },
        { field: 'lines[1].sku', message: 'no such item' },
        { field: 'lines[1].lot', message: 'no such lot' },
        { field: 'lines[10].sku', message: 'no such item' },
        { field: 'lines[20].sku.x', message: 'what is no field of a line stays' },
      ],
      422,
    ),
  );
  expect(inFieldsOfTransfer(error)).toMatchObject({
    status: 422,
    options: { errors: expect.any(Array) },
  });
});

test('every other error stays unchanged', () => {
  for (const error of [new NotFound('item'), new Error('of ours'), 'a string', undefined]) {
    expect(inFieldsOfTransfer(error)).toBe(error);
  }
});
