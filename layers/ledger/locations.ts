import * as z from 'zod';
import { catalog } from './catalog.ts';
import { Aliases, Code, ExistingCode, KeptAliases, Name } from './input.ts';

export interface Location {
  readonly id: string;
  readonly code: string;
  /** Further codes that find the location wherever its code does. */
  readonly aliases: readonly string[];
  readonly name: string;
  readonly kind: LocationKind;
  readonly createdAt: string;
  readonly updatedAt: string;
}

const locationKinds = ['warehouse', 'store', 'supplier', 'customer', 'transit', 'other'] as const;
export type LocationKind = (typeof locationKinds)[number];

export const CreateLocation = z.strictObject({
  code: Code,
  aliases: Aliases.optional(),
  name: Name,
  kind: z.enum(locationKinds).optional(),
});

export const PatchLocation = z
  .strictObject({ code: Code, aliases: KeptAliases, name: Name, kind: z.enum(locationKinds) })
  .partial();

export const LocationFilter = z.object({ code: ExistingCode.optional() });

export const locations = catalog<
  'code',
  Location,
  z.infer<typeof CreateLocation>,
  z.infer<typeof PatchLocation>
>({
  noun: 'location',
  code: 'code',
  get: 'inventory.get_location',
  list: 'inventory.list_locations',
  create: 'inventory.create_location',
  update: 'inventory.update_location',
  remove: 'inventory.delete_location',
});
