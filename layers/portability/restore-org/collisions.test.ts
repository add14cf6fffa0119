import { describe, expect, test } from 'vitest';
import { PortabilityError } from '../portability-error.ts';
import { Collisions } from './collisions.ts';

const keys = [
  { name: 'items_sku', columns: ['org_id', 'sku'], nullsAreDistinct: true },
  { name: 'items_barcode', columns: ['org_id', 'barcode'], nullsAreDistinct: true },
];

/** Items that were lost and created again, by their SKUs. */
function collided(skus: readonly string[]): Collisions {
  const collisions = new Collisions();
  const table = collisions.of('inventory.items', keys);
  for (const [index, sku] of skus.entries()) {
    for (const [side, id] of [
      ['past', `lost-${index + 1}`],
      ['present', `there-${index + 1}`],
    ] as const) {
      const line = JSON.stringify({ org_id: 'acme', id, sku, barcode: null });
      table.take(line, { [side]: { line, key: ['acme', id] } });
    }
  }
  return collisions;
}

function messageOf(collisions: Collisions): string {
  try {
    collisions.check();
  } catch (error) {
    expect(error).toBeInstanceOf(PortabilityError);
    return (error as Error).message;
  }
  return 'nothing collides';
}

const told = (n: number) =>
  `inventory.items has sku "SKU ${n}" as lost-${n} in the copy and as there-${n} in production`;
const ten = Array.from({ length: 10 }, (_, index) => told(index + 1)).join('; ');

test.each([
  [0, 'nothing collides'],
  [1, `lost rows collide with rows in production: ${told(1)}`],
  [10, `lost rows collide with rows in production: ${ten}`],
  [11, `lost rows collide with rows in production: ${ten}; and 1 more`],
])('of %d rows that collide, ten are named and the others are counted', (count, expected) => {
  const skus = Array.from({ length: count }, (_, index) => `SKU ${index + 1}`);
  expect(messageOf(collided(skus))).toBe(expected);
});

test.each([
  ['a value of forty-eight characters is shown whole', 's'.repeat(48), 's'.repeat(48)],
  ['a value of forty-nine characters is cut after forty-eight', 's'.repeat(49), `${'s'.repeat(48)}…`],
])('%s', (_, sku, expected) => {
  expect(messageOf(collided([sku]))).toContain(`has sku "${expected}" as lost-1 in the copy`);
});

describe('a code that is the code of a lost row and an alias in production, or the other way', () => {
  const item = { org_id: 'acme', id: 'one', sku: 'M8/40' };
  const alias = { org_id: 'acme', alias: 'M8/40', item_id: 'two' };

  function restored(
    itemSide: 'past' | 'present',
    aliasSide: 'past' | 'present',
  ): PortabilityError | undefined {
    const collisions = new Collisions();
    for (const [table, row, side, key] of [
      ['inventory.items', item, itemSide, ['acme', 'one']],
      ['inventory.item_aliases', alias, aliasSide, ['acme', 'M8/40']],
      // Of another table: no collision.
      ['inventory.locations', { org_id: 'acme', id: 'three', code: 'M8/40' }, 'present', ['acme', 'three']],
    ] as const) {
      const line = JSON.stringify(row);
      collisions.of(table, []).take(line, { [side]: { line, key } });
    }
    try {
      collisions.check();
      return undefined;
    } catch (error) {
      return error as PortabilityError;
    }
  }

  test('is named, with what to change in production', () => {
    const lostItem = restored('past', 'present');
    expect(lostItem?.message).toBe(
      'lost rows collide with rows in production: ' +
        'inventory.items: "M8/40" is the code of one in the copy and the alias of two in production',
    );
    expect(lostItem?.remedy).toContain('PATCH /v1/items/two with {"aliases": [the others]}');
    const lostAlias = restored('present', 'past');
    expect(lostAlias?.message).toContain(
      '"M8/40" is the alias of two in the copy and the code of one in production',
    );
    expect(lostAlias?.remedy).toContain('PATCH /v1/items/one with {"sku": "…"}');
  });
});
