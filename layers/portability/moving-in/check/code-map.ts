import { CsvReader, type CsvRecord } from '#ledger/imports/csv/csv-reader.ts';
import { Code, type Reference } from '#ledger/input.ts';
import { PortabilityError } from '../../portability-error.ts';
import type { Offence } from './offence.ts';

/** What a code of the old inventory becomes. The old one stays as an alias. */
export interface CodeLine {
  readonly table: 'items' | 'locations';
  readonly code: string;
  readonly becomes: string;
  /** The line of the file, from 1. */
  readonly line: number;
}

/** The column with the code, by table. */
export const codeColumns = { items: 'sku', locations: 'code' } as const;

const header = ['table', 'code', 'becomes'];
const mostTold = 20;

/**
 * Reads a map of codes: CSV with the columns `table`, `code` and `becomes`. Fields are taken as they stand, because a blank
 * may be what is wrong with a code: nothing is trimmed.
 *
 * @example readCodeMap(await readFile('map.csv'))
 * @throws PortabilityError naming every line that cannot be read
 */
export function readCodeMap(file: Buffer): CodeLine[] {
  const reader = new CsvReader(',');
  const [first, ...records] = [...reader.push(file), ...reader.end()];
  if (first?.fields.join() !== header.join()) {
    throw new PortabilityError(
      `the map begins with ${JSON.stringify(first?.fields.join() ?? '')}`,
      `Write the names of its columns into its first line: ${header.join()}.`,
    );
  }
  const faults: string[] = [];
  const lines = records.flatMap((record) => {
    const fault = faultOf(record);
    if (fault) faults.push(`line ${record.line}: ${fault}`);
    const [table, code = '', becomes = ''] = record.fields;
    return fault ? [] : [{ table: table as CodeLine['table'], code, becomes, line: record.line }];
  });
  const seen = new Map<string, number>();
  for (const { table, code, line } of lines) {
    const name = JSON.stringify([table, code]);
    const other = seen.get(name);
    if (other !== undefined)
      faults.push(`line ${line}: ${table} ${JSON.stringify(code)} is on line ${other} already`);
    else seen.set(name, line);
  }
  if (faults.length === 0) return lines;
  const more = faults.length > mostTold ? `\n  and ${faults.length - mostTold} more` : '';
  throw new PortabilityError(
    `the map cannot be read:\n  ${faults.slice(0, mostTold).join('\n  ')}${more}`,
    'Correct these lines. A line is table,code,becomes, such as items,TRAIL ,TRAIL.',
  );
}

function faultOf({ fields, fault }: CsvRecord): string | undefined {
  if (fault) return fault;
  if (fields.length !== header.length) return `has ${fields.length} fields instead of ${header.length}`;
  const [table = '', code, becomes] = fields;
  if (!Object.hasOwn(codeColumns, table))
    return `the table ${JSON.stringify(table)} is neither items nor locations`;
  if (code === '') return 'the code is empty';
  return code === becomes ? 'the code becomes what it is' : undefined;
}

/** The lines whose new code has a form that no code has. */
export function malformedTargets(codes: readonly CodeLine[]): Offence[] {
  return codes.flatMap(({ table, code, becomes, line }) => {
    const fault = formFault(becomes);
    if (!fault) return [];
    return [
      {
        table: 'map',
        id: `line ${line}`,
        value: `${table} ${JSON.stringify(code)} becomes ${JSON.stringify(becomes)}`,
        ruleId: 'map-target',
        rule: `the new code ${fault}`,
        remedy: 'Choose another new code on this line.',
      },
    ];
  });
}

/** What is wrong with the form of a text that is stored as it is, a code if nothing else is said; undefined when nothing is. */
export function formFault(code: string, form: typeof Code | typeof Reference = Code): string | undefined {
  const read = form.safeParse(code);
  if (!read.success) return read.error.issues[0]?.message;
  if (read.data === code) return undefined;
  return `is not in the normal form NFC, which is ${JSON.stringify(read.data)}`;
}

/** A code of a good form that looks like this one; undefined when there is none. */
export function wellFormed(code: string): string | undefined {
  const visible = code.replaceAll(/[\p{Zs}\t\r\n]+/gu, ' ').replaceAll(/\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/gu, '');
  const suggested = visible.trim().normalize('NFC');
  return formFault(suggested) ? undefined : suggested;
}
