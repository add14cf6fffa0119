-- What Postgres does at commands on the schema: it refuses them to login roles, and watches the ledger's triggers. The user that
-- migrates runs this after every migration, as often as wanted.
--
-- An event trigger can be made by a superuser only, on RDS by a member of rds_superuser. Where it cannot be made nothing
-- fails: login roles have no privilege for any of these commands, and reconciliation says that it does not know when triggers were
-- missing.
do $$
begin
  if to_regprocedure('tenancy.refuse_command()') is null
    or exists (
      select
      from pg_event_trigger
      where evtname = 'stockade_refuse_command'
        and evtfoid = to_regprocedure('tenancy.refuse_command()')
        and evtevent = 'ddl_command_start'
        and evtenabled = 'A'
        and evttags is null
    )
  then
    return;
  end if;
  drop event trigger if exists stockade_refuse_command;
  create event trigger stockade_refuse_command on ddl_command_start execute function tenancy.refuse_command();
  alter event trigger stockade_refuse_command enable always;
exception
  when insufficient_privilege then
    raise notice 'commands of login roles are not refused before they wait for locks: % may not make event triggers', current_user;
end
$$;

do $$
begin
  -- Made by a migration that this database may not have yet. And there is no ledger as long as the old program works.
  if to_regprocedure('inventory.watch_triggers()') is null
    or exists (select from pg_class where relnamespace = to_regnamespace('inventory') and relname = 'users')
  then
    return;
  end if;
  if exists (
    select
    from pg_event_trigger
    where evtname = 'stockade_watch_triggers'
      and evtfoid = to_regprocedure('inventory.watch_triggers()')
      and evtevent = 'ddl_command_end'
      and evtenabled = 'A'
      and evttags is null
  ) and not exists (select from inventory.unseen_changes()) then
    return;
  end if;
  drop event trigger if exists stockade_watch_triggers;
  create event trigger stockade_watch_triggers on ddl_command_end execute function inventory.watch_triggers();
  alter event trigger stockade_watch_triggers enable always;
  -- From here on nothing is missed. What was missed before is what lies before this row, and what was changed unseen
  -- counts as known to the user that migrates.
  set local role stockade_owner;
  perform inventory.note_trigger_states('watch', 'migrate');
  reset role;
exception
  when insufficient_privilege then
    raise notice 'the triggers of the ledger are not watched: % may not make event triggers', current_user;
end
$$;
