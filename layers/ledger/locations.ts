import * as z from 'zod';
import { catalog } from './catalog.ts';
import { Code, Name } from './input.ts';

export interface Location {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly kind: LocationKind;
  readonly createdAt: string;
  readonly updatedAt: string;
}

const locationKinds = ['warehouse', 'store', 'supplier', 'customer', 'transit', 'other'] as const;
export type LocationKind = (typeof locationKinds)[number];

export const CreateLocation = z.strictObject({
  code: Code,
  name: Name,
  kind: z.enum(locationKinds).optional(),
});

export const PatchLocation = z
  .strictObject({ code: Code, name: Name, kind: z.enum(locationKinds) })
  .partial();

export const locations = catalog<Location, z.infer<typeof CreateLocation>, z.infer<typeof PatchLocation>>({
  noun: 'location',
  table: 'inventory.locations',
  code: 'code',
  show: 'inventory.location_json',
  create: 'inventory.create_location',
  columns: { code: 'code', name: 'name', kind: 'kind' },
});
