--! needs 000025_trigger_watch
-- The watch over the ledger's triggers. sql/watch.sql creates the event trigger that calls it.

create or replace function inventory.ledger_triggers()
returns table (name text, enabled text, digest text, written xid[])
language sql
stable
set search_path = ''
as $$
  select
    format('%s on %s', t.tgname, t.tgrelid::regclass),
    t.tgenabled::text,
    encode(
      sha256(
        convert_to(
          concat_ws(E'\n', pg_get_triggerdef(t.oid), p.proowner::regrole, p.prosecdef, p.provolatile, p.proconfig, p.prosrc),
          'UTF8'
        )
      ),
      'hex'
    ),
    array[t.xmin, p.xmin]
  from pg_trigger t
  join pg_class c on c.oid = t.tgrelid
  join pg_proc p on p.oid = t.tgfoid
  where c.relnamespace = 'inventory'::regnamespace
    and not t.tgisinternal
$$;

comment on function inventory.ledger_triggers is
  'The triggers of the ledger: name, whether enabled (pg_trigger.tgenabled), SHA-256 of what it does when, its '
  'function included, and which transactions have written the rows of the trigger and of its function.';
grant execute on function inventory.ledger_triggers to stockade_jobs;

create or replace function inventory.is_written_here(p_xmin xid)
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_current constant bigint := pg_current_xact_id()::text;
  -- The nearest to this transaction of those with the same 32 bits.
  v_near constant bigint := v_current
    + ((p_xmin::text::bigint - v_current + 2147483648) & 4294967295) - 2147483648;
begin
  -- A row that is visible and not committed is from this transaction or a part of it.
  return coalesce(pg_xact_status(greatest(v_near, 0)::text::xid8) = 'in progress', false);
exception
  -- Older than half of all numbers, and so in the future.
  when invalid_parameter_value then
    return false;
end
$$;

comment on function inventory.is_written_here is
  'Whether a visible row with this xmin was written by the transaction that asks.';

create or replace function inventory.note_trigger_states(p_kind text, p_command text)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_noted constant jsonb := (select c.triggers from inventory.trigger_changes c order by c.id desc limit 1);
  v_states jsonb;
begin
  -- A note vouches for what its own transaction wrote. What another one wrote while nothing watched stays as it was noted, so
  -- that it is found.
  select coalesce(
    jsonb_object_agg(
      t.name,
      jsonb_build_object(
        'enabled', t.enabled,
        'digest', t.digest,
        'written', (
          select jsonb_agg(
            case
              when p_kind = 'watch' or inventory.is_written_here(w.xmin) then w.xmin::text
              else v_noted -> t.name -> 'written' ->> (w.n - 1)::integer
            end
            order by w.n
          )
          from unnest(t.written) with ordinality as w (xmin, n)
        )
      )
    ),
    '{}'
  )
  into v_states
  from inventory.ledger_triggers() t;
  if p_kind = 'watch' or v_states is distinct from v_noted then
    insert into inventory.trigger_changes (kind, command, triggers) values (p_kind, p_command, v_states);
  end if;
end
$$;

comment on function inventory.note_trigger_states is
  'Notes the state of the ledger''s triggers when it differs from the last note, or when a watch begins (p_kind '
  'watch).';

create or replace function inventory.watch_triggers()
returns event_trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform inventory.note_trigger_states('change', tg_tag);
exception
  when others then
    -- A watch that fails must not keep anybody from repairing the schema.
    raise warning 'the state of the ledger''s triggers was not noted: %', sqlerrm using errcode = '01000';
end
$$;

comment on function inventory.watch_triggers is
  'Notes the state of the ledger''s triggers when a command has changed it, whatever the command was. Warns '
  '(01000), and lets the command pass, when it cannot.';

create or replace function inventory.unseen_changes()
returns table (name text)
language sql
stable
security definer
set search_path = ''
as $$
  with notes as materialized (
    select c.triggers
    from inventory.trigger_changes c
    where c.id >= (select w.id from inventory.trigger_changes w where w.kind = 'watch' order by w.id desc limit 1)
  )
  select t.name
  from inventory.ledger_triggers() t
  where exists (select from notes)
    and exists (
      select
      from unnest(t.written) with ordinality as w (xmin, n)
      where not exists (
        select from notes where notes.triggers -> t.name -> 'written' ->> (w.n - 1)::integer = w.xmin::text
      )
    )
$$;

comment on function inventory.unseen_changes is
  'The triggers of the ledger that were written, or whose function was, since the watch began and without a note of it: the '
  'event trigger was off. Until somebody migrates again, they stay here, whatever they are now.';
grant execute on function inventory.unseen_changes to stockade_jobs;

create or replace function inventory.trigger_history()
returns json
language sql
stable
security definer
set search_path = ''
as $$
  select json_build_object(
    'watching', exists (
      select
      from pg_event_trigger e
      where e.evtfoid = 'inventory.watch_triggers()'::regprocedure
        and e.evtevent = 'ddl_command_end'
        and e.evtenabled = 'A'
        and e.evttags is null
    ) and not exists (select from inventory.unseen_changes()),
    'changes', (
      select coalesce(json_agg(json_build_object('at', c.at, 'kind', c.kind, 'command', c.command, 'triggers', c.triggers)
        order by c.id), '[]')
      from inventory.trigger_changes c
    )
  )
$$;

comment on function inventory.trigger_history is
  'What is known of the ledger''s triggers over time: {watching, changes: [{at, kind, command, triggers}]}. '
  'Without a watch nothing is known of what came after the last change.';
grant execute on function inventory.trigger_history to stockade_jobs;

create or replace function inventory.tell_trigger_faults(p_faults jsonb, p_again_after interval)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_told inventory.told_trigger_faults;
begin
  insert into inventory.told_trigger_faults default values on conflict (only_row) do nothing;
  -- The row stays locked until the alert is sent. Of several runs at once one sends it; when it fails, the next one does.
  select * into v_told from inventory.told_trigger_faults for update skip locked;
  if not found then
    return false;
  end if;
  -- A new fault is reported together with all others. One that was repaired is forgotten, and new when it comes back.
  if p_faults <@ v_told.faults and (p_faults = '[]' or v_told.told_at > clock_timestamp() - p_again_after) then
    update inventory.told_trigger_faults set faults = p_faults where faults <> p_faults;
    return false;
  end if;
  update inventory.told_trigger_faults set faults = p_faults, told_at = clock_timestamp();
  return true;
end
$$;

comment on function inventory.tell_trigger_faults is
  'Whether an alert about the faults [{trigger, fault}] of the ledger''s triggers is due: one of them is new, or '
  'the last alert was p_again_after ago. Send the alert within the transaction that asks: after a rollback it '
  'counts as not sent.';
grant execute on function inventory.tell_trigger_faults to stockade_jobs;
