import * as z from 'zod';
import type { Vocabulary } from '#http/openapi/documentation.ts';
import { AsOf, BalanceFilter } from '#ledger/balances.ts';
import { maxCodeCharacters } from '#ledger/codes/code-form.ts';
import {
  Aliases,
  Code,
  EntryId,
  ExistingCode,
  Lot,
  PositiveQuantity,
  Quantity,
  Reference,
} from '#ledger/input.ts';
import { ItemFilter } from '#ledger/items.ts';
import { LocationFilter } from '#ledger/locations.ts';
import { Metadata } from '#ledger/metadata.ts';
import { MovementFilter } from '#ledger/movements.ts';
import { Instant } from '#platform/instant.ts';
import { KeyId } from '#tenancy/credentials/key-store.ts';

/** The names of schemas in the document, and descriptions that the schemas do not have. */
export const vocabulary: Vocabulary = z.registry();

vocabulary.add(Code, {
  id: 'Code',
  description:
    'Names an item (its SKU or an alias) or a location: visible text without a blank at either end, stored in the normal ' +
    'form NFC. It has no invisible character, none that changes the direction of a text, and not the form of an id.',
  maxLength: maxCodeCharacters,
  examples: ['TEA-EARL-GREY', 'LONDON'],
});
vocabulary.add(ExistingCode, {
  description:
    'The SKU or code of what exists, an alias of it or, in a path, its id. A path carries no `/`, `?` or `%` and no name of dots only: use the id there. ' +
    '(Encoded once, API Gateway takes `%2F` for a separator and drops what follows `%3F`.)',
  maxLength: maxCodeCharacters,
  examples: ['TEA-EARL-GREY', '0197b1f2-6c1e-7a30-9d2f-3a5e0c7b1d42'],
});
vocabulary.add(Aliases, {
  description:
    'Further codes that find it wherever its SKU or code does. No two items, and no two locations, share one.',
  examples: [['EG-100']],
});
vocabulary.add(Lot, {
  id: 'Lot',
  description: 'A lot, for items with `tracking: "lot"`. An empty string means no lot.',
  examples: ['2026-03'],
});
vocabulary.add(Quantity, {
  id: 'Quantity',
  description:
    "Signed, in the item's own unit: at most eleven digits before the point and four after it, not zero.",
  examples: [12, -3.25],
});
vocabulary.add(PositiveQuantity, {
  id: 'PositiveQuantity',
  description: 'A quantity above zero.',
  examples: [12],
});
vocabulary.add(Reference, {
  id: 'Reference',
  description: 'Your own name for a posting: an order, an invoice, a delivery note.',
  examples: ['PO-1001'],
});
vocabulary.add(Metadata, {
  id: 'Metadata',
  description:
    'Your own data for the object: at most 8,192 bytes as JSON without blanks, nested at most 32 deep.',
  examples: [{ buyer: 'Ada' }],
});
vocabulary.add(Instant, {
  id: 'Instant',
  description: 'An instant with its offset from UTC, stored to the millisecond.',
  examples: ['2026-03-01T09:30:00Z'],
});
vocabulary.add(EntryId, {
  description: 'The id of an entry.',
  examples: ['0197b1f2-6c1e-7a30-9d2f-3a5e0c7b1d42'],
});
vocabulary.add(KeyId, {
  description: 'The id of a key: the part between its second and third underscore.',
  examples: ['0aQ3xVb7LmTz'],
});

const filters = {
  sku: 'Only this item.',
  location: 'Only this location.',
  lot: 'Only this lot.',
} as const;
vocabulary.add(ItemFilter.shape.sku, { description: filters.sku });
vocabulary.add(LocationFilter.shape.code, { description: filters.location });
vocabulary.add(MovementFilter.shape.sku, { description: filters.sku });
vocabulary.add(MovementFilter.shape.location, { description: filters.location });
vocabulary.add(MovementFilter.shape.kind, { description: 'Only entries of this kind.' });
vocabulary.add(MovementFilter.shape.since, {
  description: 'Only movements recorded at this instant or later.',
});
vocabulary.add(MovementFilter.shape.until, { description: 'Only movements recorded before this instant.' });
vocabulary.add(BalanceFilter.shape.sku, { description: filters.sku });
vocabulary.add(BalanceFilter.shape.location, { description: filters.location });
vocabulary.add(AsOf.shape.asOf, { description: 'The instant of the balances, instead of now.' });
vocabulary.add(AsOf.shape.basis, {
  description:
    'With `asOf`: by the time of recording (`recorded`, what the ledger said then) or of effect (`effective`, what is ' +
    'known today about then). Default: `recorded`.',
});
