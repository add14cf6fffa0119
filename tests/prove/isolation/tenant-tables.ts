import type { Client } from 'pg';

/** A table with rows of organizations. */
export interface TenantTable {
  /** Quoted and with its schema. */
  readonly name: string;
  /** The column with the organization of a row. */
  readonly orgColumn: 'org_id' | 'id';
}

/** Every table with rows of organizations: those with `org_id`, and the organizations themselves. */
export async function tenantTables(client: Client): Promise<TenantTable[]> {
  const { rows } = await client.query<TenantTable>(`
    select format('%I.%I', n.nspname, c.relname) as name, a.attname as "orgColumn"
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and not a.attisdropped
    where c.relkind in ('r', 'p')
      and not c.relispartition
      and n.nspname !~ '^pg_|^information_schema$'
      and (a.attname = 'org_id' or (a.attname = 'id' and c.oid = 'tenancy.organizations'::regclass))
    order by 1`);
  return rows;
}

/**
 * A statement that returns one digest of all rows of the organization in $1. It changes whenever one of them changes, except
 * for the last use of a key, because the organization itself goes on working.
 */
export async function digestStatement(client: Client): Promise<string> {
  const parts = (await tenantTables(client)).map(
    ({ name, orgColumn }) =>
      `(select md5(coalesce(string_agg(row::text, '|' order by row::text), ''))
        from (select to_jsonb(t) - 'last_used_at' as row from ${name} t where ${orgColumn} = $1) as rows)`,
  );
  return `select concat_ws(',', ${parts.join(', ')}) as digest`;
}
