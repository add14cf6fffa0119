import { type Attack, leakIf, type Target } from '../attack.ts';

/** Attacks that infer invisible rows from different answers: errors in filters, constraints, planner shortcuts. */
export function oracleAttacks({ org, unusedSku, entry }: Target): Attack[] {
  const query = (name: string, why: string, sql: string): Attack => ({ name, why, query: sql });
  return [
    query(
      'cast in the filter',
      'a filter that can fail runs before the policy and prints the value it fails on',
      'select 1 from inventory.items where sku::int = 1 or name::int = 1',
    ),
    query(
      'cast in a cheap filter',
      'the planner puts cheap conditions first',
      'select 1 from inventory.movements where lot::int > 0',
    ),
    query(
      'division in the filter',
      'an error shows one bit of a row',
      `select 1 from inventory.items where 1 / (case when org_id = ${org} then 0 else 1 end) = 1`,
    ),
    query(
      'xpath, json and dates in the filter',
      'errors of parsers print what they parse',
      `select 1 from inventory.items where (name)::json is null or xpath('/a', name::xml) is null or to_date(name, 'J') is null`,
    ),
    query(
      'regular expression from the row',
      'an invalid pattern is printed',
      `select 1 from inventory.items where 'a' ~ ('[' || name)`,
    ),
    query(
      'filter pushed into an aggregate',
      'HAVING runs over all rows',
      'select sku from inventory.items group by sku, name having name::int > 0',
    ),
    query(
      'filter pushed into a subquery',
      'a security barrier is crossed',
      'select 1 from (select * from inventory.items offset 0) i where i.name::int = 1',
    ),
    query(
      'range and array casts',
      'an error prints both bounds',
      `select 1 from inventory.items where int4range(length(name), length(sku) - 1000) is null or (name || sku)::int[] is null`,
    ),
    query(
      'a setting from the row',
      'an error of a setting prints its value',
      `select set_config('work_mem', name, true) from inventory.items`,
    ),
    {
      name: 'returning after a refused insert',
      why: 'WITH CHECK prints the row it refuses',
      statements: `insert into inventory.items (org_id, sku, name) select ${org}, sku || '2', name from inventory.items`,
    },
    {
      name: 'unique constraint',
      why: 'a SKU that another organization has is taken',
      statements: `with made as (
                     insert into inventory.items (org_id, sku, name) values (tenancy.current_org(), ${unusedSku}, 'x')
                     on conflict do nothing
                     returning id
                   )
                   select ${leakIf('not exists (select from made)')};
                   rollback`,
    },
    {
      name: 'foreign key to its entry',
      why: 'a key that points at its row is accepted',
      statements: `insert into inventory.entries (org_id, id, kind, occurred_at, recorded_at, actor, reverses)
                   values (tenancy.current_org(), ${entry}::uuid, 'reversal', now(), now(), 'x', ${entry}::uuid)`,
    },
    query(
      'the entry of another organization and one that never existed',
      'the answers differ',
      `select ${leakIf(`exists (select from inventory.entries where id = ${entry}::uuid)`)}`,
    ),
    query(
      'organization by id',
      'a table of organizations shows which there are',
      `select ${leakIf(`exists (select from tenancy.organizations where id = ${org})`)}`,
    ),
    query(
      'privileges on its rows',
      'an answer about a row it may not see',
      `select ${leakIf(`row_security_active('inventory.items') is not true`)}`,
    ),
  ];
}
