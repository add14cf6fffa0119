import { NotFound } from '#platform/errors.ts';
import { type Page, type PageRequest, toPage } from '#platform/page.ts';
import { callInTenant, queryInTenant } from '#tenancy/scope.ts';
import type { Tenant } from '#tenancy/tenant.ts';
import { explainAliases, refuseMalformed } from './name-faults.ts';
import { Values } from './pages/statement.ts';

/** Describes a table of items or locations. Their rows are named by a code, an alias or an id, and managed one at a time. */
export interface CatalogTable<Created, Patched extends Aliased> {
  /** The word for a row in sentences, such as `item`. */
  readonly noun: string;
  readonly table: `inventory.${string}`;
  /** The column that names a row. */
  readonly code: string;
  /** The SQL function that presents a row as the API does. */
  readonly show: `inventory.${string}`;
  /** The SQL function that finds the id of the row that a text names. */
  readonly find: `inventory.${string}`;
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
  /** Ordered by code; with `code`, the one that it names. */
  list(tenant: Tenant, code: string | undefined, page: PageRequest): Promise<Page<Row>>;
  /** Changes only the fields that are given. @throws not_found, already_exists when the new code or an alias is taken */
  update(tenant: Tenant, name: string, patch: Patched): Promise<Row>;
  /** @throws not_found, in_use when it has ever had a movement */
  remove(tenant: Tenant, name: string): Promise<void>;
}

/** Creates the five operations on a table of the catalogue. */
export function catalog<Row extends object, Created, Patched extends Aliased>(
  definition: CatalogTable<Created, Patched>,
): Catalog<Row, Created, Patched> {
  const { noun, table, code: codeColumn, show, find } = definition;

  function found<Found>(rows: readonly { row: Found | null }[], name: string): Found {
    const row = rows[0]?.row;
    if (row) return row;
    refuseMalformed({ [codeColumn]: name });
    throw new NotFound(`${noun} ${JSON.stringify(name)}`);
  }

  return {
    create: (tenant, row) => callInTenant<Row>(tenant, 'write', definition.create, [row]),

    async get(tenant, name) {
      const rows = await queryInTenant<{ row: Row }>(
        tenant,
        'read',
        `select ${show}(t) as row from ${table} t where t.id = (select ${find}($1))`,
        [name],
      );
      return found(rows, name);
    },

    async list(tenant, code, { limit, after }) {
      const values = new Values();
      const conditions = ['true'];
      if (after) conditions.push(`t.${codeColumn} > ${values.add(after[0])}`);
      // One row needs no order: with one, Postgres could look for it along the codes.
      if (code !== undefined) conditions.push(`t.id = (select ${find}(${values.add(code)}))`);
      const page = code === undefined ? `order by t.${codeColumn} limit ${values.add(limit + 1)}` : '';
      const rows = await queryInTenant<{ row: Row; code: string }>(
        tenant,
        'read',
        `select ${show}(t) as row, t.${codeColumn} as code
         from ${table} t
         where ${conditions.join(' and ')}
         ${page}`,
        values.list,
      );
      if (rows.length === 0) refuseMalformed({ [codeColumn]: code });
      const { rows: shown, next } = toPage(rows, limit, (last) => [last.code]);
      return { rows: shown.map(({ row }) => row), next };
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
      return found(rows, name);
    },

    async remove(tenant, name) {
      const rows = await queryInTenant<{ row: string | null }>(
        tenant,
        'write',
        `select ${definition.remove}($1) as row`,
        [name],
      );
      found(rows, name);
    },
  };
}
