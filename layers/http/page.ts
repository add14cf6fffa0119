import * as z from 'zod';
import { isStorable } from './storable.ts';

export const defaultLimit = 50;
export const maxLimit = 200;

/** The key of a row in an opaque form: callers pass it back and never look inside. */
function encodeCursor(key: readonly string[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** The longest is an email address: 320 characters, each of which may be two units of UTF-16. */
const maxPartUnits = 640;

/** A cursor that a caller made up is refused here, before it reaches the database. */
const Key = z.array(z.string().max(maxPartUnits).refine(isStorable)).min(1).max(4);

/** Checks one part of a cursor: a pattern, or anything else with a `test`. */
export interface CursorPart {
  test(part: string): boolean;
}

/** The query parameters of every list. `parts` checks the parts of the list's cursor, in their order. */
export function PageQuery(parts: readonly CursorPart[]) {
  return {
    limit: z
      .string()
      .regex(/^\d{1,9}$/, 'must be a whole number')
      .transform(Number)
      .pipe(z.number().min(1, 'must be at least 1').max(maxLimit, `must be at most ${maxLimit}`))
      .default(defaultLimit),
    cursor: z
      .string()
      .transform((text, context) => {
        const key = decodeCursor(text);
        if (key && key.length === parts.length && parts.every((part, index) => part.test(key[index] ?? '')))
          return key;
        context.addIssue({
          code: 'custom',
          message: 'is not a cursor of this list: pass "nextCursor" back unchanged',
        });
        return z.NEVER;
      })
      .optional(),
  };
}

/** A list as the API answers it. */
export function toList<Row>(page: {
  readonly rows: readonly Row[];
  readonly next: readonly string[] | undefined;
}) {
  return { data: page.rows, nextCursor: page.next ? encodeCursor(page.next) : null };
}

function decodeCursor(text: string): string[] | undefined {
  try {
    const decoded = Key.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
    return decoded.success ? decoded.data : undefined;
  } catch {
    return undefined;
  }
}
