import * as z from 'zod';
import { boundedText } from '#platform/text/bounded-text.ts';
import { catalog } from './catalog.ts';
import { Aliases, Code, ExistingCode, KeptAliases, Name } from './input.ts';
import { Metadata } from './metadata.ts';

export interface Item {
  readonly id: string;
  readonly sku: string;
  /** Further codes that find the item wherever its SKU does. */
  readonly aliases: readonly string[];
  readonly name: string;
  /** The unit of every quantity of this item. */
  readonly unit: string;
  /** `lot`: every line names a lot. `none`: no line does. */
  readonly tracking: 'none' | 'lot';
  /** Whether `available` may go below zero. */
  readonly allowNegative: boolean;
  readonly reorderPoint: number | null;
  readonly metadata: Record<string, unknown>;
  readonly createdAt: string;
  readonly updatedAt: string;
}

const Unit = boundedText(32);
const AllowNegative = z.boolean({ error: 'must be true or false' });
const ReorderPoint = z
  .number({ error: 'must be a number' })
  .min(0, 'must not be negative')
  .max(99_999_999_999.9999, 'must have at most eleven digits before the point')
  .refine((value) => Number(value.toFixed(4)) === value, 'must have at most four decimals');

export const CreateItem = z.strictObject({
  sku: Code,
  aliases: Aliases.optional(),
  name: Name,
  unit: Unit.optional(),
  tracking: z.enum(['none', 'lot']).optional(),
  allowNegative: AllowNegative.optional(),
  reorderPoint: ReorderPoint.nullish(),
  metadata: Metadata.optional(),
});

/** The tracking of an item cannot change: the lots in its history would no longer fit. */
export const PatchItem = z
  .strictObject({
    sku: Code,
    aliases: KeptAliases,
    name: Name,
    unit: Unit,
    allowNegative: AllowNegative,
    reorderPoint: ReorderPoint.nullable(),
    metadata: Metadata,
  })
  .partial();

export const ItemFilter = z.object({ sku: ExistingCode.optional() });

export const items = catalog<'sku', Item, z.infer<typeof CreateItem>, z.infer<typeof PatchItem>>({
  noun: 'item',
  code: 'sku',
  get: 'inventory.get_item',
  list: 'inventory.list_items',
  create: 'inventory.create_item',
  update: 'inventory.update_item',
  remove: 'inventory.delete_item',
});
