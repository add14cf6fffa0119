import * as z from 'zod';

/** A schema of {@link Instant} for whoever adds a rule of their own: it is no part of the vocabulary of the API. */
export function instant() {
  return z.iso
    .datetime({
      offset: true,
      error: 'must be an ISO 8601 time with an offset, such as 2026-03-01T09:30:00Z',
      abort: true,
    })
    .refine((value) => Date.parse(value) >= Date.UTC(1900, 0, 1), {
      error: 'must not be before the year 1900',
      abort: true,
    })
    .refine((value) => !/[+-](?:1[6-9]|2\d):\d\d$/.test(value), 'must have an offset of less than 16 hours')
    .refine((value) => !/\.\d{10}/.test(value), 'must have at most nine decimals');
}

/**
 * An instant; without an offset it would mean something else on every machine. What the database cannot read is refused:
 * the year 0, offsets of sixteen hours and more, and texts without end.
 */
export const Instant = instant();
