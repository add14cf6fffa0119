import { readFile } from 'node:fs/promises';
import { type ImportProfile, parseProfile } from '#ledger/imports/lines/profile.ts';
import { InvalidInput } from '#platform/errors.ts';
import { UsageError } from '../../cli/failure.ts';

/** The part of the command's help that describes profiles. */
export const profileHelp = `A profile maps the columns of the file. For a shop's order lines:

  {
    "organization": { "column": "Country" },
    "sku": { "column": "StockCode" },
    "quantity": { "column": "Quantity", "sign": "out" },
    "location": { "constant": "main" },
    "reference": { "column": "InvoiceNo" },
    "time": { "column": "InvoiceDate", "format": "yyyy-MM-dd HH:mm:ss" },
    "items": { "name": { "column": "Description" }, "allowNegative": true }
  }

  organization  { column, values? }: the column has a slug or a name; values
                maps names to slugs. Without this field, pass --org.
  sku           { column, case?: "upper" or "lower" }
  quantity      { column, sign }. "in": positive is a receipt, negative is an
                issue. "out": positive is an issue, negative is a return.
                "byKind": numbers have no sign, the kind decides.
  location      { column } or { constant }
  kind          optional, { column, values? } or { constant }: receipt, return,
                issue, adjustment or opening
  lot           optional, { column }
  reference     optional, { column } or { constant }: consecutive lines with the
                same reference, kind and time become one entry
  time          optional, { column, format, timeZone? }: "iso" or a pattern;
                the time zone is a name, by default UTC
  items         optional, for --create-items: { name?: { column }, unit?,
                tracking?: "none" or "lot", allowNegative? }
  delimiter     optional: "," (or ";", "|", a tab)

Lines that cannot be applied go to the rejects file, with their number and the
reason. Then do one of two things: correct the rejects file and import it with
the same profile, or create what is missing and repeat the command with
--retry-rejects. Do not do both, or lines are applied twice. If the stock policy
refuses an entry, all its lines are rejected. The exit code is 0 when the import
has reached the end of the file, with or without rejects.

After an interruption, the same command continues: no line is applied twice and
none is lost. The bytes of the file and the mapping identify an import, not the
name of the file.`;

/**
 * Reads the profile of an import.
 * @throws UsageError naming every wrong field
 */
export async function readProfile(path: string): Promise<ImportProfile> {
  const content = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`cannot read the profile ${path}: ${error.message}`);
  });
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw new UsageError(`the profile ${path} is not JSON: ${(error as Error).message}`);
  }
  try {
    return parseProfile(value);
  } catch (error) {
    throw asUsageError(error, `${path}: `);
  }
}

/** A wrong profile, or one that does not fit the file, is wrong usage. Other errors stay as they are. */
export function asUsageError(error: unknown, before = ''): unknown {
  if (!(error instanceof InvalidInput)) return error;
  const fields = error.options.errors?.map(({ field, message }) => `\n  ${field}: ${message}`) ?? [];
  return new UsageError(`${before}${error.message}${fields.join('')}`);
}
