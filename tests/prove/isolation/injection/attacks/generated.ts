import type { Client } from 'pg';
import { type Attack, leakIf, type Target } from '../attack.ts';

/** Attacks on everything in the catalogue: every table with every verb, and every function with ids of the target. */
export async function generatedAttacks(superuser: Client, target: Target): Promise<Attack[]> {
  return [...(await functionAttacks(superuser, target)), ...(await tableAttacks(superuser, target))];
}

async function tableAttacks(superuser: Client, { org }: Target): Promise<Attack[]> {
  const { rows } = await superuser.query<{ name: string; columns: string[]; has_org: boolean }>(`
    select
      format('%I.%I', n.nspname, c.relname) as name,
      array_agg(quote_ident(a.attname) order by a.attnum)::text[] as columns,
      bool_or(a.attname = 'org_id') as has_org
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_|^information_schema$'
    group by 1`);
  return rows.flatMap(({ name, columns, has_org }): Attack[] => {
    const why = 'the table has no policy, or a verb is granted';
    const attacks: Attack[] = [
      { name: `read ${name}`, why, query: `select t::text from ${name} t` },
      ...columns.map((column) => ({
        name: `read ${name}.${column}`,
        why,
        query: `select ${column}::text from ${name}`,
      })),
      { name: `delete from ${name}`, why, statements: `delete from ${name} returning *` },
      { name: `truncate ${name}`, why, statements: `truncate ${name} cascade` },
      { name: `copy ${name}`, why, statements: `insert into ${name} select * from ${name} returning *` },
    ];
    if (!has_org) return attacks;
    return [
      ...attacks,
      {
        name: `rows of the other in ${name}`,
        why,
        query: `select ${leakIf(`exists (select from ${name} where org_id = ${org})`)}`,
      },
      {
        name: `delete the other’s rows of ${name}`,
        why,
        statements: `delete from ${name} where org_id = ${org}`,
      },
      ...columns.map((column) => ({
        name: `update ${name}.${column}`,
        why,
        statements: `update ${name} set ${column} = ${column} where org_id = ${org} returning *`,
      })),
      { name: `hand our rows of ${name} over`, why, statements: `update ${name} set org_id = ${org}` },
    ];
  });
}

async function functionAttacks(superuser: Client, { org, entry, slug, sku }: Target): Promise<Attack[]> {
  const { rows } = await superuser.query<{ name: string; types: string[]; is_procedure: boolean }>(`
    select
      format('%I.%I', n.nspname, p.proname) as name,
      array(
        select format_type(t.type, null) from unnest(p.proargtypes) with ordinality as t (type, n) order by t.n
      ) as types,
      p.prokind = 'p' as is_procedure
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    where n.nspname !~ '^pg_|^information_schema$' and p.prorettype <> 'trigger'::regtype
    order by 1`);
  const values: Readonly<Record<string, readonly string[]>> = {
    uuid: [org, `${entry}::uuid`],
    text: [slug, sku, `${org}::text`],
    'text[]': [`array[${slug}]`, `array[${sku}]`],
    jsonb: [
      `jsonb_build_object('org_id', ${org}, 'orgId', ${org}, 'sku', ${sku}, 'code', ${sku}, 'kind', 'receipt', 'name', 'x',
        'lines', jsonb_build_array(jsonb_build_object('sku', ${sku}, 'location', ${sku}, 'quantity', 1)))`,
    ],
    json: [`json_build_object('org_id', ${org})`],
    integer: ['100'],
    bigint: ['100'],
    numeric: ['1'],
    boolean: ['true'],
    bytea: [`sha256('guess')`],
    'timestamp with time zone': [`now() + interval '1 day'`],
    interval: [`interval '1 day'`],
  };
  const givenFor = (type: string, variant: number) =>
    values[type]?.at(variant) ?? values[type]?.[0] ?? `null::${type}`;
  const isNumber = (type: string) => ['integer', 'bigint', 'numeric'].includes(type);
  return rows.flatMap(({ name, types, is_procedure }) => {
    const attack = (how: string, given: readonly string[]): Attack => {
      const call = `${name}(${given.join(', ')})`;
      return {
        name: `call ${name}, ${how}`,
        why: 'a function does not check the organization of the given ids',
        ...(is_procedure ? { statements: `call ${call}` } : { query: `select ${call}` }),
      };
    };
    // A filter that is given hides the rows that another one would show.
    const alone = (shown: number, variant: number) =>
      types.map((type, index) =>
        index === shown || isNumber(type) ? givenFor(type, variant) : `null::${type}`,
      );
    return [
      ...[0, 1, 2].map((variant) =>
        attack(
          `variant ${variant + 1}`,
          types.map((type) => givenFor(type, variant)),
        ),
      ),
      ...(types.length > 1 ? [attack('with numbers alone', alone(-1, 0))] : []),
      ...types.flatMap((type, index) =>
        types.length > 1 && !isNumber(type)
          ? (values[type] ?? []).map((_, variant) =>
              attack(`with value ${variant + 1} of argument ${index + 1} alone`, alone(index, variant)),
            )
          : [],
      ),
    ];
  });
}
