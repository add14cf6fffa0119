import {
  type FieldError,
  InvalidInput,
  NotFound,
  Problem,
  tooManyUnderWay,
  Unauthenticated,
  Unavailable,
} from '../errors.ts';

/** The fields of a Postgres error (`pg`'s DatabaseError has them). */
export interface SqlError {
  readonly code: string;
  /** In the language of the server. */
  readonly severity?: string;
  readonly message: string;
  readonly detail?: string;
  readonly constraint?: string;
  readonly table?: string;
}

/** SQLSTATEs that code tests for by name. */
export const sqlstate = {
  alreadyAnswered: 'SK200',
  entryRefused: 'SK207',
  serializationFailure: '40001',
  deadlockDetected: '40P01',
} as const;

/** When to come back, where somebody has to repair the server first. */
const repairSeconds = 30;

/** The transaction lost a race to another one: running it again is right (Postgres documentation, 13.5). */
export function isRetryable(error: unknown): boolean {
  return (
    isSqlError(error) &&
    (error.code === sqlstate.serializationFailure || error.code === sqlstate.deadlockDetected)
  );
}

/**
 * The only table from SQLSTATE to the answer that the caller sees. Stockade's own functions raise class `SK`, with JSON
 * in DETAIL. The others are Postgres' own (Postgres documentation, appendix A).
 * A SQLSTATE that is not in the table is a fault of ours: a plain 500.
 */
const table: Readonly<Record<string, (error: SqlError) => Problem>> = {
  SK101: () => new Unauthenticated('invalid_credentials', 'The credential is not valid.'),
  SK102: () =>
    new Problem(
      'organization_mismatch',
      403,
      'The credential does not belong to the organization that the request names.',
    ),
  SK103: () => new Problem('organization_suspended', 403, 'The organization is suspended.'),
  SK104: (error) =>
    new Problem(
      'insufficient_scope',
      403,
      `The credential lacks the scope "${detailOf<{ scope: string }>(error).scope}": use a key that carries it.`,
    ),
  SK105: () =>
    new Problem(
      'organization_required',
      400,
      'You are a member of several organizations: name one of them in the header x-organization.',
    ),
  SK106: tooManyUnderWay,
  SK201: (error) =>
    new Problem(
      'insufficient_stock',
      409,
      'There is not enough stock for every line; nothing was posted. See "lines".',
      {
        extra: { lines: detailOf(error) },
      },
    ),
  SK202: (error) =>
    new Problem(
      'stale_balance',
      409,
      'A balance has changed since it was read; nothing was posted. Read it again and retry. See "lines".',
      { extra: { lines: detailOf(error) } },
    ),
  SK203: () => new Problem('already_reversed', 409, 'The entry is already reversed.'),
  SK204: () => new Problem('not_reversible', 409, 'A reversal cannot be reversed: post the entry again.'),
  SK205: () =>
    new Problem(
      'idempotency_mismatch',
      422,
      'This Idempotency-Key was used for another request: choose a new key for a new request.',
    ),
  SK206: (error) =>
    new Problem(
      'already_exists',
      409,
      `The code ${JSON.stringify(detailOf<string>(error))} is in use already, as a code or as an alias: choose another one, or take it away there first.`,
    ),
  SK207: (error) => {
    const { entry, error: cause } = detailOf<RefusedEntry>(error);
    return refusedIn(entry, caughtError(cause));
  },
  SK208: (error) => {
    const { state } = detailOf<{ state: string }>(error);
    return new Problem(
      'reservation_closed',
      409,
      `The reservation is not open any more: it is ${state}. Reserve again if you still need the stock.`,
      { extra: { state } },
    );
  },
  SK209: (error) => {
    const { movements, most } = detailOf<{ movements: number; most: number }>(error);
    return new Problem(
      'history_too_long',
      422,
      `This answer would add up ${movements} movements, and one adds up at most ${most}. Ask in parts: with "sku" and ` +
        '"location", or with a smaller "limit". With basis=recorded, only the movements since the nearest seal are added up.',
      { extra: { movements } },
    );
  },
  SK210: (error) =>
    new Problem(
      'exceeds_reservation',
      409,
      'The reservation does not hold that much; nothing was changed. See "lines".',
      { extra: { lines: detailOf(error) } },
    ),
  SK301: (error) =>
    new InvalidInput(
      'The request refers to something that does not exist or does not fit. See "errors".',
      detailOf<FieldError[]>(error),
      422,
    ),
  SK302: () =>
    new InvalidInput(
      'A transfer moves stock: per item and lot its quantities must sum to zero.',
      [{ field: 'lines', message: 'do not sum to zero per item and lot' }],
      422,
    ),
  SK303: (error) =>
    new InvalidInput(
      'A quantity has the wrong sign for the kind.',
      [{ field: 'lines', message: error.message }],
      422,
    ),
  SK304: (error) =>
    new InvalidInput('A value is out of its bounds. See "errors".', detailOf<FieldError[]>(error), 422),
  SK404: () => new NotFound('such object'),

  '22003': () =>
    new Problem(
      'quantity_out_of_range',
      422,
      'A quantity or balance would exceed fifteen digits, four of them decimals.',
    ),
  '23503': () =>
    new Problem('in_use', 409, 'It has stock or history and cannot be deleted. Correct it or leave it.'),
  '23505': (error) =>
    new Problem('already_exists', 409, `There is ${uniqueNames[error.constraint ?? ''] ?? 'one'} already.`),
  '23514': (error) =>
    new InvalidInput(
      'A value is out of its bounds. See "errors".',
      [{ field: checkedField(error), message: 'is out of its bounds' }],
      422,
    ),
  // Somebody closed it for writing, as before a cut-over, or it is a standby that is taking over.
  '25006': (error) => new Unavailable('The database takes no writes at the moment: try again.', error),
  '40001': (error) => new Unavailable('Too many requests change the same rows at once: try again.', error),
  '40P01': (error) => new Unavailable('Too many requests change the same rows at once: try again.', error),
  '53000': (error) => new Unavailable('The database lacks resources: try again.', error),
  '53100': (error) =>
    new Unavailable('The disk of the database is full: try again.', error, 'unavailable', repairSeconds),
  '53200': (error) => new Unavailable('The database is out of memory: try again.', error),
  '53300': (error) => new Unavailable('The database has no free connection: try again.', error),
  '53400': (error) => new Unavailable('The request met a limit of the database: try again.', error),
  '55P03': (error) =>
    new Unavailable('Rows this request needs are locked for too long: try again.', error, 'busy'),
  '57014': (error) => new Unavailable('The request took too long and was stopped.', error, 'timeout'),
  '57P01': (error) => new Unavailable('The database is restarting: try again.', error),
  '57P02': (error) => new Unavailable('The database is restarting: try again.', error),
  '57P03': (error) => new Unavailable('The database is starting: try again.', error),
  '57P04': (error) =>
    new Unavailable('The database is gone at the moment: try again.', error, 'unavailable', repairSeconds),
  '57P05': (error) => new Unavailable('The database ended the connection: try again.', error),
  '58030': (error) =>
    new Unavailable('The disk of the database fails: try again.', error, 'unavailable', repairSeconds),
};

