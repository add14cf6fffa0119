import * as z from 'zod';

/** The pieces of which the inputs of the ledger are made, each with a message that says what to do. */

/** Whole digits of a quantity: fifteen digits in all, four of them decimals, pass through a JSON number without loss. */
const maxQuantity = 99_999_999_999.9999;
const decimals = 4;
const maxMetadataBytes = 8_192;
export const maxLines = 1_000;

/** A signed quantity in the item's own unit. */
export const Quantity = z
  .number({ error: 'must be a number' })
  .refine((value) => Math.abs(value) <= maxQuantity, {
    error: 'must have at most eleven digits before the point',
    abort: true,
  })
  .refine((value) => Number(value.toFixed(decimals)) === value, {
    error: 'must have at most four decimals',
    abort: true,
  })
  // Nothing more is said of a zero: its sign is no second fault.
  .refine((value) => value !== 0, { error: 'must not be zero', abort: true });

export const PositiveQuantity = Quantity.refine((value) => value > 0, { error: 'must be greater than zero' });

/**
 * A SKU or the code of a location: shown to people, typed by people, part of URLs. API Gateway decodes paths twice,
 * so that `A%3FB` would name the item `A`: what ends a path segment is refused from the start.
 */
export const Code = z
  .string({ error: 'must be a string' })
  .min(1, 'must not be empty')
  .max(64, 'must have at most 64 characters')
  .refine((value) => value === value.trim(), 'must not begin or end with a blank')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is to find
  .refine((value) => !/[\u0000-\u001f\u007f-\u009f]/.test(value), 'must not contain control characters')
  .refine(
    (value) => !/[/?%\\]/.test(value) && !/^\.+$/.test(value),
    'must not contain / ? % or \\, nor be all dots',
  );

/** A lot; none and the empty string are the same. What is wrong with one is what is wrong with a code. */
export const Lot = z
  .union([z.literal(''), Code], { error: ({ errors }) => errors?.at(-1)?.[0]?.message })
  .optional();

export const Name = z
  .string({ error: 'must be a string' })
  .min(1, 'must not be empty')
  .max(200, 'must have at most 200 characters');

/** The caller's own name for a posting: an order, an invoice, a delivery note. */
export const Reference = z
  .string({ error: 'must be a string' })
  .min(1, 'must not be empty')
  .max(200, 'must have at most 200 characters');

/** Anything the caller wants to keep with the object. */
export const Metadata = z
  .record(z.string(), z.json(), { error: 'must be an object' })
  .refine((value) => Buffer.byteLength(JSON.stringify(value)) <= maxMetadataBytes, {
    error: `must have at most ${maxMetadataBytes} bytes as JSON`,
  });

export const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const EntryId = z.string().regex(uuidPattern, 'must be the id of an entry');

/** The id of an entry, a point, and the number of the line. */
export const MovementId = z
  .string()
  .regex(
    /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[1-9]\d{0,8}$/i,
    'must be the id of a movement: <entry>.<line>',
  );
