import { NotFound } from '#platform/errors.ts';
import { type Page, type PageRequest, toPage } from '#platform/page.ts';
import { callInTenant, listInTenant, queryInTenant } from '#tenancy/scope.ts';
import type { Tenant } from '#tenancy/tenant.ts';
import { explainAliases, refuseMalformed } from './codes/name-faults.ts';

/** Describes a table of items or locations. Their rows are named by a code, an alias or an id, and managed one at a time. */
export interface CatalogTable<Code extends string, Created, Patched extends Aliased> {
  /** The word for a row in sentences, such as `item`. */
  readonly noun: string;
  /** The field that names a row. */
  readonly code: Code;
  /** The SQL function that answers the row that a text names, or null. */
  readonly get: `inventory.${string}`;
  /** The SQL function that lists rows: at most a number, after a code, and only the one that a text names. */
  readonly list: `inventory.${string}`;
  /** The SQL function that creates a row from json. */
  readonly create: `inventory.${string}`;
  /** The SQL function that changes a row, named by a text, to what json says. */
  readonly update: `inventory.${string}`;
  /** The SQL function that deletes a row, named by a text. */
  readonly remove: `inventory.${string}`;
  /** Never set. They only carry the types of the inputs that create and change a row. */
  readonly created?: Created;
  readonly patched?: Patched;
}

interface Aliased {
  readonly aliases?: readonly string[] | undefined;
}

export interface Catalog<Row, Created, Patched> {
  /** @throws already_exists when the code or an alias is taken */
  create(tenant: Tenant, row: Created): Promise<Row>;
  /** `name` is a code, an alias or an id. @throws not_found */
  get(tenant: Tenant, name: string): Promise<Row>;
  /** Ordered by code; with `name`, the one that it names. */
  list(tenant: Tenant, name: string | undefined, page: PageRequest): Promise<Page<Row>>;
  /** Changes only the fields that are given. @throws not_found, already_exists when the new code or an alias is taken */
  update(tenant: Tenant, name: string, patch: Patched): Promise<Row>;
  /** @throws not_found, in_use when it has ever had a movement */
  remove(tenant: Tenant, name: string): Promise<void>;
}

/** Creates the five operations on a table of the catalogue. */
export function catalog<
  Code extends string,
  Row extends Readonly<Record<Code, string>>,
  Created,
  Patched extends Aliased,
>(definition: CatalogTable<Code, Created, Patched>): Catalog<Row, Created, Patched> {
  const { noun, code: codeField } = definition;

  function found<Found>(row: Found | null | undefined, name: string): Found {
    if (row) return row;
    refuseMalformed({ [codeField]: name });
    throw new NotFound(`${noun} ${JSON.stringify(name)}`);
  }

  return {
    create: (tenant, row) => callInTenant<Row>(tenant, 'write', definition.create, [row]),

    async get(tenant, name) {
      return found(await callInTenant<Row | null>(tenant, 'read', definition.get, [name]), name);
    },

    async list(tenant, name, { limit, after }) {
      const args = [limit + 1, after?.[0] ?? null, name ?? null];
      const rows = await listInTenant<Row>(tenant, definition.list, args, { rows: limit });
      if (rows.length === 0) refuseMalformed({ [codeField]: name });
      return toPage(rows, limit, (last) => [last[codeField]]);
    },

    async update(tenant, name, patch) {
      const rows = await queryInTenant<{ row: Row | null }>(
        tenant,
        'write',
        `select ${definition.update}($1, $2) as row`,
        [name, patch],
      ).catch((error) => {
        throw explainAliases(error, patch.aliases ?? []);
      });
      return found(rows[0]?.row, name);
    },

    async remove(tenant, name) {
      const rows = await queryInTenant<{ row: string | null }>(
        tenant,
        'write',
        `select ${definition.remove}($1) as row`,
        [name],
      );
      found(rows[0]?.row, name);
    },
  };
}
