import { Code, ExistingCode, Lot, Name, Reference } from '#ledger/input.ts';
import { InvalidInput } from '#platform/errors.ts';
import { counted } from '#platform/text/plural.ts';
import type { CsvRecord } from '../csv/csv-reader.ts';
import { type ImportKind, type ImportProfile, importKinds } from './profile.ts';
import { readQuantity } from './quantity.ts';
import { timeReader } from './time-format.ts';

/** One line of a file, ready for the ledger. */
export interface ImportLine {
  /** The number of the line in the file, from 1. */
  readonly line: number;
  /** As in the file: it may be an alias, of whatever form. */
  readonly sku: string;
  /** The name for the item, in case the import creates it. */
  readonly name: string | null;
  readonly location: string;
  readonly lot: string;
  /** The signed quantity of the movement, as digits, so that it is never rounded. */
  readonly quantity: string;
  readonly kind: ImportKind;
  readonly reference: string | null;
  /** Local time in the profile's zone, such as `2010-12-01 08:26:00.000`. */
  readonly time: string | null;
  /** The original record, to show if the line is rejected. */
  readonly record: CsvRecord;
}

/** A line and its organization (by the name in the file), or all the reasons why it cannot be read. */
export type ReadLine =
  | { readonly organization: string | undefined; readonly line: ImportLine; readonly faults?: undefined }
  | { readonly faults: readonly string[] };

/**
 * Creates the reader of a file's records from its header and its profile.
 * @throws InvalidInput naming every column of the profile that the file does not have
 */
export function lineReader(
  profile: ImportProfile,
  header: readonly string[],
): (record: CsvRecord) => ReadLine {
  const at = columnsOf(profile, header);
  const readTime = profile.time && timeReader(profile.time.format);
  const readSku = remembered((text) => named('the SKU', inCase(withoutBlanks(text), profile.sku.case)));
  const readLocation = remembered((text) => named('the location', withoutBlanks(text)));
  const readLot = remembered((text) => checked(Lot, 'the lot', withoutBlanks(text)));
  const readName = remembered((text) =>
    text.trim() === '' ? { value: '' } : checked(Name, 'the name', text.trim()),
  );
  const readKind = kindReader(profile);

  return (record) => {
    if (record.fault) return { faults: [record.fault] };
    const { fields } = record;
    if (fields.length !== header.length) {
      return {
        faults: [`the line has ${counted(fields.length, 'field')}, but the header has ${header.length}`],
      };
    }
    const field = (index: number) => fields[index] ?? '';
    const faults: string[] = [];
    const take = <Value>(read: Checked<Value>): Value | undefined => {
      if (read.fault !== undefined) faults.push(read.fault);
      return read.value;
    };

    const sku = take(readSku(field(at.sku)));
    const kindOf = take(readKind(at.kind === undefined ? '' : field(at.kind)));
    const number = take(readQuantity(field(at.quantity)));
    const location =
      'constant' in profile.location
        ? profile.location.constant
        : take(readLocation(field(at.location ?? -1)));
    const lot = at.lot === undefined ? '' : take(readLot(field(at.lot)));
    const name = at.name === undefined ? '' : take(readName(field(at.name)));
    const reference = take(readReference(profile, at.reference === undefined ? '' : field(at.reference)));
    let time: string | null = null;
    if (readTime && at.time !== undefined) {
      time = readTime(field(at.time).trim()) ?? null;
      if (time === null) {
        faults.push(`the time ${shown(field(at.time))} does not match the pattern ${profile.time?.format}`);
      }
    }
    const organization = at.organization === undefined ? undefined : field(at.organization).trim();
    if (organization === '') faults.push('the organization is empty');

    const moved = number && kindOf && take(kindOf(number));
    if (faults.length > 0 || !moved || sku === undefined || location === undefined) return { faults };
    return {
      organization,
      line: {
        line: record.line,
        sku,
        name: name || null,
        location,
        lot: lot ?? '',
        reference: reference || null,
        time,
        record,
        ...moved,
      },
    };
  };
}

/** A value, or what is wrong with it. */
type Checked<Value> =
  | { readonly value: Value; readonly fault?: undefined }
  | { readonly fault: string; readonly value?: undefined };

interface Schema {
  safeParse(value: string): {
    data?: string | undefined;
    error?: { issues: readonly { message: string }[] } | undefined;
  };
}

/** A name as it is in the file: an alias may have a form that no code has, so the database says whether it names something. */
function named(what: string, text: string): Checked<string> {
  const { error } = (text.includes('\0') ? Code : ExistingCode).safeParse(text);
  return error ? { fault: faultOf(what, text, error) } : { value: text };
}

/** Why nothing can have this name; undefined when it has the form of a code. */
export function nameFault(what: 'the SKU' | 'the location', name: string): string | undefined {
  const { error } = Code.safeParse(name);
  return error && faultOf(what, name, error);
}

function faultOf(
  what: string,
  text: string,
  { issues }: { readonly issues: readonly { readonly message: string }[] },
): string {
  return `${what} ${text === '' ? '' : `${shown(text)} `}${issues[0]?.message}`;
}

