import * as z from 'zod';
import { isStorable } from './body.ts';

export const defaultLimit = 50;
export const maxLimit = 200;

/** The key of a row, made opaque: callers pass it back and never look inside. */
function encodeCursor(key: readonly string[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** The longest is an email address: 320 characters, each of which may be two units of UTF-16. */
const maxPartUnits = 640;

/** Whoever makes up a cursor is refused by us, not by the database. */
const Key = z.array(z.string().max(maxPartUnits).refine(isStorable)).min(1).max(4);

/** Of what a part of a cursor consists: a pattern, or whatever else can tell. */
export interface CursorPart {
  test(part: string): boolean;
}

/** The query parameters of every list. `parts` says of what the list's cursor consists, one after the other. */
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
