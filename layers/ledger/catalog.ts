import { NotFound } from '#platform/errors.ts';
import { type Page, type PageRequest, toPage } from '#platform/page.ts';
import { callInTenant, queryInTenant } from '#tenancy/scope.ts';
import type { Tenant } from '#tenancy/tenant.ts';

/** Describes a table of items or locations. Their rows are named by a code and managed one at a time. */
export interface CatalogTable<Created, Patched extends object> {
  /** The word for a row in sentences, such as `item`. */
  readonly noun: string;
  readonly table: `inventory.${string}`;
  /** The column that names a row. */
  readonly code: string;
  /** The SQL function that presents a row as the API does. */
  readonly show: `inventory.${string}`;
  /** The SQL function that creates a row from json. */
  readonly create: `inventory.${string}`;
  /** The columns that can be changed, by field name. */
  readonly columns: Readonly<Record<keyof Patched & string, string>>;
  /** Never set. It only carries the type of the input that creates a row. */
  readonly created?: Created;
}

export interface Catalog<Row, Created, Patched> {
  /** @throws already_exists when the code is taken */
  create(tenant: Tenant, row: Created): Promise<Row>;
  /** @throws not_found */
  get(tenant: Tenant, code: string): Promise<Row>;
  /** Ordered by code. */
  list(tenant: Tenant, page: PageRequest): Promise<Page<Row>>;
  /** Changes only the fields that are given. @throws not_found, already_exists when the new code is taken */
  update(tenant: Tenant, code: string, patch: Patched): Promise<Row>;
  /** @throws not_found, in_use when it has ever had a movement */
  remove(tenant: Tenant, code: string): Promise<void>;
}

/** Creates the five operations on a table of the catalogue. */
export function catalog<Row extends object, Created, Patched extends object>(
  definition: CatalogTable<Created, Patched>,
): Catalog<Row, Created, Patched> {
  const { noun, table, code: codeColumn, show, columns } = definition;

  function found(rows: readonly { row: Row }[], code: string): Row {
    const [first] = rows;
    if (!first) throw new NotFound(`${noun} ${JSON.stringify(code)}`);
    return first.row;
  }

  return {
    create: (tenant, row) => callInTenant<Row>(tenant, 'write', definition.create, [row]),

    async get(tenant, code) {
      const rows = await queryInTenant<{ row: Row }>(
        tenant,
        'read',
        `select ${show}(t) as row from ${table} t where t.${codeColumn} = $1`,
        [code],
      );
      return found(rows, code);
    },

    async list(tenant, { limit, after }) {
      const rows = await queryInTenant<{ row: Row; code: string }>(
        tenant,
        'read',
        `select ${show}(t) as row, t.${codeColumn} as code
         from ${table} t
         where $1::text is null or t.${codeColumn} > $1
         order by t.${codeColumn}
         limit $2`,
        [after?.[0] ?? null, limit + 1],
      );
      const { rows: shown, next } = toPage(rows, limit, (last) => [last.code]);
      return { rows: shown.map(({ row }) => row), next };
    },

    async update(tenant, code, patch) {
      const changes = Object.entries(patch).filter(([, value]) => value !== undefined);
      const assignments = changes.map(
        ([field], index) => `${columns[field as keyof Patched & string]} = $${index + 2}`,
      );
      const rows = await queryInTenant<{ row: Row }>(
        tenant,
        'write',
        `update ${table} t
         set ${['updated_at = now()', ...assignments].join(', ')}
         where t.${codeColumn} = $1
         returning ${show}(t) as row`,
        [code, ...changes.map(([, value]) => value)],
      );
      return found(rows, code);
    },

    async remove(tenant, code) {
      const rows = await queryInTenant<{ row: Row }>(
        tenant,
        'write',
        `delete from ${table} t where t.${codeColumn} = $1 returning ${show}(t) as row`,
        [code],
      );
      found(rows, code);
    },
  };
}
