import { PortabilityError } from '../portability-error.ts';
import { type KeyValue, keyOf, type RowPair } from './rows.ts';
import { remedyOfShared, renamable, SharedCodes, textOfShared } from './shared-codes.ts';
import type { UniqueKey } from './table-keys.ts';

/** A lost row and a row in production have the same values in a unique key. */
export interface Collision {
  readonly table: string;
  /** The columns of the unique key without the organization, and their values. */
  readonly columns: readonly string[];
  readonly values: readonly KeyValue[];
  /** The ids of the two rows. */
  readonly lost: string;
  readonly there: string;
}

/** The number of collisions that the message names. The others are counted. */
const mostTold = 10;
const mostCharacters = 48;

/**
 * Finds lost rows that cannot come back because a newer row has their place. For example, an item was lost and created
 * again, with the same SKU and another id. Lost rows refer to the old item and newer rows to the new one, so only the
 * tenant can decide what to do.
 */
export class Collisions {
  readonly #found: Collision[] = [];
  readonly #codes = new SharedCodes();

  get found(): readonly Collision[] {
    return this.#found;
  }

  /** Returns the check for one table. */
  of(table: string, uniqueKeys: readonly UniqueKey[]): { take(line: string, pair: RowPair): void } {
    const places = new Map<string, RowPair>();
    return {
      take: (line, pair) => {
        this.#codes.take(table, line, pair);
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

  /** @throws PortabilityError naming the first rows that collide */
  check(): void {
    const shared = this.#codes.found;
    const count = this.#found.length + shared.length;
    if (count === 0) return;
    const told = [...this.#found.map(textOf), ...shared.map(textOfShared)].slice(0, mostTold);
    const more = count - told.length;
    throw new PortabilityError(
      `lost rows collide with rows in production: ${told.join('; ')}${more > 0 ? `; and ${more} more` : ''}`,
      [
        'Nothing was changed.',
        ...new Set(this.#found.map(({ table }) => remedyOf(this.#found, table))),
        ...shared.slice(0, 1).map(remedyOfShared),
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
  // All rows belong to one organization, so the message leaves it out.
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

function remedyOf(found: readonly Collision[], table: string): string {
  const named = renamable[table];
  if (named) {
    // By its id: a path does not carry every code.
    const there = found.find((each) => each.table === table)?.there ?? '';
    return (
      `Give the one in production another ${named.field}: resume the organization (npm run org:resume), call PATCH ${named.path}/${there} ` +
      `with {"${named.field}": "…"}, suspend it again, and repeat this command. Then both exist.`
    );
  }
  if (table === 'tenancy.users') {
    return 'Restore the organization as it was, without --merge, or give the user the same id on both sides.';
  }
  return (
    `Only one of the two can exist in ${table}: post what is still missing as new entries, ` +
    'or restore the organization as it was, without --merge.'
  );
}
