import { expect, test } from 'vitest';
import { type FieldError, Problem, type ProblemOptions } from '../errors.ts';
import { isOutage, isRetryable, isSqlError, knownSqlstates, sqlstate, toProblem } from './sqlstate.ts';

/** An error as `pg` creates it from a message of Postgres. */
function sqlError(code: string, more: { detail?: unknown; constraint?: string; message?: string } = {}) {
  const { detail, constraint, message = 'what Postgres said' } = more;
  return Object.assign(new Error(message), {
    severity: 'ERROR',
    code,
    ...(detail !== undefined && { detail: JSON.stringify(detail) }),
    ...(constraint !== undefined && { constraint }),
  });
}

/** All properties of a problem, except its cause. */
const whole = ({ name, code, status, message, options: { cause: _, ...options } }: Problem) => ({
  name,
  code,
  status,
  message,
  options,
});

type Row = readonly [name: string, code: string, status: number, message: string, options?: ProblemOptions];

const lines = [{ line: 0, sku: 'BOLT', available: 1, requested: 2 }];
const fields: FieldError[] = [{ field: 'lines[0].sku', message: 'there is no item NUT' }];
const bearer = { headers: { 'www-authenticate': 'Bearer realm="stockade"' } };
const later = { retryAfterSeconds: 2 };
const repaired = { retryAfterSeconds: 30 };
const raced = 'Too many requests change the same rows at once: try again.';
const restarting = 'The database is restarting: try again.';

