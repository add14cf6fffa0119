import fc from 'fast-check';
import type { Side } from '../side.ts';
import { codes, type Draw, freshKey, index, maybe, pathOf, pick, rarely, sent, skus } from './draw.ts';

const name = fc.constantFrom('Tea', 'Café “noir”');
const metadata = fc.constantFrom({}, { buyer: 'Ada', sizes: [1, 2.5, null] });
/** Few, and some that are codes as well, so that they meet. */
const aliases = fc.uniqueArray(fc.constantFrom('old-1', 'old-2', 'OLD', 'a', 'shop'), { maxLength: 2 });
const reorderPoint = fc.constantFrom(null, 12.5, 0.0001, 0, null);

export const createItem: fc.Arbitrary<Draw> = fc
  .record({
    at: index,
    isTaken: rarely(4),
    name,
    aliases: maybe(aliases, 3),
    unit: maybe(fc.constantFrom('kg'), 3),
    tracking: maybe(fc.constantFrom('lot', 'none'), 2),
    allowNegative: maybe(fc.boolean(), 2),
    reorderPoint: maybe(reorderPoint, 3),
    metadata: maybe(metadata, 3),
    isKeyed: rarely(4),
  })
  .map(({ at, isTaken, isKeyed, ...body }) => (own) => {
    const sku = isTaken
      ? skuAt(own, at)
      : pick(
          skus.filter((sku) => !own.ledger.item(sku)),
          at,
        );
    return create(own, 'items', sent({ sku: sku ?? skus[0], ...body }), isKeyed);
  });

export const createLocation: fc.Arbitrary<Draw> = fc
  .record({
    at: index,
    isTaken: rarely(4),
    name,
    aliases: maybe(aliases, 3),
    kind: maybe(fc.constantFrom('store', 'transit'), 2),
    isKeyed: rarely(4),
  })
  .map(({ at, isTaken, isKeyed, ...body }) => (own) => {
    const code = isTaken
      ? codeAt(own, at)
      : pick(
          codes.filter((code) => !own.ledger.location(code)),
          at,
        );
    return create(own, 'locations', sent({ code: code ?? codes[0], ...body }), isKeyed);
  });

function create(own: Side, resource: string, body: Record<string, unknown>, isKeyed: boolean) {
  const idempotencyKey = isKeyed ? freshKey(own) : undefined;
  return { method: 'POST', path: pathOf([resource]), body, idempotencyKey } as const;
}

export const changeItem: fc.Arbitrary<Draw> = fc
  .record({
    at: index,
    isStray: rarely(10),
    body: fc.record({
      sku: maybe(fc.constantFrom(...skus), 2),
      aliases: maybe(aliases, 3),
      name: maybe(name, 3),
      unit: maybe(fc.constantFrom('kg', 'each'), 3),
      allowNegative: maybe(fc.boolean(), 2),
      reorderPoint: maybe(reorderPoint, 3),
      metadata: maybe(metadata, 3),
    }),
  })
  .map(({ at, isStray, body }) => (own, other) => ({
    method: 'PATCH',
    path: pathOf(['items', skuAt(isStray ? other : own, at)]),
    body: sent(body),
  }));

export const changeLocation: fc.Arbitrary<Draw> = fc
  .record({
    at: index,
    isStray: rarely(10),
    body: fc.record({
      code: maybe(fc.constantFrom(...codes), 2),
      aliases: maybe(aliases, 3),
      name: maybe(name, 2),
      kind: maybe(fc.constantFrom('supplier', 'other'), 3),
    }),
  })
  .map(({ at, isStray, body }) => (own, other) => ({
    method: 'PATCH',
    path: pathOf(['locations', codeAt(isStray ? other : own, at)]),
    body: sent(body),
  }));

/** A name that the other organization has may be nobody's here. */
export const remove: fc.Arbitrary<Draw> = fc
  .record({ back: fc.nat(3), isStray: rarely(6), isItem: fc.boolean() })
  .map(({ back, isStray, isItem }) => (own, other) => {
    const side = isStray ? other : own;
    // Those that came last are the ones that may be deleted: nobody has moved them yet.
    const at = (isItem ? side.ledger.items : side.ledger.locations).length * 2 - 1 - back;
    const path = isItem ? pathOf(['items', skuAt(side, at)]) : pathOf(['locations', codeAt(side, at)]);
    return { method: 'DELETE', path };
  });

export const showOne: fc.Arbitrary<Draw> = fc
  .record({ at: index, isStray: rarely(6), isItem: fc.boolean() })
  .map(({ at, isStray, isItem }) => (own, other) => {
    const side = isStray ? other : own;
    const path = isItem ? pathOf(['items', skuAt(side, at)]) : pathOf(['locations', codeAt(side, at)]);
    return { method: 'GET', path };
  });

export function skuAt({ ledger }: Side, at: number): string {
  return (
    pick(
      ledger.items.flatMap(({ sku, aliases }) => [sku, ...aliases]),
      at,
    ) ?? skus[0]
  );
}

export function codeAt({ ledger }: Side, at: number): string {
  return (
    pick(
      ledger.locations.flatMap(({ code, aliases }) => [code, ...aliases]),
      at,
    ) ?? codes[0]
  );
}
