import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import * as z from 'zod';
import { canonicalEmail, emailFault } from '#tenancy/email.ts';

/** One option or argument of a command: its name, its help and its parser. The functions below create them. */
export interface Option<Value> {
  readonly description: string;
  /** The flag without dashes when it is not the key in kebab case: the key `lockTimeoutMs`, the flag `lock-timeout`. */
  readonly flag?: string | undefined;
  /** What help shows for the value, such as `<slug>`; none for a flag that takes no value. */
  readonly placeholder?: string | undefined;
  readonly required?: boolean | undefined;
  readonly default?: unknown;
  /** Whether it may be given more than once. */
  readonly isList?: boolean;
  /** Reads the text a user typed. @throws InvalidArgumentError saying what is allowed */
  readonly parse?: (text: string) => Exclude<Value, undefined>;
}

interface Settings<Value> {
  readonly description: string;
  readonly flag?: string;
  readonly placeholder?: string;
  readonly required?: true;
  readonly default?: Value;
}

/** The type that a command reads: never undefined when the option is required or has a default. */
type Read<Value, Given> = Given extends { required: true } | { default: Value } ? Value : Value | undefined;

/**
 * Any text. With `pattern`, only text that matches it: `expected` describes it to the user. With `maxCharacters`, only text
 * of at most that many characters, as the database counts them.
 */
export function text<
  Given extends Settings<string> & { pattern?: RegExp; expected?: string; maxCharacters?: number },
>(given: Given): Option<Read<string, Given>> {
  const { maxCharacters = Number.POSITIVE_INFINITY } = given;
  return make(given, 'text', (typed) => {
    if (given.pattern && !given.pattern.test(typed))
      refuse(given.expected ?? `It must match ${given.pattern}.`);
    if (typed === '') refuse('It must not be empty.');
    const { length } = [...typed];
    if (length > maxCharacters) refuse(`It must have at most ${maxCharacters} characters, not ${length}.`);
    return typed;
  });
}

/** The e-mail address of a user, in its one form. */
export function email<Given extends Settings<string>>(given: Given): Option<Read<string, Given>> {
  return make({ placeholder: 'email', ...given }, 'email', (typed) => {
    return canonicalEmail(typed) ?? refuse(`It ${emailFault(typed)}.`);
  });
}

/** With seconds or without, and always with a time zone. */
const Written = z.union([z.iso.datetime({ offset: true }), z.iso.datetime({ offset: true, precision: -1 })]);

/** An instant with its time zone, read as a date. Without a zone, each reader would assume another one. */
export function instant<Given extends Settings<Date>>(given: Given): Option<Read<Date, Given>> {
  return make(given, 'time', (typed) => {
    if (!Written.safeParse(typed).success) {
      refuse('It must be a valid time with a time zone, such as 2026-03-01T09:30:00Z.');
    }
    return new Date(typed);
  });
}

/** The URL of a Postgres. */
export function postgresUrl<Given extends Settings<string>>(given: Given): Option<Read<string, Given>> {
  return make({ placeholder: 'url', ...given }, 'url', (typed) => {
    if (!isPostgresUrl(typed)) refuse(postgresUrlExpected);
    return typed;
  });
}

export const postgresUrlExpected =
  'It must be a URL that starts with postgres://, such as postgres://user:password@host:5432/name. In a password, write %25 for %, %2F for /, %40 for @ and %23 for #.';

/** Whether pg can read it. URL rejects a user without a host (`user@/name`), which to pg means a Unix socket. */
export function isPostgresUrl(text: string): boolean {
  return /^postgres(ql)?:\/\//.test(text) && URL.canParse(text.replace('@/', '@localhost/'));
}

/** A whole number from `min` to `max`. */
export function integer<Given extends Settings<number> & { min: number; max?: number }>(
  given: Given,
): Option<Read<number, Given>> {
  const { min, max = Number.MAX_SAFE_INTEGER } = given;
  const range = given.max === undefined ? `of at least ${min}` : `from ${min} to ${max}`;
  return make(given, 'number', (typed) => {
    const value = Number(typed);
    if (!/^-?\d+$/.test(typed) || value < min || value > max) refuse(`It must be a whole number ${range}.`);
    return value;
  });
}

/** A file or folder, as an absolute path. With `exists`, it must exist. */
export function path<Given extends Settings<string> & { exists?: boolean }>(
  given: Given,
): Option<Read<string, Given>> {
  return make(given, 'path', (typed) => {
    if (typed === '') refuse('It must not be empty.');
    const absolute = resolve(typed);
    if (given.exists && !existsSync(absolute)) refuse(`${absolute} does not exist.`);
    return absolute;
  });
}

/** One of a few words. */
export function choice<const Word extends string, Given extends Settings<NoInfer<Word>>>(
  words: readonly Word[],
  given: Given,
): Option<Read<Word, Given>> {
  return make(given, words.join('|'), (typed) => {
    const word = words.find((each) => each === typed);
    return word ?? refuse(`It must be one of ${words.join(', ')}.`);
  });
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The longest lifetime of a key or token: a hundred years of 365 days. Much later than that, JavaScript has no dates. */
export const longestLifetimeMs = 36_500 * 86_400_000;

/** A duration with its unit (200ms, 5s, 10m, 2h, 7d), read as milliseconds, from `minMs` to `maxMs`. */
export function duration<Given extends Settings<number> & { minMs?: number; maxMs?: number }>(
  given: Given,
): Option<Read<number, Given>> {
  const { minMs = 0, maxMs = Number.MAX_SAFE_INTEGER } = given;
  return make(given, 'duration', (typed) => {
    const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(typed) ?? [];
    const unitMs = UNIT_MS[unit] ?? refuse('It must be a number with a unit: 200ms, 5s, 10m, 2h or 7d.');
    const durationMs = Number(amount) * unitMs;
    if (durationMs < minMs) refuse(`It must be at least ${formatDuration(minMs)}.`);
    if (durationMs > maxMs) refuse(`It must be at most ${formatDuration(maxMs)}.`);
    return durationMs;
  });
}

/** A switch without a value: true when the user typed it. */
export function flag(given: { readonly description: string; readonly flag?: string }): Option<boolean> {
  return { ...given, default: false };
}

/** An option that may be repeated. Its values come in the order in which they were typed. */
export function several<Value>(one: Option<Value>): Option<readonly Exclude<Value, undefined>[]> {
  const values: Exclude<Value, undefined>[] = [];
  return {
    ...one,
    isList: true,
    description: `${one.description} (may be repeated)`,
    default: one.required ? undefined : values,
    parse: (typed) => {
      if (one.parse) values.push(one.parse(typed));
      return values;
    },
  };
}

/** A duration as {@link duration} reads it: 1500 becomes `1500ms`, 60000 becomes `1m`. */
export function formatDuration(durationMs: number): string {
  const exact = ['d', 'h', 'm', 's'].find(
    (unit) => durationMs > 0 && durationMs % (UNIT_MS[unit] ?? 0) === 0,
  );
  return exact ? `${durationMs / (UNIT_MS[exact] ?? 1)}${exact}` : `${durationMs}ms`;
}

function make<Value, Given extends Settings<Value>>(
  given: Given,
  placeholder: string,
  parse: (typed: string) => Value,
): Option<Read<Value, Given>> {
  const { description, flag: flagName, required, default: fallback } = given;
  return {
    description,
    flag: flagName,
    required,
    default: fallback,
    placeholder: `<${given.placeholder ?? placeholder}>`,
    parse: parse as Option<Read<Value, Given>>['parse'] & {},
  };
}

function refuse(expected: string): never {
  throw new InvalidArgumentError(expected);
}