/** The answer to the caller for each SQLSTATE, raised with `lines`, `fields` or a scope as its detail. */
const table: Readonly<Record<string, Row>> = {
  SK101: ['Unauthenticated', 'invalid_credentials', 401, 'The credential is not valid.', bearer],
  SK102: [
    'Problem',
    'organization_mismatch',
    403,
    'The credential does not belong to the organization that the request names.',
  ],
  SK103: ['Problem', 'organization_suspended', 403, 'The organization is suspended.'],
  SK104: [
    'Problem',
    'insufficient_scope',
    403,
    'The credential lacks the scope "write": use a key that carries it.',
  ],
  SK105: [
    'Problem',
    'organization_required',
    400,
    'You are a member of several organizations: name one of them in the header x-organization.',
  ],
  SK106: [
    'Problem',
    'too_many_requests',
    429,
    'The organization has too many requests under way at once: try again.',
    { retryAfterSeconds: 1 },
  ],
  SK201: [
    'Problem',
    'insufficient_stock',
    409,
    'There is not enough stock for every line; nothing was posted. See "lines".',
    { extra: { lines } },
  ],
  SK202: [
    'Problem',
    'stale_balance',
    409,
    'A balance has changed since it was read; nothing was posted. Read it again and retry. See "lines".',
    { extra: { lines } },
  ],
  SK203: ['Problem', 'already_reversed', 409, 'The entry is already reversed.'],
  SK204: ['Problem', 'not_reversible', 409, 'A reversal cannot be reversed: post the entry again.'],
  SK205: [
    'Problem',
    'idempotency_mismatch',
    422,
    'This Idempotency-Key was used for another request: choose a new key for a new request.',
  ],
  SK206: [
    'Problem',
    'already_exists',
    409,
    'The code "M8/40" is in use already, as a code or as an alias: choose another one, or take it away there first.',
  ],
  SK207: [
    'Problem',
    'insufficient_stock',
    409,
    'Nothing was posted, because of the entry 2 (the first is 0). There is not enough stock for every line; nothing was posted. See "lines".',
    { extra: { lines, entry: 2 } },
  ],
  SK208: [
    'Problem',
    'reservation_closed',
    409,
    'The reservation is not open any more: it is expired. Reserve again if you still need the stock.',
    { extra: { state: 'expired' } },
  ],
  SK210: [
    'Problem',
    'exceeds_reservation',
    409,
    'The reservation does not hold that much; nothing was changed. See "lines".',
    { extra: { lines } },
  ],
  SK209: [
    'Problem',
    'history_too_long',
    422,
    'This answer would add up 500001 movements, and one adds up at most 500000. Ask in parts: with "sku" and "location", or ' +
      'with a smaller "limit". With basis=recorded, only the movements since the nearest seal are added up.',
    { extra: { movements: 500_001 } },
  ],
  SK301: [
    'InvalidInput',
    'invalid_input',
    422,
    'The request refers to something that does not exist or does not fit. See "errors".',
    { errors: fields },
  ],
  SK302: [
    'InvalidInput',
    'invalid_input',
    422,
    'A transfer moves stock: per item and lot its quantities must sum to zero.',
    { errors: [{ field: 'lines', message: 'do not sum to zero per item and lot' }] },
  ],
  SK303: [
    'InvalidInput',
    'invalid_input',
    422,
    'A quantity has the wrong sign for the kind.',
    { errors: [{ field: 'lines', message: 'what Postgres said' }] },
  ],
  SK304: [
    'InvalidInput',
    'invalid_input',
    422,
    'A value is out of its bounds. See "errors".',
    { errors: fields },
  ],
  SK404: ['NotFound', 'not_found', 404, 'There is no such object.'],
  '22003': [
    'Problem',
    'quantity_out_of_range',
    422,
    'A quantity or balance would exceed fifteen digits, four of them decimals.',
  ],
  '23503': [
    'Problem',
    'in_use',
    409,
    'It has stock or history and cannot be deleted. Correct it or leave it.',
  ],
  '23505': ['Problem', 'already_exists', 409, 'There is one already.'],
  '23514': [
    'InvalidInput',
    'invalid_input',
    422,
    'A value is out of its bounds. See "errors".',
    { errors: [{ field: 'body', message: 'is out of its bounds' }] },
  ],
  '25006': [
    'Unavailable',
    'unavailable',
    503,
    'The database takes no writes at the moment: try again.',
    later,
  ],
  '40001': ['Unavailable', 'unavailable', 503, raced, later],
  '40P01': ['Unavailable', 'unavailable', 503, raced, later],
  '53000': ['Unavailable', 'unavailable', 503, 'The database lacks resources: try again.', later],
  '53100': ['Unavailable', 'unavailable', 503, 'The disk of the database is full: try again.', repaired],
  '53200': ['Unavailable', 'unavailable', 503, 'The database is out of memory: try again.', later],
  '53300': ['Unavailable', 'unavailable', 503, 'The database has no free connection: try again.', later],
  '53400': ['Unavailable', 'unavailable', 503, 'The request met a limit of the database: try again.', later],
  '55P03': ['Unavailable', 'busy', 503, 'Rows this request needs are locked for too long: try again.', later],
  '57014': ['Unavailable', 'timeout', 503, 'The request took too long and was stopped.', later],
  '57P01': ['Unavailable', 'unavailable', 503, restarting, later],
  '57P02': ['Unavailable', 'unavailable', 503, restarting, later],
  '57P03': ['Unavailable', 'unavailable', 503, 'The database is starting: try again.', later],
  '57P04': ['Unavailable', 'unavailable', 503, 'The database is gone at the moment: try again.', repaired],
  '57P05': ['Unavailable', 'unavailable', 503, 'The database ended the connection: try again.', later],
  '58030': ['Unavailable', 'unavailable', 503, 'The disk of the database fails: try again.', repaired],
};

const details: Readonly<Record<string, unknown>> = {
  SK207: { entry: 2, error: { code: 'SK201', message: 'x', detail: JSON.stringify(lines) } },
  SK104: { scope: 'write' },
  SK201: lines,
  SK202: lines,
  SK206: 'M8/40',
  SK208: { state: 'expired' },
  SK210: lines,
  SK209: { movements: 500_001, most: 500_000 },
  SK301: fields,
  SK304: fields,
};

test('the table of this test contains every SQLSTATE that callers may see', () => {
  expect([...knownSqlstates].sort()).toEqual(Object.keys(table).sort());
});

test.each(Object.entries(table))('callers see %s as %j', (code, [name, ...expected]) => {
  const error = sqlError(code, { detail: details[code] });
  const problem = toProblem(error) as Problem;
  const [problemCode, status, message, options = {}] = expected;
  expect(whole(problem)).toEqual({ name, code: problemCode, status, message, options });
  // Only an error whose reason the caller must not see keeps it, for the log.
  expect(problem.cause).toBe(status === 503 ? error : undefined);
  expect(problem.options.cause).toBe(problem.cause);
});

