import type { RouteDocumentation } from '#http/openapi/documentation.ts';
import { Item, Location, listOf } from './answers.ts';

const id = '0197b1f2-6c1e-7a30-9d2f-3a5e0c7b1d42';
const times = { createdAt: '2026-03-01T09:30:00.000Z', updatedAt: '2026-03-01T09:30:00.000Z' };

const tea = {
  id,
  sku: 'TEA-EARL-GREY',
  aliases: ['EG-100'],
  name: 'Earl Grey, 100 g tin',
  unit: 'each',
  tracking: 'none',
  allowNegative: false,
  reorderPoint: 20,
  metadata: {},
  ...times,
};
const london = { id, code: 'LONDON', aliases: [], name: 'London warehouse', kind: 'warehouse', ...times };

const sku = { sku: tea.sku };
const code = { code: london.code };

export const catalogRoutes: Readonly<Record<string, RouteDocumentation>> = {
  'POST /v1/items': {
    id: 'createItem',
    summary: 'Creates an item',
    answer: Item,
    problems: ['already_exists'],
    example: { body: { sku: tea.sku, aliases: tea.aliases, name: tea.name, reorderPoint: 20 }, answer: tea },
  },
  'GET /v1/items': {
    id: 'listItems',
    summary: 'Lists items, by SKU',
    description: 'With `sku`, the list has the one item that this SKU or alias names, or none.',
    answer: listOf(Item),
    example: { answer: { data: [tea], nextCursor: null } },
  },
  'GET /v1/items/{sku}': {
    id: 'getItem',
    summary: 'Shows an item',
    answer: Item,
    example: { path: sku, answer: tea },
  },
  'PATCH /v1/items/{sku}': {
    id: 'updateItem',
    summary: 'Changes an item',
    description:
      'Changes only the fields that you send; `aliases` replaces the whole list. A new SKU does not keep the old one as an ' +
      'alias: send it. `tracking` cannot change, because the history would no longer fit.',
    answer: Item,
    problems: ['already_exists'],
    example: { path: sku, body: { reorderPoint: 20 }, answer: tea },
  },
  'DELETE /v1/items/{sku}': {
    id: 'deleteItem',
    summary: 'Deletes an item without movements',
    problems: ['in_use'],
    example: { path: sku },
  },
  'POST /v1/locations': {
    id: 'createLocation',
    summary: 'Creates a location',
    answer: Location,
    problems: ['already_exists'],
    example: { body: { code: london.code, name: london.name }, answer: london },
  },
  'GET /v1/locations': {
    id: 'listLocations',
    summary: 'Lists locations, by code',
    description: 'With `code`, the list has the one location that this code or alias names, or none.',
    answer: listOf(Location),
    example: { answer: { data: [london], nextCursor: null } },
  },
  'GET /v1/locations/{code}': {
    id: 'getLocation',
    summary: 'Shows a location',
    answer: Location,
    example: { path: code, answer: london },
  },
  'PATCH /v1/locations/{code}': {
    id: 'updateLocation',
    summary: 'Changes a location',
    description:
      'Changes only the fields that you send; `aliases` replaces the whole list. A new code does not keep the old one as an ' +
      'alias: send it.',
    answer: Location,
    problems: ['already_exists'],
    example: { path: code, body: { name: london.name }, answer: london },
  },
  'DELETE /v1/locations/{code}': {
    id: 'deleteLocation',
    summary: 'Deletes a location without movements',
    problems: ['in_use'],
    example: { path: code },
  },
};