/** An entry of a batch that was refused, by its place in the batch, with the error that a function has caught. */
export interface RefusedEntry {
  readonly entry: number;
  readonly error: SqlError;
}

/** The entry for which a batch was refused; undefined when the error says nothing of one. */
export function refusedEntry(error: unknown): RefusedEntry | undefined {
  return isSqlError(error) && error.code === sqlstate.entryRefused ? detailOf(error) : undefined;
}

/** An error that a function of the database has caught and told in JSON, as `pg` would have thrown it. */
export function caughtError(told: SqlError): Error & SqlError {
  return Object.assign(new Error(told.message), { severity: 'ERROR', ...told });
}

/** The refusal of a batch because of one of its entries: that of the entry, with its place. */
export function refusedIn(entry: number, error: unknown): Problem {
  const problem = toProblem(error);
  if (!problem) throw error;
  const detail = `Nothing was posted, because of the entry ${entry} (the first is 0). ${problem.message}`;
  const { errors = [], extra } = problem.options;
  if (problem instanceof InvalidInput) {
    const inEntry = errors.map(({ field, message }) => ({ field: `entries[${entry}].${field}`, message }));
    return new InvalidInput(detail, inEntry, problem.status);
  }
  return new Problem(problem.code, problem.status, detail, { extra: { ...extra, entry } });
}

/** Every SQLSTATE of the table. */
export const knownSqlstates: readonly string[] = Object.keys(table);

/** The object that each unique constraint protects, for the constraints that a caller can violate. */
const uniqueNames: Readonly<Record<string, string>> = {
  items_org_id_sku_key: 'an item of this SKU',
  locations_org_id_code_key: 'a location of this code',
};

/** The field whose CHECK refused a value. A constraint is named after its table and its column. */
function checkedField({ table = '', constraint = '' }: SqlError): string {
  const [, column] = /^_(\w+?)_check(?:_|$)/.exec(constraint.replace(table, '')) ?? [];
  return column?.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()) ?? 'body';
}

/** The answer that the caller may see: a {@link Problem}, or undefined when the error is a fault of ours. */
export function toProblem(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  if (isSqlError(error)) return table[error.code]?.(error);
  return undefined;
}

/**
 * Whether the server itself is in trouble: without resources, going down, or closed for writing. The next statement would
 * fail as well, in every connection.
 */
export function isOutage(error: unknown): boolean {
  return isSqlError(error) && /^(53[0-3]..|57P0[1-5]|58030|25006)$/.test(error.code);
}

/**
 * Whether an error that answers COMMIT says that the transaction was undone. A server that ends the session or itself at that
 * moment may have stored it.
 */
export function isUndone(error: unknown): boolean {
  return isSqlError(error) && (error.severity === 'ERROR' || !isOutage(error));
}

/** Whether Postgres sent this error. */
export function isSqlError(error: unknown): error is Error & SqlError {
  return error instanceof Error && 'severity' in error && 'code' in error && typeof error.code === 'string';
}

function detailOf<T>(error: SqlError): T {
  return JSON.parse(error.detail ?? 'null') as T;
}
