import type { ImportEntry } from './batches.ts';
import type { ImportOrganization } from './organizations.ts';
import type { MovedKey, PostedBatch } from './post-batch.ts';

/** Quantities have at most four decimals: in these units they are whole numbers, and sums stay exact. */
const unitsPerOne = 10_000;

/**
 * The effect of a trial's earlier batches on its later ones. A trial writes nothing to the database, so this keeps one
 * number in memory for each item, location and lot of the file.
 */
export class Trial {
  private readonly moved = new Map<string, number>();
  private readonly made = new Set<string>();

  /** What earlier batches would have moved of the balances in these entries. */
  movedBefore(organization: ImportOrganization, entries: readonly ImportEntry[]): MovedKey[] {
    const keys = new Map<string, MovedKey>();
    for (const { lines } of entries) {
      for (const { sku, location, lot } of lines) {
        const key = keyOf(organization, sku, location, lot);
        const units = this.unitsOf(organization, { sku, location, lot });
        if (units) keys.set(key, { sku, location, lot, quantity: units / unitsPerOne });
      }
    }
    return [...keys.values()];
  }

  /** Under the names of the file or, as the database reads what is no alias, in their normal form. */
  private unitsOf(organization: ImportOrganization, named: Omit<MovedKey, 'quantity'>): number | undefined {
    for (const sku of new Set([named.sku, named.sku.normalize()])) {
      for (const location of new Set([named.location, named.location.normalize()])) {
        const units = this.moved.get(keyOf(organization, sku, location, named.lot));
        if (units) return units;
      }
    }
    return undefined;
  }

  /** Remembers a batch, and returns how many new items and locations it would create. */
  remember(
    organization: ImportOrganization,
    { moved, missing }: PostedBatch,
  ): { readonly items: number; readonly locations: number } {
    for (const { sku, location, lot, quantity } of moved ?? []) {
      const key = keyOf(organization, sku, location, lot);
      this.moved.set(key, (this.moved.get(key) ?? 0) + Math.round(quantity * unitsPerOne));
    }
    const firstTimes = (kind: string, codes: readonly string[]) => {
      const before = this.made.size;
      for (const code of codes) this.made.add(keyOf(organization, kind, code));
      return this.made.size - before;
    };
    return {
      items: firstTimes('item', missing.items ?? []),
      locations: firstTimes('location', missing.locations ?? []),
    };
  }
}

function keyOf(organization: ImportOrganization, ...codes: readonly string[]): string {
  return JSON.stringify([organization.slug, ...codes]);
}
