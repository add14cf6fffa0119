import { codeColumns, formFault } from '../code-map.ts';
import type { RowRule, SetRule } from '../rule.ts';

const tables = ['items', 'locations'] as const;
const names = { items: 'SKU', locations: 'code of a location' } as const;

/** Codes of plain characters need no second look. */
const plain = (column: string) =>
  `t.${column} ~ '^[!-~]([ -~]{0,62}[!-~])?$' and t.${column} !~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$'`;

/** Codes are visible text in the normal form NFC. What the map renames is judged by its new code. */
export const codeForm = (mapped: (table: 'items' | 'locations') => string): RowRule[] =>
  tables.map((table) => ({
    id: 'code-form',
    table,
    fits: `(${plain(codeColumns[table])}) or t.${codeColumns[table]} = any (${mapped(table)})`,
    value: `t.${codeColumns[table]}`,
    judge: (value) => (value === null ? 'is missing' : formFault(value)),
    rule: `a ${names[table]} is visible text of 1 to 64 characters in the normal form NFC: it`,
    remedy: 'Say in the map what it becomes (--map): the old one stays as an alias.',
  }));

/** After the move, no two items of an organization have one SKU, and no two locations one code. */
export const codeCollision: SetRule = {
  id: 'code-collision',
  query: ({ moved }) =>
    tables
      .map(
        (
          table,
        ) => `select '${table}' as table, r.id, r.code as value, format('becomes %s%s, as %s', to_json(r.becomes)::text,
            ' by line ' || r.line, (
              select string_agg(to_json(o.code)::text, ', ' order by o.id)
              from (
                select o.id, o.code
                from ${moved(table)} o
                where o.becomes = r.becomes and o.organization = r.organization and o.id <> r.id
                limit 3
              ) as o
            )) as why
          from (
            select m.*, count(*) over (partition by m.organization, m.becomes) as alike
            from ${moved(table)} m
          ) as r
          where r.alike > 1`,
      )
      .join(' union all '),
  rule: 'no two of an organization have one code: it',
  remedy: 'Give one of them another code, in the map (--map) or in the table.',
};

/** The old code of what is renamed stays as its alias, so nothing else may have it. */
export const aliasCollision: SetRule = {
  id: 'alias-collision',
  query: ({ moved }) =>
    tables
      .map(
        (table) => `select '${table}' as table, r.id, r.code as value,
            format('becomes the alias of what is renamed on line %s, and the code of %s (line %s of the map)', r.line, o.id, o.line) as why
          from ${moved(table)} r
          join ${moved(table)} o on o.becomes = r.code and o.organization = r.organization and o.id <> r.id
          where r.line is not null and o.line is not null`,
      )
      .join(' union all '),
  rule: 'a renamed code stays as an alias, so it is no other code: it',
  remedy:
    'Do not give an old code to something else in the map: lines that swap codes or go in a circle are refused.',
};

/** Every line of the map renames something. */
export const mapUnknown = (codes: string): SetRule => ({
  id: 'map-unknown',
  query: () =>
    `select 'map' as table, 'line ' || m.line as id, m.table_name || ' ' || to_json(m.code) as value
     from unnest(${codes}) as m (table_name, code, line)
     where not case m.table_name
       when 'items' then exists (select from inventory.items i where i.sku = m.code)
       else exists (select from inventory.locations l where l.code = m.code)
     end`,
  rule: 'the table has no such code',
  remedy: 'Correct the code, or delete the line. A blank at its end counts.',
});
