import type { Attack, Target } from '../attack.ts';

const unlink = 'select lo_unlink(oid) from pg_largeobject_metadata';

/** Attacks on everything that the database can reach apart from rows: files, programs, other servers, large objects. */
export function outsideAttacks(_: Target): Attack[] {
  const statement = (name: string, statements: string): Attack => ({
    name,
    why: 'the server reads or writes files and programs for the caller',
    statements,
  });
  const query = (name: string, query: string): Attack => ({
    name,
    why: 'a function of the server reaches outside',
    query,
  });
  return [
    statement('copy to the client', 'copy inventory.items to stdout'),
    statement('copy a query to the client', 'copy (select * from inventory.items) to stdout'),
    statement('copy to a file', `copy inventory.items to '/tmp/stockade-injection'`),
    statement('copy to a program', `copy (select 1) to program 'id'`),
    statement('copy from a file', `copy inventory.items from '/etc/passwd'`),
    statement('copy from a program', `copy inventory.items from program 'id'`),
    statement('copy from the client', 'copy inventory.items from stdin'),
    query('read a file', `select pg_read_file('/etc/passwd')`),
    query('read a file of the cluster', `select pg_read_binary_file('base/1/1249')`),
    query('list a directory', `select pg_ls_dir('base'), pg_ls_waldir(), pg_ls_logdir(), pg_ls_tmpdir()`),
    query('stat a file', `select pg_stat_file('PG_VERSION')`),
    query('read the server’s log', 'select pg_current_logfile(), pg_rotate_logfile()'),
    query('read the server’s rules', 'select * from pg_hba_file_rules'),
    query('read the server’s settings files', 'select * from pg_file_settings'),
    query('import a large object', `select lo_import('/etc/passwd')`),
    query('export a large object', `select lo_export(1, '/tmp/stockade-injection')`),
    {
      ...query('make a large object', `select lo_from_bytea(0, 'left behind')`),
      undo: unlink,
    },
    {
      ...query('write a large object', `select lowrite(lo_open(lo_creat(-1), 131072), 'left behind')`),
      undo: unlink,
    },
    query('connect to another server', `select dblink_connect('host=127.0.0.1')`),
    query('write to the log of changes', `select pg_logical_emit_message(true, 'a', 'b')`),
    query('make a replication slot', `select pg_create_logical_replication_slot('evil', 'pgoutput')`),
    query('read a replication slot', `select pg_logical_slot_get_changes('evil', null, null)`),
    query('make a physical slot', `select pg_create_physical_replication_slot('evil')`),
    query('name a restore point, switch the log', `select pg_create_restore_point('evil'), pg_switch_wal()`),
    query('reload the server', 'select pg_reload_conf(), pg_promote()'),
    query('start a backup', `select pg_backup_start('evil')`),
  ];
}
