import * as z from 'zod';

/**
 * A text of 1 to `most` characters. Characters are counted as Unicode and the database count them: an emoji is one, and
 * JavaScript's `length` says two.
 */
export function boundedText(most: number) {
  return z
    .string({ error: 'must be a string' })
    .min(1, 'must not be empty')
    .refine((text) => text.length <= most || [...text].length <= most, `must have at most ${most} characters`)
    .meta({ maxLength: most });
}
