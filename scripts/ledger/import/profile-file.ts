import { readFile } from 'node:fs/promises';
import { type ImportProfile, parseProfile } from '#ledger/imports/profile.ts';
import { InvalidInput } from '#platform/errors.ts';
import { UsageError } from '../../cli/failure.ts';

/** What the help of the command says about profiles. */
export const profileHelp = `A profile says what the columns are. For a shop's order lines:

  {
    "organization": { "column": "Country" },
    "sku": { "column": "StockCode" },
    "quantity": { "column": "Quantity", "sign": "out" },
    "location": { "constant": "main" },
    "reference": { "column": "InvoiceNo" },
    "time": { "column": "InvoiceDate", "format": "yyyy-MM-dd HH:mm:ss" },
    "items": { "name": { "column": "Description" }, "allowNegative": true }
  }

  organization  { column, values? }: holds a slug or a name; values says which
                slug a name means. Without it, name one with --org.
  sku           { column, case?: "upper" or "lower" }
  quantity      { column, sign }. "in": a positive number comes in (receipt),
                a negative one goes out (issue). "out": a positive one goes
                out (issue), a negative one comes back (return). "byKind":
                numbers have no sign, the kind gives it.
  location      { column } or { constant }
  kind          optional, { column, values? } or { constant }: receipt, return,
                issue, adjustment or opening
  lot           optional, { column }
  reference     optional, { column } or { constant }: lines in a row that share
                it, the kind and the time become one entry
  time          optional, { column, format, timeZone? }: "iso" or a pattern;
                the time zone is a name, UTC when left out
  items         optional, what --create-items makes: { name?: { column },
                unit?, tracking?: "none" or "lot", allowNegative? }
  delimiter     optional: "," (or ";", "|", a tab)

Lines that cannot be applied go to a file of rejects, with their number and the
reason. Either correct them there and import that file with the same profile, or
make what is missing and repeat the command with --retry-rejects; not both, or
they are applied twice. An entry that the stock policy refuses is rejected
whole. Rejects are no failure: the exit code is 0 when the import has come to
its end.

After an interruption the same command goes on where it was: no line is applied
twice, none is lost. An import is known by the bytes of the file and by how the
profile reads them, not by the file's name.`;

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

/** A profile that is wrong, or does not fit the file, was typed wrongly; everything else stays what it is. */
export function asUsageError(error: unknown, before = ''): unknown {
  if (!(error instanceof InvalidInput)) return error;
  const fields = error.options.errors?.map(({ field, message }) => `\n  ${field}: ${message}`) ?? [];
  return new UsageError(`${before}${error.message}${fields.join('')}`);
}
