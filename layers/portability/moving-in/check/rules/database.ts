import type { SetRule } from '../rule.ts';

/** The normal form of a text is known only of UTF-8. */
export const encoding: SetRule = {
  id: 'encoding',
  query: () =>
    `select 'database' as table, current_database() as id, current_setting('server_encoding') as value
     where current_setting('server_encoding') <> 'UTF8'`,
  rule: 'the database stores text as UTF-8',
  remedy: 'Dump it, create a database with encoding UTF8, and restore it there.',
};

/** The keys of these tables become longer, so that what refers to them has to go before. */
export const dependentKey: SetRule = {
  id: 'dependent-key',
  query: () =>
    `select 'database' as table, k.conrelid::regclass || ' ' || k.conname as id, pg_get_constraintdef(k.oid) as value
     from pg_constraint k
     where k.contype = 'f'
       and k.confrelid in (
         to_regclass('inventory.items'), to_regclass('inventory.locations'), to_regclass('inventory.movements')
       )
       and k.conrelid <> coalesce(to_regclass('inventory.movements'), 0)
       and coalesce(obj_description(k.conrelid, 'pg_class'), '') !~ '^(Tenant data|Platform data|Secret)'`,
  rule: 'no other table refers to items, locations or movements by their id alone',
  remedy: 'Drop the foreign key before the move; afterwards let it begin with org_id.',
};

/** The switch drops columns of the movements that entries have from then on. */
export const dependentView: SetRule = {
  id: 'dependent-view',
  query: () =>
    `select distinct 'database' as table, w.ev_class::regclass::text as id, a.attname::text as value
     from pg_depend d
     join pg_rewrite w on w.oid = d.objid
     join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
     where d.classid = 'pg_rewrite'::regclass
       and d.refclassid = 'pg_class'::regclass
       and d.refobjid = to_regclass('inventory.movements')
       and w.ev_class <> d.refobjid
       and a.attname in ('id', 'kind', 'reference', 'user_id')`,
  rule: 'no view reads the columns of movements that entries have after the move',
  remedy: 'Drop the view before the move; afterwards let it read inventory.entries.',
};

const known = {
  users: 'id email name created_at',
  items: 'id sku name unit created_at org_id tracking allow_negative reorder_point metadata updated_at',
  locations: 'id code name kind created_at org_id updated_at',
  movements:
    'id item_id location_id quantity kind reference user_id occurred_at recorded_at org_id entry_id line lot',
} as const;

/** The new program does not know a column that only the old one has, so it cannot fill it. */
export const unknownColumn: SetRule = {
  id: 'unknown-column',
  query: () =>
    Object.entries(known)
      .map(
        ([table, columns]) => `select 'database' as table, '${table} ' || a.attname as id,
            format_type(a.atttypid, a.atttypmod) || ' not null' as value
          from pg_attribute a
          where a.attrelid = to_regclass('inventory.${table}')
            and a.attnum > 0
            and not a.attisdropped
            and a.attnotnull
            and not a.atthasdef
            and a.attidentity = ''
            and a.attname <> all (string_to_array('${columns}', ' '))`,
      )
      .join(' union all '),
  rule: 'a column that the new program does not know is filled without it',
  remedy: 'Give the column a default, or let it be null.',
};
