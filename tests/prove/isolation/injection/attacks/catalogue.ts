import type { Attack, Target } from '../attack.ts';

/** Attacks on what the server knows about rows and sessions, apart from the rows themselves. */
export function catalogueAttacks(_: Target): Attack[] {
  const views = [
    'pg_stats',
    'pg_stats_ext',
    'pg_stats_ext_exprs',
    'pg_statistic',
    'pg_statistic_ext_data',
    'pg_stat_activity',
    'pg_stat_statements',
    'pg_stat_user_tables',
    'pg_stat_user_indexes',
    'pg_statio_user_tables',
    'pg_stat_database',
    'pg_stat_user_functions',
    'pg_stat_progress_copy',
    'pg_stat_progress_create_index',
    'pg_stat_replication',
    'pg_stat_ssl',
    'pg_stat_wal',
    'pg_stat_io',
    'pg_locks',
    'pg_prepared_xacts',
    'pg_prepared_statements',
    'pg_cursors',
    'pg_authid',
    'pg_shadow',
    'pg_user_mapping',
    'pg_largeobject',
    'pg_largeobject_metadata',
    'pg_db_role_setting',
    'pg_replication_slots',
    'pg_shmem_allocations',
    'pg_backend_memory_contexts',
    'pg_seclabel',
    'pg_description',
    'information_schema.columns',
    'information_schema.role_table_grants',
  ];
  return [
    ...views.map(
      (view): Attack => ({
        name: `read ${view}`,
        why: 'a catalogue or statistics view shows values of rows, or statements of others',
        query: `select * from ${view}`,
      }),
    ),
    ...['bounds', 'most common'].map(
      (what, index): Attack => ({
        name: `histogram ${what}`,
        why: 'statistics are kept over the rows of all organizations',
        query: `select ${index ? 'most_common_vals' : 'histogram_bounds'}::text from pg_stats where schemaname in ('inventory', 'tenancy')`,
      }),
    ),
    {
      name: 'the statement of every session',
      why: 'credentials or values are in the text of statements',
      query: 'select pg_stat_get_backend_activity(b) from generate_series(1, 100) as b',
    },
    {
      name: 'sizes of tables',
      why: 'a table is as large as all organizations make it',
      query: `select pg_table_size(c.oid) + pg_total_relation_size(c.oid) + pg_indexes_size(c.oid) from pg_class c where relname = 'items'`,
    },
    {
      name: 'pages of an index',
      why: 'an index holds the keys of all organizations',
      statements: `select bt_page_items('inventory.items_pkey', 1); select get_raw_page('inventory.items', 0); select pgstattuple('inventory.items')`,
    },
    {
      name: 'index tuples by the core',
      why: 'maintenance functions answer keys',
      query: `select brin_summarize_new_values('inventory.items_pkey'), gin_clean_pending_list('inventory.items_pkey')`,
    },
    {
      name: 'sequences',
      why: 'a sequence counts for all organizations',
      query: `select currval(c.oid), nextval(c.oid), pg_sequence_last_value(c.oid), lastval() from pg_class c where relkind = 'S'`,
    },
    {
      name: 'other transactions',
      why: 'transaction functions answer more than numbers',
      query: `select txid_current_snapshot()::text || pg_current_snapshot()::text || coalesce(pg_xact_status(pg_current_xact_id()), '') || txid_status(txid_current() - 1)`,
    },
    {
      name: 'the source of the wall',
      why: 'a secret is in the code',
      query: `select prosrc from pg_proc where pronamespace in ('tenancy'::regnamespace, 'inventory'::regnamespace)`,
    },
    {
      name: 'explain analyze',
      why: 'a plan shows constants of others',
      statements: `explain (analyze, verbose, buffers, settings) select * from inventory.items i join inventory.movements m using (org_id)`,
    },
    {
      name: 'explain of a definer function',
      why: 'nested plans show parameters',
      statements: `set local debug_print_plan = on; set local client_min_messages = debug5;
                   explain (analyze, verbose) select inventory.post_entry('{"kind":"receipt","lines":[]}')`,
    },
  ];
}
