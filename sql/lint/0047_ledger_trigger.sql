-- A trigger of the ledger that is missing, disabled or changed.
-- level: leak
-- Without append_only the owner, and every role that becomes the owner, can rewrite history. Without apply_movements balances
-- are wrong, and without the triggers of reservations what they say is reserved. Without above_seal_boundary movements can be
-- inserted into sealed history.
-- Enabled always, they also fire in a session that replays changes of another server.
with expected (table_name, trigger_name, function, events, definition) as (
  values
    -- Bits of pg_trigger.tgtype: 2 before, 4 insert, 8 delete, 16 update, 32 truncate; without 1 it is for each statement.
    ('inventory.entries', 'append_only', 'inventory.refuse_change()', 58,
      'before update or delete or truncate on inventory.entries for each statement execute function inventory.refuse_change()'),
    ('inventory.movements', 'append_only', 'inventory.refuse_change()', 58,
      'before update or delete or truncate on inventory.movements for each statement execute function inventory.refuse_change()'),
    ('inventory.entries', 'append_only_rows', 'inventory.refuse_change()', 8,
      'after delete on inventory.entries referencing old table as removed for each statement execute function inventory.refuse_change()'),
    ('inventory.movements', 'append_only_rows', 'inventory.refuse_change()', 8,
      'after delete on inventory.movements referencing old table as removed for each statement execute function inventory.refuse_change()'),
    ('inventory.movements', 'above_seal_boundary', 'inventory.refuse_sealed()', 4,
      'after insert on inventory.movements referencing new table as added for each statement execute function inventory.refuse_sealed()'),
    ('inventory.movements', 'apply_movements', 'inventory.apply_movements()', 4,
      'after insert on inventory.movements referencing new table as added for each statement execute function inventory.apply_movements()'),
    ('inventory.reservation_lines', 'apply_new_holds', 'inventory.apply_holds()', 4,
      'after insert on inventory.reservation_lines referencing new table as held_now for each statement execute function inventory.apply_holds()'),
    ('inventory.reservation_lines', 'apply_changed_holds', 'inventory.apply_holds()', 16,
      'after update on inventory.reservation_lines referencing old table as held_before new table as held_now for each statement execute function inventory.apply_holds()'),
    ('inventory.reservations', 'no_removal', 'inventory.refuse_change()', 42,
      'before delete or truncate on inventory.reservations for each statement execute function inventory.refuse_change()'),
    ('inventory.reservation_lines', 'no_removal', 'inventory.refuse_change()', 42,
      'before delete or truncate on inventory.reservation_lines for each statement execute function inventory.refuse_change()'),
    ('inventory.reservations', 'no_removal_rows', 'inventory.refuse_change()', 8,
      'after delete on inventory.reservations referencing old table as removed for each statement execute function inventory.refuse_change()'),
    ('inventory.reservation_lines', 'no_removal_rows', 'inventory.refuse_change()', 8,
      'after delete on inventory.reservation_lines referencing old table as removed for each statement execute function inventory.refuse_change()')
  union
  select
    name, 'append_only', 'inventory.refuse_change()', 58,
    format(
      'before update or delete or truncate on %s for each statement execute function inventory.refuse_change()', name
    )
  from own_tables
  where class like '%(append-only)'
)
select
  format('%s on %s', e.trigger_name, e.table_name) as object,
  case
    when t.oid is null then 'it is missing'
    when t.tgenabled = 'D' then 'it is disabled'
    when t.tgenabled <> 'A' then 'it is not enabled always'
    else format('it is defined as %s', pg_get_triggerdef(t.oid))
  end as detail,
  format(
    'create or replace trigger %s %s; alter table %s enable always trigger %s;',
    e.trigger_name, e.definition, e.table_name, e.trigger_name
  ) as remedy
from expected e
left join pg_trigger t
  on t.tgrelid::regclass::text = e.table_name
  and t.tgname = e.trigger_name
  and not t.tgisinternal
where t.oid is null
  or t.tgenabled <> 'A'
  or t.tgtype <> e.events
  or t.tgfoid::regprocedure::text <> e.function
  -- WHEN and UPDATE OF would allow exceptions.
  or t.tgqual is not null
  or t.tgattr::text <> ''
union all
-- Every other trigger that refuses changes must fire always too.
select
  format('%s on %s', t.tgname, t.tgrelid::regclass),
  'it is not enabled always',
  format('alter table %s enable always trigger %I;', t.tgrelid::regclass, t.tgname)
from pg_trigger t
where t.tgfoid::regprocedure::text = 'inventory.refuse_change()'
  and t.tgenabled <> 'A'
  and not exists (
    select from expected e where e.table_name = t.tgrelid::regclass::text and e.trigger_name = t.tgname
  )
