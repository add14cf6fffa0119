import { type FieldError, InvalidInput } from '#platform/errors.ts';
import { fieldName } from './validate.ts';

/** A double keeps any number of so many digits exactly (IEEE 754 binary64: DBL_DIG). */
const exactDigits = 15;

/**
 * Without one of these in a JSON text, nothing in it can be at fault, and JSON.parse alone reads a large body five times as fast:
 * an escape, from which NUL and half a pair come; the name that objects do not keep; more digits than a double holds.
 */
const mayBeAtFault = /\\u|__proto__|[\d.]{16}/;

/** An answer names no more faults than a person reads. */
const mostFaults = 100;

/** Whether Postgres can keep a string as text: it has no NUL, and its surrogates are in pairs. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

interface Fault {
  /** The object or list that has the value, and the key of the value in it. */
  readonly holder: unknown;
  readonly key: string;
  readonly detail: string;
  readonly message: string;
}

/**
 * Reads JSON text. Refuses what JSON allows and the ledger cannot store, each by its path, such as `lines[0].quantity`:
 * numbers of more digits than a double holds, NUL and lone surrogates, and names that an object does not keep.
 * @throws InvalidInput naming them; SyntaxError when it is not JSON
 */
export function parseStorable(text: string): unknown {
  if (!mayBeAtFault.test(text) && isStorable(text)) return JSON.parse(text);
  const faults: Fault[] = [];
  const parsed: unknown = JSON.parse(
    text,
    function (this: unknown, key, value, context?: { source?: string }) {
      const fault = faults.length < mostFaults && faultOf(key, value, context?.source ?? '');
      if (fault) faults.push({ holder: this, key, ...fault });
      return value;
    },
  );
  const [first] = faults;
  if (!first) return parsed;
  const paths = pathsOf(parsed, new Set(faults.map(({ holder }) => holder)));
  throw new InvalidInput(
    first.detail,
    faults.map(({ holder, key, message }): FieldError => {
      const path = paths.get(holder);
      return { field: readable(fieldName(path ? [...path, keyIn(holder, key)] : [])), message };
    }),
  );
}

function faultOf(key: string, value: unknown, source: string): Pick<Fault, 'detail' | 'message'> | undefined {
  if (typeof value === 'number' && digitsOf(source) > exactDigits) {
    return {
      detail: 'A number has more digits than JSON numbers keep.',
      message: `must have at most ${exactDigits} digits, but is ${source.slice(0, 40)}`,
    };
  }
  if (key === '__proto__') {
    return {
      detail: 'A field has a name that cannot be kept.',
      message: 'is a name that cannot be kept: choose another',
    };
  }
  if (isStorable(key) && (typeof value !== 'string' || isStorable(value))) return undefined;
  return {
    detail: 'A string has a character that cannot be stored.',
    message: 'must not contain NUL or half a surrogate pair',
  };
}

/** The paths of some objects and lists inside a value. */
function pathsOf(value: unknown, wanted: ReadonlySet<unknown>): Map<unknown, readonly PropertyKey[]> {
  const paths = new Map<unknown, readonly PropertyKey[]>();
  const walk = (at: unknown, path: readonly PropertyKey[]) => {
    if (typeof at !== 'object' || at === null) return;
    if (wanted.has(at)) paths.set(at, path);
    for (const [key, inner] of Object.entries(at)) walk(inner, [...path, keyIn(at, key)]);
  };
  walk(value, []);
  return paths;
}

function keyIn(holder: unknown, key: string): PropertyKey {
  return Array.isArray(holder) ? Number(key) : key;
}

/** A name with a character that cannot be stored cannot be answered either. */
function readable(field: string): string {
  return field.toWellFormed().replaceAll('\0', '\u{fffd}');
}

/** The significant digits of a JSON number; an exponent adds none. */
function digitsOf(source: string): number {
  const mantissa = source.split(/e/i)[0] ?? '';
  const digits = mantissa.replace('-', '').replace(/^0*\.?0*/, '');
  return digits.includes('.') || mantissa.includes('.')
    ? digits.replace('.', '').replace(/0+$/, '').length
    : digits.replace(/0+$/, '').length;
}