test.each([
  ['items', 'items_reorder_point_check', 'reorderPoint'],
  ['movements', 'movements_quantity_check_number', 'quantity'],
  ['idempotency_keys', 'idempotency_keys_key_check', 'key'],
  ['entries', 'entries_check', 'body'],
])('a value that a check of %s refuses is named by its field: %s', (table, constraint, field) => {
  const error = Object.assign(sqlError('23514', { constraint }), { table });
  expect(toProblem(error)?.options.errors).toEqual([{ field, message: 'is out of its bounds' }]);
});

test.each([
  ['items_org_id_sku_key', 'There is an item of this SKU already.'],
  ['locations_org_id_code_key', 'There is a location of this code already.'],
  ['anything_else_key', 'There is one already.'],
])('a name that is taken says what has it, by the constraint %s', (constraint, message) => {
  expect(toProblem(sqlError('23505', { constraint }))?.message).toBe(message);
});

test('the fields of an entry of a batch are named with its place', () => {
  const error = {
    code: 'SK301',
    message: 'x',
    detail: JSON.stringify([{ field: 'lines[0].sku', message: 'no' }]),
  };
  expect(toProblem(sqlError('SK207', { detail: { entry: 7, error } }))?.options.errors).toEqual([
    { field: 'entries[7].lines[0].sku', message: 'no' },
  ]);
});

test('a missing scope is named, and the lines of an error are those of the database', () => {
  for (const scope of ['read', 'admin']) {
    expect(toProblem(sqlError('SK104', { detail: { scope } }))?.message).toBe(
      `The credential lacks the scope "${scope}": use a key that carries it.`,
    );
  }
  expect(toProblem(sqlError('SK201'))?.options).toEqual({ extra: { lines: null } });
  expect(toProblem(sqlError('SK303', { message: 'a receipt is positive' }))?.options.errors).toEqual([
    { field: 'lines', message: 'a receipt is positive' },
  ]);
});

test.each(['42P01', '22012', 'SK501', 'SK901', 'sk101', '', 'XX000'])(
  'the SQLSTATE %j is a fault of ours: callers see nothing of it',
  (code) => {
    expect(toProblem(sqlError(code))).toBeUndefined();
  },
);

test.each([
  ['a plain error', new Error('SK101')],
  ['an error of the operating system', Object.assign(new Error('x'), { code: '57P01' })],
  ['an error whose code is no text', Object.assign(new Error('x'), { severity: 'ERROR', code: 40001 })],
  ['a value that is not an Error', { severity: 'ERROR', code: '40001', message: 'x' }],
  ['nothing', undefined],
])('%s is not an error of Postgres', (_, error) => {
  expect([isSqlError(error), isRetryable(error), toProblem(error)]).toEqual([false, false, undefined]);
});

test('a refusal stays as it is, and is not an error of Postgres', () => {
  const problem = new Problem('x', 418, 'no');
  expect([isSqlError(problem), isRetryable(problem)]).toEqual([false, false]);
  expect(toProblem(problem)).toBe(problem);
});

test('only a transaction that lost a race may run again', () => {
  const candidates = [...knownSqlstates, sqlstate.alreadyAnswered, '40002', '40003', '40000', '08006'];
  expect(candidates.filter((code) => isRetryable(sqlError(code)))).toEqual(['40001', '40P01']);
  expect(sqlstate).toEqual({
    alreadyAnswered: 'SK200',
    entryRefused: 'SK207',
    serializationFailure: '40001',
    deadlockDetected: '40P01',
  });
});

test('the server is in trouble when it lacks resources, goes down or takes no writes; not when a request meets a limit', () => {
  expect(knownSqlstates.filter((code) => isOutage(sqlError(code))).sort()).toEqual([
    '25006',
    ...['53000', '53100', '53200', '53300'],
    ...['57P01', '57P02', '57P03', '57P04', '57P05'],
    '58030',
  ]);
  expect([isOutage(new Error('53100')), isOutage(sqlError('530')), isOutage(undefined)]).toEqual([
    false,
    false,
    false,
  ]);
});