function checked(schema: Schema, what: string, text: string): Checked<string> {
  const { data, error } = schema.safeParse(text);
  if (error) return { fault: faultOf(what, text, error) };
  // Postgres text cannot contain NUL. The other control characters do not belong in a name either.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it matches control characters
  if (/[\x00-\x1f\x7f-\x9f]/.test(text))
    return { fault: `${what} ${shown(text)} contains control characters` };
  return { value: data ?? '' };
}

function readReference({ reference }: ImportProfile, text: string): Checked<string> {
  if (reference && 'constant' in reference) return { value: reference.constant };
  const trimmed = text.trim();
  return trimmed === '' ? { value: '' } : checked(Reference, 'the reference', trimmed);
}

type Moved = Pick<ImportLine, 'kind' | 'quantity'>;
type Number = { readonly digits: string; readonly isNegative: boolean };

const incoming: readonly ImportKind[] = ['receipt', 'return'];

/** Creates the function that turns a number into a signed quantity, once the kind of its line is known. */
function kindReader({
  kind,
  quantity,
}: ImportProfile): (text: string) => Checked<(number: Number) => Checked<Moved>> {
  const { sign } = quantity;
  const outcomes = new Map<ImportKind | undefined, (number: Number) => Checked<Moved>>();
  for (const each of [undefined, ...importKinds]) {
    outcomes.set(each, ({ digits, isNegative }) => {
      if (sign === 'byKind' && isNegative)
        return { fault: `the quantity -${digits} must not have a sign: its kind decides the sign` };
      const isOut = sign === 'byKind' ? each === 'issue' : isNegative === (sign === 'in');
      const made = each ?? (isOut ? 'issue' : sign === 'out' ? 'return' : 'receipt');
      if (isOut ? incoming.includes(made) : made === 'issue') {
        return {
          fault: `the quantity ${isNegative ? '-' : ''}${digits} has the wrong sign for its kind, ${made}`,
        };
      }
      return { value: { kind: made, quantity: isOut ? `-${digits}` : digits } };
    });
  }
  const outcome = (each: ImportKind | undefined) => ({
    value: outcomes.get(each) as (number: Number) => Checked<Moved>,
  });
  if (!kind) return () => outcome(undefined);
  if ('constant' in kind) return () => outcome(kind.constant);
  const named = new Map<string, ImportKind>(
    kind.values ? Object.entries(kind.values) : importKinds.map((each) => [each, each]),
  );
  return (text) => {
    const found = named.get(text.trim());
    if (!found || (sign === 'byKind' && found === 'adjustment')) {
      return { fault: `the kind ${shown(text)} is not one of ${[...named.keys()].join(', ')}` };
    }
    return outcome(found);
  };
}

interface Columns {
  readonly sku: number;
  readonly quantity: number;
  readonly organization?: number;
  readonly kind?: number;
  readonly location?: number;
  readonly lot?: number;
  readonly reference?: number;
  readonly time?: number;
  readonly name?: number;
}

function columnsOf(profile: ImportProfile, header: readonly string[]): Columns {
  const { organization, sku, quantity, kind, location, lot, reference, time, items } = profile;
  const asked = { organization, sku, quantity, kind, location, lot, reference, time, name: items.name };
  const errors: { field: string; message: string }[] = [];
  const found: Record<string, number> = {};
  const names = header.map((name) => name.trim());
  for (const [field, from] of Object.entries(asked)) {
    if (!from || !('column' in from)) continue;
    const index = names.indexOf(from.column.trim());
    if (index < 0 || names.lastIndexOf(from.column.trim()) !== index) {
      errors.push({
        field: field === 'name' ? 'items.name.column' : `${field}.column`,
        message:
          index < 0
            ? `the file has no column "${from.column}"; it has ${names.map((name) => `"${name}"`).join(', ')}`
            : `the file has several columns "${from.column}"`,
      });
    }
    found[field] = index;
  }
  if (errors.length > 0) throw new InvalidInput('The profile does not fit the file.', errors);
  return found as unknown as Columns;
}

/** Without blanks of every width at its ends. A byte order mark is none: it is named like every invisible character. */
function withoutBlanks(text: string): string {
  return text.replace(/^[^\S\ufeff]+|[^\S\ufeff]+$/g, '');
}

function inCase(text: string, to: 'upper' | 'lower' | undefined): string {
  return to === undefined ? text : to === 'upper' ? text.toUpperCase() : text.toLowerCase();
}

/** A value as messages show it: quoted, with control characters escaped, and not too long. */
function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

const maxRemembered = 50_000;

/** The same few thousand codes appear again and again. Checking a code takes longer than looking it up. */
function remembered<Value>(read: (text: string) => Value): (text: string) => Value {
  const known = new Map<string, Value>();
  return (text) => {
    let value = known.get(text);
    if (value === undefined) {
      value = read(text);
      if (known.size >= maxRemembered) known.clear();
      known.set(text, value);
    }
    return value;
  };
}
