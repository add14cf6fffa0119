import { PortabilityError } from '../portability-error.ts';
import { type KeyValue, keyOf, type RowPair } from './rows.ts';
import type { UniqueKey } from './table-keys.ts';

/** Two rows with the same values in a unique key: one that was lost, and one that has its place in production. */
export interface Collision {
  readonly table: string;
  /** Of the unique key, without that of the organization, and their values. */
  readonly columns: readonly string[];
  readonly values: readonly KeyValue[];
  /** The ids of the two. */
  readonly lost: string;
  readonly there: string;
}

/** So many are told; the others are counted. */
const mostTold = 10;
const mostCharacters = 48;

/**
 * Finds rows that cannot come back because something that was made or changed since has their place: an item, say, that was
 * lost and made again, which has the same SKU and another id. What was lost refers to the one and what came since to the
 * other, so nobody but the tenant can tell which is to be which.
 */
export class Collisions {
  readonly #found: Collision[] = [];

  get found(): readonly Collision[] {
    return this.#found;
  }

  /** Looks at one table. */
  of(table: string, uniqueKeys: readonly UniqueKey[]): { take(line: string, pair: RowPair): void } {
    const places = new Map<string, RowPair>();
    return {
      take: (line, pair) => {
        for (const { name, columns, nullsAreDistinct } of uniqueKeys) {
          const values = keyOf(line, columns);
          if (nullsAreDistinct && values.some((value) => value === null)) continue;
          const place = [name, ...values.map((value) => JSON.stringify(String(value)))].join();
          const other = places.get(place);
          if (!other) places.set(place, pair);
          else this.#found.push(collisionOf(table, columns, values, [pair, other]));
        }
      },
    };
  }

  /** @throws PortabilityError naming the first of the rows that cannot be beside each other */
  check(): void {
    if (this.#found.length === 0) return;
    const told = this.#found.slice(0, mostTold).map(textOf);
    const more = this.#found.length - told.length;
    throw new PortabilityError(
      `what was lost cannot be beside what there is: ${told.join('; ')}${more > 0 ? `; and ${more} more` : ''}`,
      [
        'Nothing was changed.',
        ...new Set(this.#found.map(({ table }) => table).map((table) => remedyOf(this.#found, table))),
      ].join(' '),
    );
  }
}

function collisionOf(
  table: string,
  columns: readonly string[],
  values: readonly KeyValue[],
  pairs: readonly RowPair[],
): Collision {
  const there = pairs.find(({ present }) => present)?.present?.key ?? [];
  const lost = pairs.find(({ present }) => !present)?.past?.key ?? [];
  // Everything is of one organization, which goes without saying.
  const isSaid = columns.map((column) => column !== 'org_id');
  const name = (key: readonly KeyValue[]) => key.slice(key.length > 1 ? 1 : 0).join('/');
  return {
    table,
    columns: columns.filter((_, index) => isSaid[index]),
    values: values.filter((_, index) => isSaid[index]),
    lost: name(lost),
    there: name(there),
  };
}

function textOf({ table, columns, values, lost, there }: Collision): string {
  const shown = values.map((value) => {
    const text = String(value);
    return JSON.stringify(text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text);
  });
  return `${table} has ${columns.join(', ')} ${shown.join(', ')} as ${lost} in the copy and as ${there} in production`;
}

/** What has a name that the API can change, by its table. */
export const renamable: Readonly<Record<string, { readonly path: string; readonly field: string }>> = {
  'inventory.items': { path: '/v1/items', field: 'sku' },
  'inventory.locations': { path: '/v1/locations', field: 'code' },
};

function remedyOf(found: readonly Collision[], table: string): string {
  const named = renamable[table];
  if (named) {
    const [code = ''] = found.find((each) => each.table === table)?.values ?? [];
    return (
      `Give the one in production another ${named.field}, by PATCH ${named.path}/${encodeURIComponent(String(code))} ` +
      `{"${named.field}": "…"} while it is resumed (npm run org:resume), and run this again: then there are both.`
    );
  }
  if (table === 'tenancy.users') {
    return 'Bring the organization back as it was, without --merge, or give the user one id on both sides.';
  }
  return (
    `Of ${table} only one of the two can be: post what is still missing as new entries, ` +
    'or bring the organization back as it was, without --merge.'
  );
}
