import * as z from 'zod';
import { greatestQuantity, quantityDecimals } from './posting-rules.ts';

/** The building blocks of the ledger's inputs. Each has a message that says how to correct the value. */

const maxMetadataBytes = 8_192;
export const maxLines = 1_000;

/** A signed quantity in the item's own unit. */
export const Quantity = z
  .number({ error: 'must be a number' })
  .refine((value) => Math.abs(value) <= greatestQuantity, {
    error: 'must have at most eleven digits before the point',
    abort: true,
  })
  .refine((value) => Number(value.toFixed(quantityDecimals)) === value, {
    error: 'must have at most four decimals',
    abort: true,
  })
  // Stop here: a zero has no second fault because of its sign.
  .refine((value) => value !== 0, { error: 'must not be zero', abort: true });

export const PositiveQuantity = Quantity.refine((value) => value > 0, { error: 'must be greater than zero' });

/**
 * A SKU or the code of a location. People read and type it, and it is part of URLs. API Gateway decodes paths twice, so
 * `A%3FB` would name the item `A`. That is why characters that end a path segment are refused.
 */
export const Code = z
  .string({ error: 'must be a string' })
  .min(1, 'must not be empty')
  .max(64, 'must have at most 64 characters')
  .refine((value) => value === value.trim(), 'must not begin or end with a blank')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it matches control characters
  .refine((value) => !/[\u0000-\u001f\u007f-\u009f]/.test(value), 'must not contain control characters')
  .refine(
    (value) => !/[/?%\\]/.test(value) && !/^\.+$/.test(value),
    'must not contain / ? % or \\, and must not consist of dots only',
  );

/** A lot. An empty string means no lot. Every other value follows the rules of a code. */
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

/** Anything that the caller wants to store with the object. */
export const Metadata = z
  .record(z.string(), z.json(), { error: 'must be an object' })
  .refine((value) => Buffer.byteLength(JSON.stringify(value)) <= maxMetadataBytes, {
    error: `must have at most ${maxMetadataBytes} bytes as JSON`,
  });

export const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const EntryId = z.string().regex(uuidPattern, 'must be the id of an entry');

/** The id of an entry, a dot, and the number of the line. */
export const MovementId = z
  .string()
  .regex(
    /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[1-9]\d{0,8}$/i,
    'must be the id of a movement: <entry>.<line>',
  );
