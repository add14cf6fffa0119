import * as z from 'zod';
import { boundedText } from '#platform/text/bounded-text.ts';
import { codeFault, maxCodeCharacters } from './codes/code-form.ts';
import { greatestQuantity, quantityDecimals } from './posting-rules.ts';

/** The building blocks of the ledger's inputs. Each has a message that says how to correct the value. */

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

export const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A text that people read, type and compare: in the normal form NFC, whatever form it was sent in. */
function visibleText(most = maxCodeCharacters) {
  return z
    .string({ error: 'must be a string' })
    .normalize('NFC')
    .min(1, 'must not be empty')
    .superRefine((text, context) => {
      const message = codeFault(text, most);
      if (message) context.addIssue({ code: 'custom', message });
    });
}

/** A SKU, the code of a location, or an alias of either. It has not the form of an id, so that a path can take both. */
export const Code = visibleText().refine(
  (text) => !uuidPattern.test(text),
  'must not have the form of an id, which names an item or a location by itself',
);

/**
 * Names an item or a location that exists: by its code, by an alias or, in a path, by its id. An alias may be of a form that
 * no code has, so `codes/name-faults.ts` tells what is wrong with a name only when it names nothing.
 */
export const ExistingCode = z
  .string({ error: 'must be a string' })
  .min(1, 'must not be empty')
  .refine(
    (name) => [...name.normalize('NFC')].length <= maxCodeCharacters,
    `must have at most ${maxCodeCharacters} characters`,
  );

const maxAliases = 100;
export const Aliases = z
  .array(Code, { error: 'must be a list of codes' })
  .max(maxAliases, `must have at most ${maxAliases} codes`);

/** The aliases that replace those of a row. It may keep one whose form no code has, so the database refuses new ones. */
export const KeptAliases = z
  .array(ExistingCode, { error: 'must be a list of codes' })
  .max(maxAliases, `must have at most ${maxAliases} codes`);

/** A lot. An empty string means no lot. Every other value follows the rules of a code. */
export const Lot = z
  .union([z.literal(''), visibleText()], { error: ({ errors }) => errors?.at(-1)?.[0]?.message })
  .optional();

export const Name = boundedText(200);

export const maxReferenceCharacters = 200;

/** The caller's own name for a posting: an order, an invoice, a delivery note. */
export const Reference = visibleText(maxReferenceCharacters).meta({ maxLength: maxReferenceCharacters });

export const EntryId = z.string().regex(uuidPattern, 'must be the id of an entry');

export const ReservationId = z.string().regex(uuidPattern, 'must be the id of a reservation');

/** The id of an entry, a dot, and the number of the line. */
export const MovementId = z
  .string()
  .regex(
    /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[1-9]\d{0,8}$/i,
    'must be the id of a movement: <entry>.<line>',
  );
