import type { RowPair } from './rows.ts';

/** Tables whose rows have a name that the API can change. */
export const renamable: Readonly<Record<string, { readonly path: string; readonly field: string }>> = {
  'inventory.items': { path: '/v1/items', field: 'sku' },
  'inventory.locations': { path: '/v1/locations', field: 'code' },
};

/** A code that would name two objects: a lost row and a row in production, of which one has it as an alias. */
export interface SharedCode {
  readonly code: string;
  /** The table of the objects that the code would name. */
  readonly table: string;
  /** The ids of the two objects. */
  readonly lost: string;
  readonly there: string;
  /** Whether the row in production is an alias. */
  readonly isAliasThere: boolean;
}

/** Where the codes of a table are, and the id of the object that they name. */
interface CodeColumns {
  readonly table: string;
  readonly code: string;
  readonly id: string;
}

/** No unique key spans these tables: a trigger keeps their codes apart. */
const codeColumns: Readonly<Record<string, CodeColumns>> = {
  'inventory.items': { table: 'inventory.items', code: 'sku', id: 'id' },
  'inventory.item_aliases': { table: 'inventory.items', code: 'alias', id: 'item_id' },
  'inventory.locations': { table: 'inventory.locations', code: 'code', id: 'id' },
  'inventory.location_aliases': { table: 'inventory.locations', code: 'alias', id: 'location_id' },
};

interface Place {
  readonly in: string;
  readonly id: string;
  readonly isThere: boolean;
}

/** Finds codes that would be the code of one object and the alias of another. */
export class SharedCodes {
  readonly #places = new Map<string, Place>();
  readonly found: SharedCode[] = [];

  take(table: string, line: string, pair: RowPair): void {
    const columns = codeColumns[table];
    if (!columns) return;
    const row = JSON.parse(line) as Record<string, string>;
    const [code = '', id = ''] = [row[columns.code], row[columns.id]];
    const name = JSON.stringify([columns.table, code]);
    const place = { in: table, id, isThere: pair.present !== undefined };
    const other = this.#places.get(name);
    if (!other) this.#places.set(name, place);
    // Two rows of one table are the collision of a unique key.
    else if (other.in !== table) {
      const [there, lost] = place.isThere ? [place, other] : [other, place];
      this.found.push({
        code,
        table: columns.table,
        lost: lost.id,
        there: there.id,
        isAliasThere: there.in !== columns.table,
      });
    }
  }
}

export function textOfShared({ code, table, lost, there, isAliasThere }: SharedCode): string {
  const [inCopy, inProduction] = isAliasThere ? ['code', 'alias'] : ['alias', 'code'];
  return `${table}: ${JSON.stringify(code)} is the ${inCopy} of ${lost} in the copy and the ${inProduction} of ${there} in production`;
}

export function remedyOfShared({ table, there, isAliasThere }: SharedCode): string {
  const { path = '', field = '' } = renamable[table] ?? {};
  const change = isAliasThere ? '"aliases": [the others]' : `"${field}": "…"`;
  return (
    'Take the code away in production: resume the organization (npm run org:resume), ' +
    `call PATCH ${path}/${there} with {${change}}, suspend it again, and repeat this command.`
  );
}
