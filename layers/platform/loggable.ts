import { hideSecrets } from './text/secrets-in-text.ts';

/** A value that a log may hold: plain data and nothing else. */
export type Loggable =
  | string
  | number
  | boolean
  | null
  | undefined
  | Loggable[]
  | { [name: string]: Loggable };

/**
 * The fields of an error that a log may hold. Libraries attach anything to an error: `pg` its client with the key of the
 * session, Postgres the values of the row (`detail`, `where`), the AWS SDK the answer, Node the URL that it could not
 * read. So every other field stays out.
 */
const errorTexts = [
  'code',
  'severity',
  'schema',
  'table',
  'column',
  'constraint',
  'routine',
  'syscall',
  'address',
];
const errorNumbers = ['status', 'errno', 'port'];
const metadataFields = ['httpStatusCode', 'requestId', 'attempts'];

const longestText = 4_000;
const mostElements = 50;
const deepest = 8;

/**
 * Turns a value into what a log may hold. An error becomes its name, message, stack, causes and the fields above. Plain
 * objects and lists are copied. An object of another class is only named: its fields may be anything.
 *
 * @example loggable({ error, organizationId }) // { error: { name: 'DatabaseError', code: '53100', … }, organizationId: '…' }
 */
export function loggable(value: unknown): Loggable {
  return copyOf(value, []);
}

/** An error as a log may hold it. `error` may be anything: everything can be thrown. */
export function loggableError(error: unknown): Loggable {
  return isObject(error) ? errorOf(error, []) : copyOf(error, []);
}

/** The same without stacks: for an error that is no fault of the program. */
export function loggableReason(error: unknown): Loggable {
  return withoutStacks(loggableError(error));
}

/** An error as text for a terminal, with its causes. */
export function errorText(error: unknown): string {
  return textOf(loggableError(error));
}

function copyOf(value: unknown, within: readonly object[]): Loggable {
  if (typeof value === 'string') return shortened(value);
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value as Loggable;
  if (typeof value === 'bigint') return String(value);
  if (!isObject(value)) return undefined;
  if (within.includes(value)) return '[circular]';
  if (within.length >= deepest) return '[…]';
  if (value instanceof Error) return errorOf(value, within);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '[Date]' : value.toISOString();
  const inside = [...within, value];
  if (Array.isArray(value)) return value.slice(0, mostElements).map((each) => copyOf(each, inside) ?? null);
  if (!isPlain(value)) return `[${value.constructor?.name ?? 'object'}]`;
  const fields = Object.entries(value).slice(0, mostElements);
  return Object.fromEntries(
    // Anything can be thrown, and is treated as an error.
    fields.map(([name, field]) => [
      name,
      name === 'error' && isObject(field) ? errorOf(field, inside) : copyOf(field, inside),
    ]),
  );
}

function errorOf(error: object, within: readonly object[]): Loggable {
  if (within.includes(error)) return '[circular]';
  if (within.length >= deepest) return '[…]';
  const inside = [...within, error];
  const field = (name: string): unknown => Reflect.get(error, name);
  const kept: Record<string, Loggable> = {};
  const keep = (name: string, type: 'string' | 'number') => {
    const value = field(name);
    if (typeof value === type) kept[name] = copyOf(value, inside);
  };
  for (const name of ['name', 'message', ...errorTexts]) keep(name, 'string');
  for (const name of ['code', ...errorNumbers]) keep(name, 'number');
  keep('stack', 'string');
  const metadata = field('$metadata');
  if (isObject(metadata)) {
    kept.aws = Object.fromEntries(
      metadataFields.map((name) => [name, primitiveOf(Reflect.get(metadata, name))]),
    );
  }
  const errors = error instanceof AggregateError ? error.errors : undefined;
  if (Array.isArray(errors)) kept.errors = errors.slice(0, mostElements).map((each) => thrown(each, inside));
  const cause = field('cause');
  if (cause !== undefined && cause !== null) kept.cause = thrown(cause, inside);
  return Object.keys(kept).length > 0 ? kept : 'an object without name and message was thrown';
}

function thrown(value: unknown, within: readonly object[]): Loggable {
  return isObject(value) ? errorOf(value, within) : copyOf(value, within);
}

function primitiveOf(value: unknown): Loggable {
  return isObject(value) ? undefined : copyOf(value, []);
}

function shortened(text: string): string {
  const hidden = hideSecrets(text);
  return hidden.length > longestText ? `${hidden.slice(0, longestText)}…` : hidden;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function withoutStacks(value: Loggable): Loggable {
  if (Array.isArray(value)) return value.map(withoutStacks);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => name !== 'stack');
  return Object.fromEntries(kept.map(([name, field]) => [name, withoutStacks(field)]));
}

function textOf(value: Loggable): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return String(value);
  const { name, message, stack, cause, errors, ...rest } = value;
  const fields = Object.keys(rest).length > 0 ? ` ${JSON.stringify(rest)}` : '';
  const inner = Array.isArray(errors) ? errors : [];
  return [
    `${stack ?? `${name ?? 'error'}: ${message ?? ''}`}${fields}`,
    ...inner.map((each) => `one of them: ${textOf(each)}`),
    ...(cause === undefined ? [] : [`caused by: ${textOf(cause)}`]),
  ].join('\n');
}
