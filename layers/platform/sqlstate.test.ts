import { describe, expect, test } from 'vitest';
import { NotFound } from './errors.ts';
import { isRetryable, isSqlError, toProblem } from './sqlstate.ts';

const sqlError = (code: string, more: object = {}) =>
  Object.assign(new Error('the message of SQL'), { severity: 'ERROR', code, ...more });

/** All that a caller is told of an error of SQL. */
function told(code: string, detail?: unknown, more: object = {}) {
  const problem = toProblem(
    sqlError(code, { ...more, ...(detail !== undefined && { detail: JSON.stringify(detail) }) }),
  );
  if (!problem) return undefined;
  const { cause: _, ...options } = problem.options;
  return { status: problem.status, code: problem.code, detail: problem.message, ...options };
}

const lines = [{ sku: 'A', location: 'M', lot: null, available: 1, requested: 2 }];
const errors = [{ field: 'lines[0].sku', message: 'there is no item with the SKU "A"' }];
const unauthenticated = { headers: { 'www-authenticate': 'Bearer realm="stockade"' } };
const sameRows = 'Too many requests change the same rows at once: try again.';

const refusals: [
  sqlstate: string,
  detail: unknown,
  status: number,
  code: string,
  says: string,
  more?: object,
][] = [
  ['SK101', undefined, 401, 'invalid_credentials', 'The credential is not valid.', unauthenticated],
  [
    'SK102',
    undefined,
    403,
    'organization_mismatch',
    'The credential does not belong to the organization that the request names.',
  ],
  ['SK103', undefined, 403, 'organization_suspended', 'The organization is suspended.'],
  [
    'SK104',
    { scope: 'write' },
    403,
    'insufficient_scope',
    'The credential lacks the scope "write": use a key that carries it.',
  ],
  [
    'SK105',
    undefined,
    400,
    'organization_required',
    'You are a member of several organizations: say which one with the header x-organization.',
  ],
  [
    'SK106',
    undefined,
    429,
    'too_many_requests',
    'The organization has too many requests under way at once: try again.',
    { retryAfterSeconds: 1 },
  ],
  [
    'SK201',
    lines,
    409,
    'insufficient_stock',
    'There is not enough stock for every line; nothing was posted. See "lines".',
    { extra: { lines } },
  ],
  [
    'SK202',
    lines,
    409,
    'stale_balance',
    'A balance has changed since it was read; nothing was posted. Read it again and retry. See "lines".',
    { extra: { lines } },
  ],
  ['SK203', undefined, 409, 'already_reversed', 'The entry is already reversed.'],
  ['SK204', undefined, 409, 'not_reversible', 'A reversal cannot be reversed: post the entry again.'],
  [
    'SK205',
    undefined,
    422,
    'idempotency_mismatch',
    'This Idempotency-Key was used for another request: choose a new key for a new request.',
  ],
  [
    'SK301',
    errors,
    422,
    'invalid_input',
    'The request names what does not exist or does not fit.',
    { errors },
  ],
  [
    'SK302',
    undefined,
    422,
    'invalid_input',
    'A transfer moves stock: per item and lot its quantities must sum to zero.',
    { errors: [{ field: 'lines', message: 'do not sum to zero per item and lot' }] },
  ],
  [
    'SK303',
    undefined,
    422,
    'invalid_input',
    'A quantity has the wrong sign for the kind.',
    { errors: [{ field: 'lines', message: 'the message of SQL' }] },
  ],
  ['SK404', undefined, 404, 'not_found', 'There is no such object.'],
  [
    '22003',
    undefined,
    422,
    'quantity_out_of_range',
    'A quantity or balance would exceed fifteen digits, four of them decimals.',
  ],
  [
    '23503',
    undefined,
    409,
    'in_use',
    'It has stock or history and cannot be deleted. Correct it or leave it.',
  ],
];

test.each(refusals)('%s is told as it is', (sqlstate, detail, status, code, says, more) => {
  expect(told(sqlstate, detail)).toEqual({ status, code, detail: says, ...more });
});

test.each([
  ['25006', 'unavailable', 'The database takes no writes at the moment: try again.'],
  ['40001', 'unavailable', sameRows],
  ['40P01', 'unavailable', sameRows],
  ['53300', 'unavailable', 'The database has no free connection: try again.'],
  ['55P03', 'busy', 'Rows this request needs are locked for too long: try again.'],
  ['57014', 'timeout', 'The request took too long and was stopped.'],
  ['57P01', 'unavailable', 'The database is restarting: try again.'],
  ['57P02', 'unavailable', 'The database is restarting: try again.'],
  ['57P03', 'unavailable', 'The database is starting: try again.'],
])('%s may be tried again in two seconds, and the log learns why', (sqlstate, code, says) => {
  expect(told(sqlstate)).toEqual({ status: 503, code, detail: says, retryAfterSeconds: 2 });
  const error = sqlError(sqlstate);
  expect(toProblem(error)?.options.cause).toBe(error);
});

test.each([
  ['items_org_id_sku_key', 'There is an item of this SKU already.'],
  ['locations_org_id_code_key', 'There is a location of this code already.'],
  ['another', 'There is one already.'],
  [undefined, 'There is one already.'],
])('what is taken is named: %s', (constraint, says) => {
  const expected = { status: 409, code: 'already_exists', detail: says };
  expect(told('23505', undefined, { constraint })).toEqual(expected);
});

describe('nothing is told of', () => {
  test.each(['XX000', '42501', '22P02', 'SK900', 'SK902', '23514', ''])('%s', (sqlstate) => {
    expect(told(sqlstate)).toBeUndefined();
  });

  test('what Postgres has not sent', () => {
    for (const error of [
      new Error('x'),
      Object.assign(new Error('x'), { code: '23505' }),
      'SK101',
      null,
      undefined,
    ])
      expect(toProblem(error)).toBeUndefined();
    expect(isSqlError({ severity: 'ERROR', code: '23505' })).toBe(false);
    expect(isSqlError(Object.assign(new Error('x'), { severity: 'ERROR' }))).toBe(false);
    expect(isSqlError(Object.assign(new Error('x'), { severity: 'ERROR', code: 7 }))).toBe(false);
    expect(isSqlError(sqlError('23505'))).toBe(true);
  });
});

test('a problem is itself', () => {
  const problem = new NotFound('x');
  expect(toProblem(problem)).toBe(problem);
});

test('a transaction that lost a race is run again, and no other', () => {
  expect(['40001', '40P01'].map((code) => isRetryable(sqlError(code)))).toEqual([true, true]);
  for (const code of ['57014', '55P03', '23505', '40003', 'SK106'])
    expect([code, isRetryable(sqlError(code))]).toEqual([code, false]);
  expect(isRetryable(Object.assign(new Error('x'), { code: '40001' }))).toBe(false);
});
