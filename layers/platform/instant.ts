import * as z from 'zod';

const lastMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** A new schema of {@link Instant} for callers that add their own rule. It is not part of the API's vocabulary. */
export function instant() {
  return (
    z.iso
      .datetime({
        offset: true,
        error: 'must be an ISO 8601 time with an offset, such as 2026-03-01T09:30:00Z',
        abort: true,
      })
      .refine((value) => Date.parse(value) >= Date.UTC(1900, 0, 1), {
        error: 'must not be before the year 1900',
        abort: true,
      })
      // The database rounds to milliseconds. Decimals after them could round up, into the year 10000.
      .refine(
        (value) => Date.parse(value) < lastMs || (Date.parse(value) === lastMs && !/\.\d{4}/.test(value)),
        {
          error: 'must not be after the year 9999',
          abort: true,
        },
      )
      .refine((value) => !/[+-](?:1[6-9]|2\d):\d\d$/.test(value), 'must have an offset of less than 16 hours')
      .refine((value) => !/\.\d{10}/.test(value), 'must have at most nine decimals')
  );
}

/**
 * An instant with an offset: without one it would mean a different time on every machine. Refused are times that Postgres
 * cannot read or store: years before 1900 or after 9999, offsets of sixteen hours or more, and too many decimals.
 */
export const Instant = instant();
