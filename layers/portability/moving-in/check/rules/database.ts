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

/** The columns that the move adds. */
const added = {
  items: 'org_id tracking allow_negative reorder_point metadata updated_at',
  locations: 'org_id updated_at',
  movements: 'org_id entry_id line lot',
} as const;

/** The tables that the move and the new program make beside the old ones. */
const tables =
  'entries balances idempotency_keys imports import_rejects item_aliases location_aliases seals seal_anchors seal_boundaries ' +
  'seal_closings seal_pages discrepancies reconciliation_runs reconciliation_state balance_backfills told_trigger_faults ' +
  'trigger_changes';

const oldTables = ['users', 'items', 'locations', 'movements']
  .map((table) => `to_regclass('inventory.${table}')`)
  .join(', ');

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

/** Until the columns of the move are there, what has one of their names is the owner's. */
export const takenColumn: SetRule = {
  id: 'taken-column',
  query: () =>
    Object.entries(added)
      .map(
        ([table, columns]) => `select 'database' as table, '${table} ' || a.attname as id,
            format_type(a.atttypid, a.atttypmod) as value
          from pg_attribute a
          where a.attrelid = to_regclass('inventory.${table}')
            and a.attname = any (string_to_array('${columns}', ' '))
            and a.attnum > 0
            and not a.attisdropped
            -- The trigger came with the columns.
            and not exists (
              select from pg_trigger t where t.tgrelid = a.attrelid and t.tgname in ('place_row', 'place_movement')
            )`,
      )
      .join(' union all '),
  rule: 'no column has the name of one that the move adds',
  remedy: 'Rename the column before the move, and let the old program use its new name.',
};

/** What the new program calls its tables and schemas. */
export const takenName: SetRule = {
  id: 'taken-name',
  query: () =>
    `select 'database' as table, found.name as id, found.kind as value
     from (
       select format('inventory.%I', c.relname) as name, 'table or view' as kind, obj_description(c.oid, 'pg_class') as said
       from pg_class c
       where c.relnamespace = to_regnamespace('inventory')
         and c.relname = any (string_to_array('${tables}', ' '))
       union all
       select n.nspname, 'schema', case n.nspowner when to_regrole('stockade_owner') then 'Platform data' end
       from pg_namespace n
       where n.nspname in ('tenancy', 'moving_in', 'recovery')
     ) as found
     where coalesce(found.said, '') !~ '^(Tenant data|Platform data|Secret)'`,
  rule: 'nothing has the name of a table or schema that the move makes',
  remedy: 'Rename it before the move.',
};

/** The triggers of the move are three. Any other one fires for what the move writes, and for what the new program writes. */
export const foreignTrigger: SetRule = {
  id: 'trigger',
  query: () =>
    `select 'database' as table, t.tgrelid::regclass || ' ' || t.tgname as id, pg_get_triggerdef(t.oid) as value
     from pg_trigger t
     where t.tgrelid in (${oldTables})
       and not t.tgisinternal
       and t.tgname not in ('place_row', 'place_movement', 'note_movement')
     union all
     select 'database', w.ev_class::regclass || ' ' || w.rulename, pg_get_ruledef(w.oid)
     from pg_rewrite w
     where w.ev_class in (${oldTables})`,
  rule: 'no trigger or rule of its own changes what is written into the tables: it would fire for every row that the move fills',
  remedy: 'Let the old program do its work, and drop it before the move.',
};

/** Postgres drops no column and no key that something else is made of. */
export const dependentObject: SetRule = {
  id: 'dependent-object',
  query: () =>
    `select distinct 'database' as table, pg_describe_object(d.classid, d.objid, d.objsubid) as id,
       pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid) as value
     from pg_depend d
     left join pg_attribute a
       on d.refclassid = 'pg_class'::regclass and a.attrelid = d.refobjid and a.attnum = d.refobjsubid
     left join pg_constraint k on d.refclassid = 'pg_constraint'::regclass and k.oid = d.refobjid
     left join pg_attrdef made on d.classid = 'pg_attrdef'::regclass and made.oid = d.objid
     where (
         d.deptype = 'n' and d.classid not in ('pg_rewrite'::regclass, 'pg_trigger'::regclass)
         or made.adnum <> d.refobjsubid
         or d.deptype = 'n' and k.oid is not null
       )
       and not (d.classid = 'pg_constraint'::regclass)
       and (
         d.refobjid = to_regclass('inventory.movements') and a.attname in ('id', 'kind', 'reference', 'user_id')
         or k.conrelid in (${oldTables}) and k.conname in ('items_pkey', 'locations_pkey', 'movements_pkey', 'items_sku_key', 'locations_code_key')
       )`,
  rule: 'nothing is made of a column or key that goes with the switch',
  remedy: 'Drop it before the move, or let it do without.',
};

/** A table that inherits from one of these would get its columns, and its rows would count as theirs. */
export const inheritingTable: SetRule = {
  id: 'inheriting-table',
  query: () =>
    `select 'database' as table, i.inhrelid::regclass::text as id, i.inhparent::regclass::text as value
     from pg_inherits i
     where i.inhparent in (${oldTables}) or i.inhrelid in (${oldTables})`,
  rule: 'no table inherits from another one',
  remedy: 'Let the table stand alone (alter table … no inherit …).',
};

/** The switch puts new keys into the place of these. */
export const keyName: SetRule = {
  id: 'key-name',
  query: () =>
    `select 'database' as table, expected.name as id, found.conname::text as value
     from (values
       ('items', 'items_pkey', 'p', 'id'), ('items', 'items_sku_key', 'u', 'sku'),
       ('locations', 'locations_pkey', 'p', 'id'), ('locations', 'locations_code_key', 'u', 'code'),
       ('movements', 'movements_pkey', 'p', 'id')
     ) as expected (table_name, name, kind, column_name)
     left join pg_constraint found
       on found.conrelid = to_regclass('inventory.' || expected.table_name)
       and found.contype::text = expected.kind
       and found.conkey = array(
         select a.attnum
         from pg_attribute a
         where a.attrelid = found.conrelid and a.attname = expected.column_name and not a.attisdropped
       )
     where found.conname is distinct from expected.name
       and to_regclass('inventory.' || expected.table_name) is not null`,
  rule: 'the keys of the old tables are there, and have the names that they were made with',
  remedy: 'Create the key again, or give it back its name (alter table … rename constraint …).',
};
