-- The whole schema as the database tells it. Written by `npm run schema`; `npm run check` compares it with
-- what sql/migrations and sql/functions make. Do not edit it: change those.
-- It can be executed, as a superuser, on an empty database of a cluster that has the roles.
set check_function_bodies = off;
set search_path = '';

-- Roles, as sql/roles.sql makes them
-- create role stockade_admin login inherit nobypassrls nocreaterole nocreatedb noreplication;
-- alter role stockade_admin set enable_bitmapscan = off;
-- alter role stockade_admin set enable_seqscan = off;
-- alter role stockade_admin set lock_timeout = 5s;
-- alter role stockade_admin set search_path = "";
-- alter role stockade_admin set statement_timeout = 60s;
-- create role stockade_api login inherit nobypassrls nocreaterole nocreatedb noreplication;
-- alter role stockade_api set client_connection_check_interval = 5s;
-- alter role stockade_api set enable_bitmapscan = off;
-- alter role stockade_api set enable_hashjoin = off;
-- alter role stockade_api set enable_indexonlyscan = off;
-- alter role stockade_api set enable_material = off;
-- alter role stockade_api set enable_mergejoin = off;
-- alter role stockade_api set enable_seqscan = off;
-- alter role stockade_api set idle_in_transaction_session_timeout = 30s;
-- alter role stockade_api set jit = off;
-- alter role stockade_api set lock_timeout = 5s;
-- alter role stockade_api set search_path = "";
-- alter role stockade_api set statement_timeout = 15s;
-- create role stockade_jobs login inherit nobypassrls nocreaterole nocreatedb noreplication;
-- alter role stockade_jobs set enable_bitmapscan = off;
-- alter role stockade_jobs set enable_seqscan = off;
-- alter role stockade_jobs set lock_timeout = 30s;
-- alter role stockade_jobs set search_path = "";
-- create role stockade_ledger nologin inherit nobypassrls nocreaterole nocreatedb noreplication;
-- create role stockade_owner nologin inherit nobypassrls nocreaterole nocreatedb noreplication;
-- grant stockade_ledger to stockade_owner with admin f, inherit f, set t;

-- Database
do $database$
begin
  execute format('revoke temporary on database %I from public', current_database());
  execute format('grant connect on database %I to public', current_database());
  execute format('grant connect on database %I to stockade_admin', current_database());
  execute format('grant connect on database %I to stockade_api', current_database());
  execute format('grant connect on database %I to stockade_jobs', current_database());
  execute format('grant create on database %I to stockade_owner', current_database());
end
$database$;

-- Schemas
create schema inventory;
alter schema inventory owner to stockade_owner;
grant usage on schema inventory to stockade_admin, stockade_api, stockade_jobs, stockade_ledger;
create schema if not exists public;
alter schema public owner to pg_database_owner;
revoke usage on schema public from public;
create schema recovery;
alter schema recovery owner to stockade_owner;
grant usage on schema recovery to stockade_admin, stockade_jobs;
create schema stockade_migrations;
alter schema stockade_migrations owner to stockade_owner;
create schema tenancy;
alter schema tenancy owner to stockade_owner;
grant usage on schema tenancy to stockade_admin, stockade_api, stockade_jobs, stockade_ledger;

-- inventory.ahead_fault(timestamp with time zone)
CREATE OR REPLACE FUNCTION inventory.ahead_fault(p_occurred_at timestamp with time zone)
 RETURNS text
 LANGUAGE sql
AS $function$
  -- Clocks of callers may be a little fast. A time that is none of the API is left to the constraints.
  select case
    when p_occurred_at > clock_timestamp() + interval '1 minute' and p_occurred_at < '10000-01-01 00:00:00+00'
      then format('is more than a minute ahead: it is %s now', inventory.iso(clock_timestamp()))
  end
$function$;
alter function inventory.ahead_fault(timestamp with time zone) owner to stockade_owner;
comment on function inventory.ahead_fault(timestamp with time zone) is
  'What is wrong with the time at which an entry takes effect; null when it fits. Stock cannot have moved in the future.';
revoke execute on function inventory.ahead_fault(timestamp with time zone) from public;
grant execute on function inventory.ahead_fault(timestamp with time zone) to stockade_ledger;

-- inventory.apply_holds()
CREATE OR REPLACE FUNCTION inventory.apply_holds()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_changed jsonb;
  v_key record;
  v_on_hand numeric;
  v_reserved numeric;
  v_orgs uuid[] := '{}';
  v_items uuid[] := '{}';
  v_locations uuid[] := '{}';
  v_lots text[] := '{}';
  v_changes numeric[] := '{}';
begin
  -- An insert has no rows from before.
  if tg_op = 'INSERT' then
    select jsonb_agg(c)
    into v_changed
    from (
      select org_id, item_id, location_id, lot, sum(held) as held
      from held_now
      group by org_id, item_id, location_id, lot
      having sum(held) <> 0
    ) as c;
  else
    select jsonb_agg(c)
    into v_changed
    from (
      select org_id, item_id, location_id, lot, sum(held) as held
      from (
        select org_id, item_id, location_id, lot, held from held_now
        union all
        select org_id, item_id, location_id, lot, - held from held_before
      ) as line
      group by org_id, item_id, location_id, lot
      having sum(held) <> 0
    ) as c;
  end if;

  -- In key order, as the trigger on movements does, so that the two cannot deadlock.
  for v_key in
    select c.org_id, c.item_id, c.location_id, c.lot, c.held
    from jsonb_to_recordset(v_changed) as c (org_id uuid, item_id uuid, location_id uuid, lot text, held numeric)
    order by c.org_id, c.item_id, c.location_id, c.lot
  loop
    insert into inventory.balances as b (org_id, item_id, location_id, lot, reserved, version)
    values (v_key.org_id, v_key.item_id, v_key.location_id, v_key.lot, greatest(v_key.held, 0), 0)
    on conflict (org_id, item_id, location_id, lot) do update
      -- A balance that has lost its holds, which the reconciliation finds, keeps nobody from ending one.
      set reserved = greatest(b.reserved + v_key.held, 0)
    returning b.on_hand, b.reserved into v_on_hand, v_reserved;
    -- Nearly always nothing is short. What exactly is short is worked out only when something may be.
    if v_key.held > 0 and v_on_hand < v_reserved then
      v_orgs := v_orgs || v_key.org_id;
      v_items := v_items || v_key.item_id;
      v_locations := v_locations || v_key.location_id;
      v_lots := v_lots || v_key.lot;
      v_changes := v_changes || - v_key.held;
    end if;
  end loop;
  if v_orgs <> '{}' then
    perform inventory.refuse_short(v_orgs, v_items, v_locations, v_lots, v_changes);
  end if;
  return null;
end
$function$;
alter function inventory.apply_holds() owner to stockade_ledger;
comment on function inventory.apply_holds() is
  'Adds what the lines of a statement hold to what is reserved of their balances, and takes off what they hold no longer. Raises SK201 when a line holds more than is available of an item that may not go below zero; DETAIL lists every such balance.';
revoke execute on function inventory.apply_holds() from public;
grant execute on function inventory.apply_holds() to stockade_owner;

-- inventory.apply_movements()
CREATE OR REPLACE FUNCTION inventory.apply_movements()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_may_be_short boolean;
begin
  with applied as (
    -- One upsert per key, in key order: two statements that share keys lock them in the same order and cannot deadlock.
    insert into inventory.balances as b (org_id, item_id, location_id, lot, on_hand, version)
    select org_id, item_id, location_id, lot, sum(quantity), count(*)
    from added
    group by org_id, item_id, location_id, lot
    order by org_id, item_id, location_id, lot
    on conflict (org_id, item_id, location_id, lot) do update
      set on_hand = b.on_hand + excluded.on_hand,
          version = b.version + excluded.version
    returning b.org_id, b.item_id, b.on_hand < b.reserved as below_zero
  )
  -- Nearly always nothing is short. What exactly is short is worked out only when something may be.
  select true
  from applied a
  where a.below_zero
    -- Items are looked up one at a time: a join could be planned for another size of batch.
    and not (select i.allow_negative from inventory.items i where i.org_id = a.org_id and i.id = a.item_id)
  limit 1
  into v_may_be_short;
  if not found then
    return null;
  end if;

  -- The lines of a key are summed before the check.
  perform inventory.refuse_short(
    array_agg(d.org_id), array_agg(d.item_id), array_agg(d.location_id), array_agg(d.lot), array_agg(d.quantity)
  )
  from (
    select org_id, item_id, location_id, lot, sum(quantity) as quantity
    from added
    group by org_id, item_id, location_id, lot
  ) as d;
  return null;
end
$function$;
alter function inventory.apply_movements() owner to stockade_ledger;
comment on function inventory.apply_movements() is
  'Adds the movements of one statement to their balances. Raises SK201 when a line takes more than is available of an item that may not go negative; DETAIL lists every such key.';
revoke execute on function inventory.apply_movements() from public;
grant execute on function inventory.apply_movements() to stockade_owner;

-- inventory.available_to_lines(uuid[],uuid[],text[],numeric[],timestamp with time zone)
CREATE OR REPLACE FUNCTION inventory.available_to_lines(p_items uuid[], p_locations uuid[], p_lots text[], p_quantities numeric[], p_at timestamp with time zone)
 RETURNS numeric[]
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
begin
  return array(
    select least(
      line.quantity,
      -- The lines before it with the same key come first.
      greatest(max(k.available) over key - (sum(line.quantity) over so_far - line.quantity), 0)
    )
    from (
      select *, row_number() over (partition by line.item_id, line.location_id, line.lot order by line.n) as nth_of_key
      from unnest(p_items, p_locations, p_lots, p_quantities)
        with ordinality as line (item_id, location_id, lot, quantity, n)
    ) as line
    left join lateral (
      -- An item that may go below zero always has enough.
      select case
        when i.allow_negative then inventory.greatest_quantity() * 1000
        else b.on_hand - b.reserved + inventory.expired_holds(b.org_id, b.item_id, b.location_id, b.lot, p_at)
      end as available
      from inventory.items i
      left join lateral (
        select b.*
        from inventory.balances b
        where b.org_id = i.org_id and b.item_id = i.id and b.location_id = line.location_id and b.lot = line.lot
        offset 0
      ) as b on true
      where line.nth_of_key = 1 and i.id = line.item_id
      offset 0
    ) as k on true
    window
      key as (partition by line.item_id, line.location_id, line.lot),
      so_far as (key order by line.n)
    order by line.n
  );
end
$function$;
alter function inventory.available_to_lines(uuid[],uuid[],text[],numeric[],timestamp with time zone) owner to stockade_owner;
comment on function inventory.available_to_lines(uuid[],uuid[],text[],numeric[],timestamp with time zone) is
  'How much of each line is available at an instant, when the lines are served in their order: at most its quantity, at least zero. Their balances are locked.';
revoke execute on function inventory.available_to_lines(uuid[],uuid[],text[],numeric[],timestamp with time zone) from public;

-- inventory.backfill_balances(uuid,integer)
CREATE OR REPLACE FUNCTION inventory.backfill_balances(p_org_id uuid, p_keys integer)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_entered uuid := tenancy.enter_as_job(p_org_id);
  v_backfill inventory.balance_backfills;
  v_after_item uuid;
  v_after_location uuid;
  v_after_lot text;
  v_items uuid[];
  v_locations uuid[];
  v_lots text[];
  v_movements bigint;
  v_changed bigint;
  v_refused jsonb := '[]';
begin
  -- Two that run at once take turns.
  select * into v_backfill
  from inventory.balance_backfills
  where org_id = p_org_id and finished_at is null
  for update;
  if not found then
    raise exception 'no backfill of this organization was begun' using errcode = 'SK603';
  end if;
  v_after_item := coalesce(v_backfill.checkpoint ->> 'item', '00000000-0000-0000-0000-000000000000');
  v_after_location := coalesce(v_backfill.checkpoint ->> 'location', '00000000-0000-0000-0000-000000000000');
  v_after_lot := coalesce(v_backfill.checkpoint ->> 'lot', '');

  with recursive history (item_id, location_id, lot, n) as (
    -- From key to key by the index, without reading the movements of any.
    (
      select m.item_id, m.location_id, m.lot, 1
      from inventory.movements m
      where m.org_id = p_org_id
        and (m.item_id, m.location_id, m.lot) > (v_after_item, v_after_location, v_after_lot)
      order by m.item_id, m.location_id, m.lot
      limit 1
    )
    union all
    select next.item_id, next.location_id, next.lot, h.n + 1
    from history h
    cross join lateral (
      select m.item_id, m.location_id, m.lot
      from inventory.movements m
      where m.org_id = p_org_id
        and (m.item_id, m.location_id, m.lot) > (h.item_id, h.location_id, h.lot)
      order by m.item_id, m.location_id, m.lot
      limit 1
    ) as next
    where h.n < p_keys
  ),
  -- Balances without any history are wrong as well.
  stored as (
    select b.item_id, b.location_id, b.lot
    from inventory.balances b
    where b.org_id = p_org_id
      and (b.item_id, b.location_id, b.lot) > (v_after_item, v_after_location, v_after_lot)
    order by b.item_id, b.location_id, b.lot
    limit p_keys
  ),
  keys as (
    select item_id, location_id, lot from history
    union
    select item_id, location_id, lot from stored
    order by item_id, location_id, lot
    limit p_keys
  )
  select
    array_agg(item_id order by item_id, location_id, lot),
    array_agg(location_id order by item_id, location_id, lot),
    array_agg(lot order by item_id, location_id, lot)
  into v_items, v_locations, v_lots
  from keys;

  begin
    select r.movements, r.changed
    into v_movements, v_changed
    from inventory.rebuild_balances(p_org_id, v_items, v_locations, v_lots) r;
  exception
    -- Some balance cannot be written. Each one is rebuilt by itself: that shows which one it is, and rebuilds the others.
    when numeric_value_out_of_range or foreign_key_violation or check_violation then
      v_movements := 0;
      v_changed := 0;
      for v_n in 1..cardinality(v_items) loop
        begin
          select v_movements + r.movements, v_changed + r.changed
          into v_movements, v_changed
          from inventory.rebuild_balances(p_org_id, v_items[v_n:v_n], v_locations[v_n:v_n], v_lots[v_n:v_n]) r;
        exception
          when numeric_value_out_of_range or foreign_key_violation or check_violation then
            v_refused := v_refused || jsonb_build_object(
              'item', v_items[v_n], 'location', v_locations[v_n], 'lot', v_lots[v_n], 'code', sqlstate, 'message', sqlerrm
            );
        end;
      end loop;
  end;

  update inventory.balance_backfills
  set checkpoint = case when v_items is null then checkpoint else jsonb_build_object(
        'item', v_items[cardinality(v_items)],
        'location', v_locations[cardinality(v_items)],
        'lot', v_lots[cardinality(v_items)]
      ) end,
      walked = coalesce(cardinality(v_items), 0) < p_keys,
      keys = keys + coalesce(cardinality(v_items), 0),
      movements = movements + v_movements,
      changed = changed + v_changed
  where org_id = p_org_id
  returning * into v_backfill;
  return json_build_object(
    'walked', v_backfill.walked,
    'keys', v_backfill.keys,
    'movements', v_backfill.movements,
    'changed', v_backfill.changed,
    'refused', v_refused
  );
end
$function$;
alter function inventory.backfill_balances(uuid,integer) owner to stockade_owner;
comment on function inventory.backfill_balances(uuid,integer) is
  'Rebuilds the balances of the next p_keys keys from history and remembers how far it has come: one statement and so one transaction. Returns {walked, keys, movements, changed, refused}: the first four of the whole backfill, walked when no key is left; of this batch [{item, location, lot, code, message}], the balances that could not be written and stay as they were. Raises SK603 when none was begun, SK404 no such organization, 25001 in a transaction that is not read committed.';
revoke execute on function inventory.backfill_balances(uuid,integer) from public;
grant execute on function inventory.backfill_balances(uuid,integer) to stockade_jobs;

-- inventory.begin_backfill()
CREATE OR REPLACE FUNCTION inventory.begin_backfill()
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_org_id constant uuid := tenancy.require_scope('write');
  v_backfill inventory.balance_backfills;
begin
  select * into v_backfill from inventory.balance_backfills where org_id = v_org_id and finished_at is null;
  if not found then
    delete from inventory.balance_backfills where org_id = v_org_id;
    insert into inventory.balance_backfills (org_id, total_movements)
    select v_org_id, count(*) from inventory.movements where org_id = v_org_id
    on conflict (org_id) do nothing;
    select * into strict v_backfill from inventory.balance_backfills where org_id = v_org_id;
  end if;
  return json_build_object(
    'resumed', v_backfill.checkpoint is not null,
    'walked', v_backfill.walked,
    'keys', v_backfill.keys,
    'movements', v_backfill.movements,
    'totalMovements', v_backfill.total_movements
  );
end
$function$;
alter function inventory.begin_backfill() owner to stockade_owner;
comment on function inventory.begin_backfill() is
  'Begins to rebuild the balances of the organization that was entered, or continues an unfinished backfill: {resumed, walked, keys, movements, totalMovements}. Raises SK902 when no organization was entered.';
revoke execute on function inventory.begin_backfill() from public;
grant execute on function inventory.begin_backfill() to stockade_jobs;

-- inventory.begin_import_file(uuid,bytea,bytea,text)
CREATE OR REPLACE FUNCTION inventory.begin_import_file(p_org_id uuid, p_file_digest bytea, p_profile_digest bytea, p_file_name text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  insert into inventory.imports (org_id, file_digest, profile_digest, file_name)
  values (p_org_id, p_file_digest, p_profile_digest, p_file_name)
  on conflict (org_id, file_digest, profile_digest) do nothing;
  -- Of two runs of one import the second waits here, and then finds the lines settled.
  perform
  from inventory.imports
  where org_id = p_org_id and file_digest = p_file_digest and profile_digest = p_profile_digest
  for update;
end
$function$;
alter function inventory.begin_import_file(uuid,bytea,bytea,text) owner to stockade_owner;
comment on function inventory.begin_import_file(uuid,bytea,bytea,text) is
  'Creates the import of a file when there is none, and locks it until the end of the transaction.';
revoke execute on function inventory.begin_import_file(uuid,bytea,bytea,text) from public;

-- inventory.begin_reconciliation(uuid,text)
CREATE OR REPLACE FUNCTION inventory.begin_reconciliation(p_lease uuid, p_kind text)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_state inventory.reconciliation_state := inventory.leased_state(p_lease);
  v_run inventory.reconciliation_runs;
begin
  select * into v_run from inventory.reconciliation_runs where org_id = v_state.org_id and id = v_state.run_id;
  if v_run.kind <> p_kind then
    update inventory.reconciliation_runs
    set status = 'failed', finished_at = clock_timestamp(), error = format('a %s run took its place', p_kind)
    where org_id = v_state.org_id and id = v_run.id;
    v_run := null;
  end if;
  if v_run.id is null then
    insert into inventory.reconciliation_runs (org_id, kind, bucket)
    values (v_state.org_id, p_kind, case p_kind when 'daily' then v_state.next_bucket end)
    returning * into v_run;
    update inventory.reconciliation_state set run_id = v_run.id, checkpoint = null where org_id = v_state.org_id;
    v_state.checkpoint := null;
  end if;
  return json_build_object(
    'id', v_run.id,
    'bucket', v_run.bucket,
    'checkpoint', v_state.checkpoint,
    'comparedThrough', v_state.compared_through
  );
end
$function$;
alter function inventory.begin_reconciliation(uuid,text) owner to stockade_owner;
comment on function inventory.begin_reconciliation(uuid,text) is
  'Begins a run of the organization that was entered, or continues the unfinished one of this kind: {id, bucket, checkpoint, comparedThrough}; comparedThrough is the entry up to which an earlier run found everything right. Raises SK601 when the lease is not held any more, SK902 when no organization was entered.';
revoke execute on function inventory.begin_reconciliation(uuid,text) from public;
grant execute on function inventory.begin_reconciliation(uuid,text) to stockade_jobs;

-- inventory.claim_idempotency_key(text,bytea)
CREATE OR REPLACE FUNCTION inventory.claim_idempotency_key(p_key text, p_fingerprint bytea)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  -- No scope is required: every request may be recognized when it is retried.
  v_org_id uuid := tenancy.current_org();
  v_claimed inventory.idempotency_keys;
begin
  if v_org_id is null then
    raise exception 'no organization was entered in this transaction' using errcode = 'SK902';
  end if;
  loop
    -- Of two at once the second waits here until the first has ended, and then finds its answer.
    -- A key that is deleted between the insert and the select never existed: the loop tries again.
    insert into inventory.idempotency_keys (org_id, key, fingerprint)
    values (v_org_id, p_key, p_fingerprint)
    on conflict (org_id, key) do nothing;
    if found then
      return;
    end if;
    select * into v_claimed from inventory.idempotency_keys where org_id = v_org_id and key = p_key;
    exit when found;
  end loop;

  if v_claimed.fingerprint <> p_fingerprint then
    raise exception 'this idempotency key was used for another request' using errcode = 'SK205';
  end if;
  -- An exception, because it makes the server skip the statements that were sent after this one.
  raise exception 'this request was answered before' using errcode = 'SK200', detail = v_claimed.response;
end
$function$;
alter function inventory.claim_idempotency_key(text,bytea) owner to stockade_owner;
comment on function inventory.claim_idempotency_key(text,bytea) is
  'Claims an idempotency key for this transaction. p_fingerprint is the SHA-256 of the request. Raises SK200 with the stored response when the request was answered before, SK205 when the key was used for another one.';
revoke execute on function inventory.claim_idempotency_key(text,bytea) from public;
grant execute on function inventory.claim_idempotency_key(text,bytea) to stockade_api;

-- inventory.close_when_settled(uuid)
CREATE OR REPLACE FUNCTION inventory.close_when_settled(p_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  v_is_held boolean;
  v_is_committed boolean;
begin
  select bool_or(l.held > 0), bool_or(l.committed > 0)
  into v_is_held, v_is_committed
  from inventory.lines_of(p_id) as l;
  if not v_is_held then
    update inventory.reservations
    set state = case when v_is_committed then 'committed' else 'released' end,
        closed_at = clock_timestamp()
    where id = p_id;
  end if;
end
$function$;
alter function inventory.close_when_settled(uuid) owner to stockade_owner;
comment on function inventory.close_when_settled(uuid) is
  'Closes a reservation that holds nothing any more: it is committed if any of it was, otherwise released.';
revoke execute on function inventory.close_when_settled(uuid) from public;

-- inventory.commit_reservation(uuid,jsonb)
CREATE OR REPLACE FUNCTION inventory.commit_reservation(p_id uuid, p_commit jsonb)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_context constant text[] := tenancy.require_context('write');
  v_org_id constant uuid := v_context[2];
  v_reservation constant inventory.reservations := inventory.lock_reservation(p_id);
  v_parts constant numeric[] := inventory.settled_parts(p_id, p_commit -> 'lines');
  v_skus text[];
  v_codes text[];
  v_items uuid[];
  v_locations uuid[];
  v_lots text[];
  v_quantities numeric[];
  v_entry json;
begin
  select
    array_agg((select i.sku from inventory.items i where i.id = l.item_id) order by l.line),
    array_agg((select p.code from inventory.locations p where p.id = l.location_id) order by l.line),
    array_agg(l.item_id order by l.line), array_agg(l.location_id order by l.line), array_agg(l.lot order by l.line),
    array_agg(- part.quantity order by l.line)
  into v_skus, v_codes, v_items, v_locations, v_lots, v_quantities
  from unnest(v_parts) with ordinality as part (quantity, line)
  join inventory.reservation_lines l on l.reservation_id = p_id and l.line = part.line
  where part.quantity > 0;

  -- Before the issue: what it takes is not reserved any more, and nobody else can have it, because the balances are locked.
  update inventory.reservation_lines l
  set held = l.held - part.quantity,
      committed = l.committed + part.quantity
  from unnest(v_parts) with ordinality as part (quantity, line)
  where l.reservation_id = p_id and l.line = part.line and part.quantity > 0;

  v_entry := inventory.insert_entry(
    v_org_id, v_context[3], 'issue', coalesce(p_commit ->> 'reference', v_reservation.reference),
    (p_commit ->> 'occurredAt')::timestamptz, coalesce(p_commit -> 'metadata', v_reservation.metadata), null, v_skus, v_codes,
    v_items, v_locations, v_lots, v_quantities, array[]::bigint[]
  );
  insert into inventory.reservation_entries (org_id, reservation_id, entry_id)
  values (v_org_id, p_id, (v_entry ->> 'entryId')::uuid);
  perform inventory.close_when_settled(p_id);
  return json_build_object('reservation', inventory.show_reservation(p_id, clock_timestamp()), 'entry', v_entry);
end
$function$;
alter function inventory.commit_reservation(uuid,jsonb) owner to stockade_owner;
comment on function inventory.commit_reservation(uuid,jsonb) is
  'Issues what a reservation holds, all of it or the given lines: {reference?, occurredAt?, metadata?, lines?: [{sku, location, lot?, quantity}]}, quantities greater than zero. Without a reference or metadata, the issue has those of the reservation. Returns {reservation, entry}. Raises SK404 no such reservation, SK208 when it is not open any more, SK210 more than it holds; SK201 when the stock is not there, as after the item stopped being one that may go below zero; what inventory.read_lines() raises; 23514 a value out of its bounds; SK104 write scope missing.';
revoke execute on function inventory.commit_reservation(uuid,jsonb) from public;
grant execute on function inventory.commit_reservation(uuid,jsonb) to stockade_api;

-- inventory.correct_balance(uuid,uuid,integer,text)
CREATE OR REPLACE FUNCTION inventory.correct_balance(p_org_id uuid, p_run_id uuid, p_number integer, p_action text)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_entered uuid := tenancy.enter_as_job(p_org_id);
  v_found inventory.discrepancies;
  v_now record;
  v_action text;
begin
  if p_action is null or p_action not in ('corrected', 'applied') then
    raise exception 'a balance is corrected or applied, not %', p_action using errcode = '22023';
  end if;
  select * into v_found
  from inventory.discrepancies
  where org_id = p_org_id and run_id = p_run_id and number = p_number
  for update;
  if not found or v_found.item_id is null then
    raise exception 'the run % has no discrepancy % of a balance', p_run_id, p_number using errcode = 'SK602';
  end if;
  -- A run that was killed comes across discrepancies that it settled before.
  if v_found.action not in ('found', 'alerted') then
    return v_found.action;
  end if;
  if p_action = 'corrected' and exists (
    select
    from inventory.discrepancies d
    where d.org_id = p_org_id
      and d.item_id = v_found.item_id
      and d.location_id = v_found.location_id
      and d.lot = v_found.lot
      and d.action = 'corrected'
  ) then
    return 'recurring';
  end if;

  select * into strict v_now
  from inventory.hold_balances(p_org_id, array[v_found.item_id], array[v_found.location_id], array[v_found.lot]);
  if (v_now.stored_on_hand, v_now.stored_reserved, v_now.stored_version)
    = (v_now.computed_on_hand, v_now.computed_reserved, v_now.computed_version)
  then
    v_action := 'gone';
  elsif (
    v_now.stored_on_hand - v_now.computed_on_hand,
    v_now.stored_reserved - v_now.computed_reserved,
    v_now.stored_version - v_now.computed_version
  ) <> (
    coalesce(v_found.stored_on_hand, 0) - v_found.computed_on_hand,
    coalesce(v_found.stored_reserved, 0) - v_found.computed_reserved,
    coalesce(v_found.stored_version, 0) - v_found.computed_version
  ) then
    -- Postings change both sides alike. Anything else that happened here is not what was decided on.
    return 'changed';
  else
    v_action := p_action;
    update inventory.balances
    set on_hand = v_now.computed_on_hand,
        reserved = v_now.computed_reserved,
        version = v_now.computed_version
    where org_id = p_org_id
      and item_id = v_found.item_id
      and location_id = v_found.location_id
      and lot = v_found.lot;
  end if;

  update inventory.discrepancies
  set action = v_action,
      settled_at = clock_timestamp(),
      detail = detail || jsonb_build_object(
        'before', case when not v_now.was_missing then jsonb_build_object(
          'onHand', v_now.stored_on_hand, 'reserved', v_now.stored_reserved, 'version', v_now.stored_version
        ) end,
        'after', jsonb_build_object(
          'onHand', v_now.computed_on_hand, 'reserved', v_now.computed_reserved, 'version', v_now.computed_version
        )
      )
  where org_id = p_org_id and run_id = p_run_id and number = p_number;
  return v_action;
end
$function$;
alter function inventory.correct_balance(uuid,uuid,integer,text) owner to stockade_owner;
comment on function inventory.correct_balance(uuid,uuid,integer,text) is
  'Sets the balance of a discrepancy to what its history says, if it still differs by the same, and records that: one statement and so one transaction, in which the row is held only while the movements since the seal boundary are summed. p_action is corrected (by the policy) or applied (by a person). Returns the action; gone when it no longer differs, changed when it differs by something else, recurring when the key was corrected before: nothing is changed then. Raises SK404 no such organization, SK602 no such discrepancy, 25001 in a transaction that is not read committed.';
revoke execute on function inventory.correct_balance(uuid,uuid,integer,text) from public;
grant execute on function inventory.correct_balance(uuid,uuid,integer,text) to stockade_jobs;

-- inventory.count_expired_reservations()
CREATE OR REPLACE FUNCTION inventory.count_expired_reservations()
 RETURNS bigint
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
  select count(*) from inventory.reservations r where r.state = 'open' and r.expires_at <= now()
$function$;
alter function inventory.count_expired_reservations() owner to stockade_owner;
comment on function inventory.count_expired_reservations() is
  'How many reservations expire_reservations() would close of the organization that was entered.';
revoke execute on function inventory.count_expired_reservations() from public;
grant execute on function inventory.count_expired_reservations() to stockade_jobs;

-- inventory.count_forgettable(interval,interval)
CREATE OR REPLACE FUNCTION inventory.count_forgettable(p_keys_older_than interval, p_events_older_than interval)
 RETURNS TABLE(idempotency_keys bigint, security_events bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
  select
    (
      select count(*)
      from inventory.idempotency_keys
      where org_id = (select tenancy.current_org())
        and created_at < now() - p_keys_older_than
    ),
    (
      select count(*)
      from tenancy.security_events
      where org_id = (select tenancy.current_org())
        and minute < now() - p_events_older_than
    )
$function$;
alter function inventory.count_forgettable(interval,interval) owner to stockade_owner;
comment on function inventory.count_forgettable(interval,interval) is
  'How many rows forget_idempotency_keys() and tenancy.forget_security_events() would delete of the organization that was entered.';
revoke execute on function inventory.count_forgettable(interval,interval) from public;
grant execute on function inventory.count_forgettable(interval,interval) to stockade_jobs;

-- inventory.create_item(jsonb)
CREATE OR REPLACE FUNCTION inventory.create_item(p_item jsonb)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_item inventory.items;
begin
  perform inventory.hold_item_codes(p_item);
  insert into inventory.items (org_id, sku, name, unit, tracking, allow_negative, reorder_point, metadata)
  values (
    tenancy.require_scope('write'),
    p_item ->> 'sku',
    p_item ->> 'name',
    coalesce(p_item ->> 'unit', 'each'),
    coalesce(p_item ->> 'tracking', 'none'),
    coalesce((p_item ->> 'allowNegative')::boolean, false),
    inventory.require_reorder_point(p_item),
    coalesce(p_item -> 'metadata', '{}')
  )
  returning * into v_item;
  if p_item ? 'aliases' then
    perform inventory.add_item_aliases(v_item, inventory.read_aliases(p_item -> 'aliases', '{}'));
  end if;
  return inventory.item_json(v_item);
end
$function$;
alter function inventory.create_item(jsonb) owner to stockade_owner;
comment on function inventory.create_item(jsonb) is
  'Creates an item of the organization that was entered: {sku, aliases?, name, unit?, tracking?, allowNegative?, reorderPoint?, metadata?}, and returns it as the API shows it. Raises SK902 when no organization was entered, SK104 when the caller may not write, 23505 when the SKU is taken, SK206 when a code is a SKU and an alias, SK304 or 23514 for a value out of its bounds.';
revoke execute on function inventory.create_item(jsonb) from public;
grant execute on function inventory.create_item(jsonb) to stockade_api, stockade_jobs;

-- inventory.create_location(jsonb)
CREATE OR REPLACE FUNCTION inventory.create_location(p_location jsonb)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_location inventory.locations;
begin
  perform inventory.hold_location_codes(p_location);
  insert into inventory.locations (org_id, code, name, kind)
  values (
    tenancy.require_scope('write'),
    p_location ->> 'code',
    p_location ->> 'name',
    coalesce(p_location ->> 'kind', 'warehouse')
  )
  returning * into v_location;
  if p_location ? 'aliases' then
    perform inventory.add_location_aliases(v_location, inventory.read_aliases(p_location -> 'aliases', '{}'));
  end if;
  return inventory.location_json(v_location);
end
$function$;
alter function inventory.create_location(jsonb) owner to stockade_owner;
comment on function inventory.create_location(jsonb) is
  'Creates a location of the organization that was entered: {code, aliases?, name, kind?}, and returns it as the API shows it. Raises SK902 when no organization was entered, SK104 when the caller may not write, 23505 when the code is taken, SK206 when a code is an alias, SK304 or 23514 for a value out of its bounds.';
revoke execute on function inventory.create_location(jsonb) from public;
grant execute on function inventory.create_location(jsonb) to stockade_api, stockade_jobs;

-- inventory.current_codes(jsonb)
CREATE OR REPLACE FUNCTION inventory.current_codes(p_lines jsonb)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
  select jsonb_agg(
    line.value || jsonb_build_object(
      'sku', coalesce(item.sku, normalize(line.value ->> 'sku')),
      'location', coalesce(location.code, normalize(line.value ->> 'location'))
    )
    order by line.n
  )
  from jsonb_array_elements(p_lines) with ordinality as line (value, n)
  left join lateral (
    select i.sku
    from inventory.items i
    where i.org_id = (select tenancy.current_org()) and i.id = inventory.find_item(line.value ->> 'sku')
    limit 1
  ) as item on true
  left join lateral (
    select l.code
    from inventory.locations l
    where l.org_id = (select tenancy.current_org()) and l.id = inventory.find_location(line.value ->> 'location')
    limit 1
  ) as location on true
$function$;
alter function inventory.current_codes(jsonb) owner to stockade_owner;
comment on function inventory.current_codes(jsonb) is
  'The lines of an entry, each with the SKU and the code that its item and its location have now.';
revoke execute on function inventory.current_codes(jsonb) from public;
grant execute on function inventory.current_codes(jsonb) to stockade_ledger;

-- inventory.current_location_codes(uuid,text[])
CREATE OR REPLACE FUNCTION inventory.current_location_codes(p_org_id uuid, p_codes text[])
 RETURNS text[]
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
  select array_agg(coalesce(aliased.code, normalize(s.code)) order by s.n)
  from unnest(p_codes) with ordinality as s (code, n)
  left join lateral (
    select l.code
    from inventory.location_aliases a
    join inventory.locations l on l.org_id = a.org_id and l.id = a.location_id
    where a.org_id = p_org_id and a.alias in (s.code, normalize(s.code))
    order by a.alias <> s.code
    limit 1
  ) as aliased on true
$function$;
alter function inventory.current_location_codes(uuid,text[]) owner to stockade_owner;
comment on function inventory.current_location_codes(uuid,text[]) is
  'The codes of a batch in their normal form, with each alias replaced by the code that its location has now.';
revoke execute on function inventory.current_location_codes(uuid,text[]) from public;

-- inventory.current_skus(uuid,text[])
CREATE OR REPLACE FUNCTION inventory.current_skus(p_org_id uuid, p_skus text[])
 RETURNS text[]
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
  select array_agg(coalesce(aliased.sku, normalize(s.sku)) order by s.n)
  from unnest(p_skus) with ordinality as s (sku, n)
  left join lateral (
    select i.sku
    from inventory.item_aliases a
    join inventory.items i on i.org_id = a.org_id and i.id = a.item_id
    where a.org_id = p_org_id and a.alias in (s.sku, normalize(s.sku))
    order by a.alias <> s.sku
    limit 1
  ) as aliased on true
$function$;
alter function inventory.current_skus(uuid,text[]) owner to stockade_owner;
comment on function inventory.current_skus(uuid,text[]) is
  'The codes of a batch in their normal form, with each alias replaced by the SKU that its item has now.';
revoke execute on function inventory.current_skus(uuid,text[]) from public;

-- inventory.delete_item(text)
CREATE OR REPLACE FUNCTION inventory.delete_item(p_code text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_org_id constant uuid := tenancy.require_scope('write');
  v_id constant uuid := inventory.find_item(p_code);
begin
  delete from inventory.items where org_id = v_org_id and id = v_id;
  return case when found then v_id end;
end
$function$;
alter function inventory.delete_item(text) owner to stockade_owner;
comment on function inventory.delete_item(text) is
  'Deletes an item that has never had a movement, and returns its id; null when p_code names none. Raises SK902 when no organization was entered, SK104 when the caller may not write, 23503 when it has a balance.';
revoke execute on function inventory.delete_item(text) from public;
grant execute on function inventory.delete_item(text) to stockade_api;

-- inventory.delete_location(text)
CREATE OR REPLACE FUNCTION inventory.delete_location(p_code text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_org_id constant uuid := tenancy.require_scope('write');
  v_id constant uuid := inventory.find_location(p_code);
begin
  delete from inventory.locations where org_id = v_org_id and id = v_id;
  return case when found then v_id end;
end
$function$;
alter function inventory.delete_location(text) owner to stockade_owner;
comment on function inventory.delete_location(text) is
  'Deletes a location that has never had a movement, and returns its id; null when p_code names none. Raises SK902 when no organization was entered, SK104 when the caller may not write, 23503 when it has a balance.';
revoke execute on function inventory.delete_location(text) from public;
grant execute on function inventory.delete_location(text) to stockade_api;

-- inventory.draw_seal_boundary()
CREATE OR REPLACE FUNCTION inventory.draw_seal_boundary()
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET lock_timeout TO '25ms'
AS $function$
declare
  v_org_id constant uuid := tenancy.require_scope('write');
  -- A posting that has been under way for longer than this when a boundary is drawn is refused.
  v_longest_posting constant interval := '1 minute';
  v_newest uuid;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'a boundary is drawn in a read committed transaction, which sees what was committed before it'
      using errcode = '25001';
  end if;
  -- First of all, so that no sealer waits for another one while the writers wait for it.
  perform from inventory.seal_boundaries where org_id = v_org_id for update;
  perform pg_advisory_xact_lock(hashtextextended(v_org_id::text, 7325));
  select id into v_newest from inventory.entries where org_id = v_org_id order by id desc limit 1;
  if v_newest is null then
    return null;
  end if;
  insert into inventory.seal_boundaries as b (org_id, boundary, settled_through)
  values (v_org_id, v_newest, clock_timestamp() - v_longest_posting)
  on conflict (org_id) do update
    set boundary = greatest(b.boundary, excluded.boundary),
        settled_through = greatest(b.settled_through, excluded.settled_through)
  returning b.boundary into v_newest;
  -- The writers wait for this commit, so it does not wait for the disk. A seal is committed after it, to the same log.
  perform set_config('synchronous_commit', 'off', true);
  return v_newest;
end
$function$;
alter function inventory.draw_seal_boundary() owner to stockade_owner;
comment on function inventory.draw_seal_boundary() is
  'Closes the ledger of the organization that was entered up to its newest entry, and returns that entry; null when there is none. To be committed at once, in a transaction of its own: writers wait for it. Raises 55P03 when writers were not done within 25 ms (try again), SK902 when no organization was entered, SK104 when the caller may not write, 25001 in a transaction that is not read committed.';
revoke execute on function inventory.draw_seal_boundary() from public;
grant execute on function inventory.draw_seal_boundary() to stockade_jobs;

-- inventory.end_backfill(boolean)
CREATE OR REPLACE FUNCTION inventory.end_backfill(p_equal boolean)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_org_id constant uuid := tenancy.require_scope('write');
begin
  if p_equal then
    update inventory.balance_backfills set finished_at = clock_timestamp() where org_id = v_org_id and walked;
  else
    update inventory.balance_backfills
    set checkpoint = null, walked = false, keys = 0, movements = 0
    where org_id = v_org_id;
  end if;
end
$function$;
alter function inventory.end_backfill(boolean) owner to stockade_owner;
comment on function inventory.end_backfill(boolean) is
  'Ends a backfill after which every balance was found equal to its history; otherwise it begins again with the first key. Raises SK902 when no organization was entered.';
revoke execute on function inventory.end_backfill(boolean) from public;
grant execute on function inventory.end_backfill(boolean) to stockade_jobs;

-- inventory.expire_reservations(integer)
CREATE OR REPLACE FUNCTION inventory.expire_reservations(p_page integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
declare
  v_at constant timestamptz := clock_timestamp();
  v_ids uuid[];
  v_items uuid[];
  v_locations uuid[];
  v_lots text[];
begin
  perform tenancy.require_scope('write');
  -- One that somebody is just trying to commit is left for the next time.
  select array_agg(due.id)
  into v_ids
  from (
    select r.id
    from inventory.reservations r
    where r.state = 'open' and r.expires_at <= v_at
    order by r.expires_at, r.id
    limit p_page
    for update skip locked
  ) as due;
  if v_ids is null then
    return 0;
  end if;

  select array_agg(l.item_id), array_agg(l.location_id), array_agg(l.lot)
  into v_items, v_locations, v_lots
  from unnest(v_ids) as due (id)
  cross join lateral (
    select l.item_id, l.location_id, l.lot
    from inventory.reservation_lines l
    where l.reservation_id = due.id and l.held > 0
    offset 0
  ) as l;
  perform inventory.lock_balances(v_items, v_locations, v_lots);
  update inventory.reservation_lines l
  set held = 0,
      released = l.released + l.held
  from unnest(v_ids) as due (id)
  where l.reservation_id = due.id and l.held > 0;
  -- It was over then: what is read does not change.
  update inventory.reservations r
  set state = 'expired',
      closed_at = r.expires_at
  where r.id = any (v_ids);
  return cardinality(v_ids);
end
$function$;
alter function inventory.expire_reservations(integer) owner to stockade_owner;
comment on function inventory.expire_reservations(integer) is
  'Closes reservations of the organization that was entered that have expired, at most p_page of them, and returns how many. Nothing that a caller reads changes. Raises SK902 when no organization was entered, SK104 write scope missing.';
revoke execute on function inventory.expire_reservations(integer) from public;
grant execute on function inventory.expire_reservations(integer) to stockade_jobs;

-- inventory.expired_holds(uuid,uuid,uuid,text,timestamp with time zone)
CREATE OR REPLACE FUNCTION inventory.expired_holds(p_org_id uuid, p_item_id uuid, p_location_id uuid, p_lot text, p_at timestamp with time zone)
 RETURNS numeric
 LANGUAGE plpgsql
 STABLE
AS $function$
begin
  return (
    select coalesce(sum(l.held), 0)
    from inventory.reservation_lines l
    where l.org_id = p_org_id
      and l.item_id = p_item_id
      and l.location_id = p_location_id
      and l.lot = p_lot
      and l.held > 0
      and l.expires_at <= p_at
  );
end
$function$;
alter function inventory.expired_holds(uuid,uuid,uuid,text,timestamp with time zone) owner to stockade_ledger;
comment on function inventory.expired_holds(uuid,uuid,uuid,text,timestamp with time zone) is
  'How much of what a balance counts as reserved has expired at an instant.';
revoke execute on function inventory.expired_holds(uuid,uuid,uuid,text,timestamp with time zone) from public;
grant execute on function inventory.expired_holds(uuid,uuid,uuid,text,timestamp with time zone) to stockade_owner;

-- inventory.extend_reservation(uuid,timestamp with time zone)
CREATE OR REPLACE FUNCTION inventory.extend_reservation(p_id uuid, p_expires_at timestamp with time zone)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_expires_at constant timestamptz(3) := coalesce(p_expires_at, 'infinity');
begin
  perform tenancy.require_scope('write');
  perform inventory.lock_reservation(p_id);
  perform inventory.require_future(p_expires_at);
  -- The lines follow by their key.
  update inventory.reservations set expires_at = v_expires_at where id = p_id;
  return inventory.show_reservation(p_id, clock_timestamp());
end
$function$;
alter function inventory.extend_reservation(uuid,timestamp with time zone) owner to stockade_owner;
comment on function inventory.extend_reservation(uuid,timestamp with time zone) is
  'Sets when a reservation expires, later or earlier; with null it never does. Returns the reservation. Raises SK404 no such reservation, SK208 when it is not open any more, SK301 an end that is not in the future, SK304 one that is out of bounds, SK104 write scope missing.';
revoke execute on function inventory.extend_reservation(uuid,timestamp with time zone) from public;
grant execute on function inventory.extend_reservation(uuid,timestamp with time zone) to stockade_api;

-- inventory.find_import_items(uuid,text[],jsonb)
CREATE OR REPLACE FUNCTION inventory.find_import_items(p_org_id uuid, p_skus text[], p_options jsonb, OUT item_ids uuid[], OUT tracking text[], OUT allow_negative boolean[])
 RETURNS record
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
  select
    array_agg(i.id order by s.n),
    array_agg(coalesce(i.tracking, p_options ->> 'tracking') order by s.n),
    array_agg(coalesce(i.allow_negative, (p_options ->> 'allowNegative')::boolean) order by s.n)
  from unnest(p_skus) with ordinality as s (sku, n)
  left join inventory.items i on i.org_id = p_org_id and i.sku = s.sku
$function$;
alter function inventory.find_import_items(uuid,text[],jsonb) owner to stockade_owner;
comment on function inventory.find_import_items(uuid,text[],jsonb) is
  'The items of a batch, in its order: the id (null when there is no such item), tracking, and whether it may go below zero. A missing item has the settings that it would be created with.';
revoke execute on function inventory.find_import_items(uuid,text[],jsonb) from public;

-- inventory.find_import_locations(uuid,text[])
CREATE OR REPLACE FUNCTION inventory.find_import_locations(p_org_id uuid, p_codes text[])
 RETURNS uuid[]
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
  select array_agg(l.id order by s.n)
  from unnest(p_codes) with ordinality as s (code, n)
  left join inventory.locations l on l.org_id = p_org_id and l.code = s.code
$function$;
alter function inventory.find_import_locations(uuid,text[]) owner to stockade_owner;
comment on function inventory.find_import_locations(uuid,text[]) is
  'The ids of the locations of a batch, in its order; null when there is no such location.';
revoke execute on function inventory.find_import_locations(uuid,text[]) from public;

-- inventory.find_item(text)
CREATE OR REPLACE FUNCTION inventory.find_item(p_code text)
 RETURNS uuid
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
declare
  v_org_id constant uuid := tenancy.current_org();
  v_id uuid;
begin
  if p_code ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$' then
    select id into v_id from inventory.items where org_id = v_org_id and id = p_code::uuid;
  else
    select id into v_id from inventory.items where org_id = v_org_id and sku = p_code;
  end if;
  if v_id is null then
    select item_id into v_id from inventory.item_aliases where org_id = v_org_id and alias = p_code;
  end if;
  -- An alias may have another form. What has none is compared in the normal form, as codes are stored.
  if v_id is null and p_code is not nfc normalized then
    return inventory.find_item(normalize(p_code));
  end if;
  return v_id;
end
$function$;
alter function inventory.find_item(text) owner to stockade_owner;
comment on function inventory.find_item(text) is
  'The id of the item that a SKU, an alias or an id names, in the organization that was entered; null when there is none.';
revoke execute on function inventory.find_item(text) from public;
grant execute on function inventory.find_item(text) to stockade_ledger;

-- inventory.find_location(text)
CREATE OR REPLACE FUNCTION inventory.find_location(p_code text)
 RETURNS uuid
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
declare
  v_org_id constant uuid := tenancy.current_org();
  v_id uuid;
begin
  if p_code ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$' then
    select id into v_id from inventory.locations where org_id = v_org_id and id = p_code::uuid;
  else
    select id into v_id from inventory.locations where org_id = v_org_id and code = p_code;
  end if;
  if v_id is null then
    select location_id into v_id from inventory.location_aliases where org_id = v_org_id and alias = p_code;
  end if;
  -- An alias may have another form. What has none is compared in the normal form, as codes are stored.
  if v_id is null and p_code is not nfc normalized then
    return inventory.find_location(normalize(p_code));
  end if;
  return v_id;
end
$function$;
alter function inventory.find_location(text) owner to stockade_owner;
comment on function inventory.find_location(text) is
  'The id of the location that a code, an alias or an id names, in the organization that was entered; null when there is none.';
revoke execute on function inventory.find_location(text) from public;
grant execute on function inventory.find_location(text) to stockade_ledger;

-- inventory.finish_reconciliation(uuid,jsonb)
CREATE OR REPLACE FUNCTION inventory.finish_reconciliation(p_lease uuid, p_outcome jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_state inventory.reconciliation_state := inventory.leased_state(p_lease);
  v_status constant text := p_outcome ->> 'status';
begin
  -- Without a status it is only given back: the run continues with the next lease.
  if v_status is not null then
    update inventory.reconciliation_runs r
    set status = v_status,
        finished_at = clock_timestamp(),
        error = p_outcome ->> 'error',
        lag_seconds = (p_outcome ->> 'lagSeconds')::numeric,
        corrected = (
          select count(*) from inventory.discrepancies d
          where d.org_id = r.org_id and d.run_id = r.id and d.action = 'corrected'
        ),
        alerted = (
          select count(*) from inventory.discrepancies d
          where d.org_id = r.org_id and d.run_id = r.id and d.action = 'alerted'
        )
    where r.org_id = v_state.org_id and r.id = v_state.run_id;
  end if;
  update inventory.reconciliation_state
  set lease = null,
      leased_until = null,
      -- No outcome keeps a ledger from its next run for longer than two days.
      due_at = clock_timestamp() + least(coalesce((p_outcome ->> 'dueInSeconds')::numeric, 0), 172800) * interval '1 second',
      -- Taking it has counted it as failed.
      failures = case v_status when 'failed' then failures else 0 end,
      -- After a success the next failure is a new one, which people must hear about.
      failure_told_at = case when v_status = 'finished' then null else failure_told_at end,
      next_bucket = coalesce((p_outcome ->> 'nextBucket')::integer, next_bucket),
      compared_through = coalesce(
        (
          select r.compared_through
          from inventory.reconciliation_runs r
          where r.org_id = v_state.org_id and r.id = v_state.run_id and r.status = 'finished' and r.found = 0
        ),
        compared_through
      ),
      proven_at = coalesce(
        (
          select r.started_at
          from inventory.reconciliation_runs r
          where r.org_id = v_state.org_id and r.id = v_state.run_id and r.status = 'finished' and r.found = 0
        ),
        proven_at
      ),
      run_id = case when v_status is null then run_id end,
      checkpoint = case when v_status is null then checkpoint end
  where org_id = v_state.org_id;
end
$function$;
alter function inventory.finish_reconciliation(uuid,jsonb) owner to stockade_owner;
comment on function inventory.finish_reconciliation(uuid,jsonb) is
  'Gives the organization that was entered back: {status?, error?, lagSeconds?, dueInSeconds?, nextBucket?}. With a status (finished, failed) its run is over; without one it continues with the next lease. Raises SK601 when the lease is not held any more, SK902 when no organization was entered.';
revoke execute on function inventory.finish_reconciliation(uuid,jsonb) from public;
grant execute on function inventory.finish_reconciliation(uuid,jsonb) to stockade_jobs;

-- inventory.first_positions(text[],integer[])
CREATE OR REPLACE FUNCTION inventory.first_positions(p_codes text[], p_line_codes integer[])
 RETURNS integer[]
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
  select array_agg(array_position(p_codes, p_codes[line.code]) order by line.n)
  from unnest(p_line_codes) with ordinality as line (code, n)
$function$;
alter function inventory.first_positions(text[],integer[]) owner to stockade_owner;
comment on function inventory.first_positions(text[],integer[]) is
  'The positions that lines have in a list of codes, with the first one for a code that is in the list more than once.';
revoke execute on function inventory.first_positions(text[],integer[]) from public;

-- inventory.forget_idempotency_keys(interval,text,integer)
CREATE OR REPLACE FUNCTION inventory.forget_idempotency_keys(p_older_than interval, p_after text, p_page integer)
 RETURNS TABLE(examined integer, forgotten integer, last_key text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_org_id constant uuid := tenancy.require_scope('write');
begin
  -- Instants are compared: an interval of months and days may be longer than 24 hours and still lead into the future.
  if (now() - p_older_than <= now() - interval '24 hours') is not true then
    raise exception 'idempotency keys are kept for 24 hours at least, not for %', p_older_than using errcode = '22023';
  end if;
  -- It walks along the primary key: an index on the age would cost every request that carries a key.
  return query
  with page as (
    select k.key, k.created_at
    from inventory.idempotency_keys k
    where k.org_id = v_org_id
      and k.key > p_after
    order by k.key
    limit p_page
  ),
  gone as (
    delete from inventory.idempotency_keys k
    where k.org_id = v_org_id
      -- A list, not a join: a join could be planned the other way round, and read all keys for each of the page.
      and k.key = any (array(select page.key from page where page.created_at < now() - p_older_than))
    returning 1
  )
  select count(*)::integer, (select count(*)::integer from gone), max(page.key)
  from page;
end
$function$;
alter function inventory.forget_idempotency_keys(interval,text,integer) owner to stockade_owner;
comment on function inventory.forget_idempotency_keys(interval,text,integer) is
  'Looks at the next p_page idempotency keys after p_after of the organization that was entered, and deletes those older than p_older_than. Returns how many it examined and deleted, and the last key, from which to go on; none examined is the end. Raises 22023 when p_older_than is less than 24 hours.';
revoke execute on function inventory.forget_idempotency_keys(interval,text,integer) from public;
grant execute on function inventory.forget_idempotency_keys(interval,text,integer) to stockade_jobs;

-- inventory.get_entry(uuid)
CREATE OR REPLACE FUNCTION inventory.get_entry(p_id uuid)
 RETURNS json
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
begin
  return (
    select json_build_object(
      'entryId', e.id,
      'kind', e.kind,
      'reference', e.reference,
      'occurredAt', inventory.iso(e.occurred_at),
      'recordedAt', inventory.iso(e.recorded_at),
      'actor', e.actor,
      'metadata', e.metadata,
      'reverses', e.reverses,
      'reversedBy', (select r.id from inventory.entries r where r.org_id = e.org_id and r.reverses = e.id),
      'lines', (
        select json_agg(
          json_build_object(
            'movementId', m.entry_id || '.' || m.line,
            'sku', (select i.sku from inventory.items i where i.org_id = m.org_id and i.id = m.item_id),
            'location', (select l.code from inventory.locations l where l.org_id = m.org_id and l.id = m.location_id),
            'lot', nullif(m.lot, ''),
            'quantity', m.quantity
          )
          order by m.line
        )
        from inventory.movements m
        where m.org_id = e.org_id and m.entry_id = e.id
      )
    )
    from inventory.entries e
    where e.id = p_id
  );
end
$function$;
alter function inventory.get_entry(uuid) owner to stockade_owner;
comment on function inventory.get_entry(uuid) is
  'An entry of the organization that was entered, as the API shows it; null when there is no such entry.';
revoke execute on function inventory.get_entry(uuid) from public;
grant execute on function inventory.get_entry(uuid) to stockade_api;

-- inventory.get_item(text)
CREATE OR REPLACE FUNCTION inventory.get_item(p_name text)
 RETURNS json
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_id constant uuid := inventory.find_item(p_name);
begin
  return (select inventory.item_json(t) from inventory.items t where t.id = v_id);
end
$function$;
alter function inventory.get_item(text) owner to stockade_owner;
comment on function inventory.get_item(text) is
  'An item of the organization that was entered, as the API shows it; null when p_name names none.';
revoke execute on function inventory.get_item(text) from public;
grant execute on function inventory.get_item(text) to stockade_api;

-- inventory.get_location(text)
CREATE OR REPLACE FUNCTION inventory.get_location(p_name text)
 RETURNS json
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_id constant uuid := inventory.find_location(p_name);
begin
  return (select inventory.location_json(t) from inventory.locations t where t.id = v_id);
end
$function$;
alter function inventory.get_location(text) owner to stockade_owner;
comment on function inventory.get_location(text) is
  'A location of the organization that was entered, as the API shows it; null when p_name names none.';
revoke execute on function inventory.get_location(text) from public;
grant execute on function inventory.get_location(text) to stockade_api;

-- inventory.get_reservation(uuid)
CREATE OR REPLACE FUNCTION inventory.get_reservation(p_id uuid)
 RETURNS json
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
begin
  return inventory.show_reservation(p_id, now());
end
$function$;
alter function inventory.get_reservation(uuid) owner to stockade_owner;
comment on function inventory.get_reservation(uuid) is
  'A reservation of the organization that was entered, as the API shows it; null when there is no such reservation.';
revoke execute on function inventory.get_reservation(uuid) from public;
grant execute on function inventory.get_reservation(uuid) to stockade_api;

-- inventory.greatest_quantity()
CREATE OR REPLACE FUNCTION inventory.greatest_quantity()
 RETURNS numeric
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select 99999999999.9999
$function$;
alter function inventory.greatest_quantity() owner to stockade_owner;
comment on function inventory.greatest_quantity() is
  'The greatest quantity: fifteen digits, four of them decimals, which is what the type of every quantity, numeric(15,4), holds.';
revoke execute on function inventory.greatest_quantity() from public;
grant execute on function inventory.greatest_quantity() to stockade_ledger;

-- inventory.has_sign(text,numeric)
CREATE OR REPLACE FUNCTION inventory.has_sign(p_kind text, p_quantity numeric)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select inventory.kind_sign(p_kind) = 0 or inventory.kind_sign(p_kind) = sign(p_quantity)
$function$;
alter function inventory.has_sign(text,numeric) owner to stockade_owner;
comment on function inventory.has_sign(text,numeric) is
  'Whether a quantity has the sign that an entry of this kind takes.';
revoke execute on function inventory.has_sign(text,numeric) from public;
grant execute on function inventory.has_sign(text,numeric) to stockade_ledger;

-- inventory.held_quantities(uuid)
CREATE OR REPLACE FUNCTION inventory.held_quantities(p_org_id uuid)
 RETURNS TABLE(item_id uuid, location_id uuid, lot text, quantity numeric)
 LANGUAGE sql
 STABLE
AS $function$
  select l.item_id, l.location_id, l.lot, sum(l.held)
  from inventory.reservation_lines l
  where l.org_id = p_org_id
    and l.held > 0
  group by l.item_id, l.location_id, l.lot
$function$;
alter function inventory.held_quantities(uuid) owner to stockade_owner;
comment on function inventory.held_quantities(uuid) is
  'The quantity of each item, location and lot that is held for somebody, and therefore must be reserved in its balance: also by holds that have expired and are not closed yet.';
revoke execute on function inventory.held_quantities(uuid) from public;
grant execute on function inventory.held_quantities(uuid) to stockade_jobs;

-- inventory.hold_balances(uuid,uuid[],uuid[],text[])
CREATE OR REPLACE FUNCTION inventory.hold_balances(p_org_id uuid, p_items uuid[], p_locations uuid[], p_lots text[])
 RETURNS TABLE(n bigint, was_missing boolean, stored_on_hand numeric, stored_reserved numeric, stored_version bigint, computed_on_hand numeric, computed_reserved numeric, computed_version bigint)
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
#variable_conflict use_column
declare
  v_boundary uuid;
  v_on_hand numeric[];
  v_version bigint[];
  v_made bigint[];
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'a balance is derived in a read committed transaction, which sees what was committed before it was held'
      using errcode = '25001';
  end if;
  select boundary into v_boundary from inventory.seal_boundaries where org_id = p_org_id;
  v_boundary := coalesce(v_boundary, '00000000-0000-0000-0000-000000000000');

  select array_agg(coalesce(history.on_hand, 0) order by k.n), array_agg(history.version order by k.n)
  into v_on_hand, v_version
  from unnest(p_items, p_locations, p_lots) with ordinality as k (item_id, location_id, lot, n)
  cross join lateral (
    select sum(m.quantity) as on_hand, count(*) as version
    from inventory.movements m
    where m.org_id = p_org_id
      and m.item_id = k.item_id
      and m.location_id = k.location_id
      and m.lot = k.lot
      and m.entry_id <= v_boundary
  ) as history;

  -- In key order, as the trigger does, so that the two cannot deadlock. A row that exists is locked and not changed.
  with made as (
    insert into inventory.balances as b (org_id, item_id, location_id, lot, on_hand, version)
    select p_org_id, k.item_id, k.location_id, k.lot, 0, 0
    from unnest(p_items, p_locations, p_lots) as k (item_id, location_id, lot)
    order by k.item_id, k.location_id, k.lot
    on conflict (org_id, item_id, location_id, lot) do update
      set version = b.version
      where false
    returning b.item_id, b.location_id, b.lot
  )
  select array_agg(k.n)
  into v_made
  from unnest(p_items, p_locations, p_lots) with ordinality as k (item_id, location_id, lot, n)
  join made using (item_id, location_id, lot);

  -- A statement of its own: it sees everything that was committed until the rows were locked.
  return query
  select
    k.n,
    coalesce(k.n = any (v_made), false),
    b.on_hand::numeric,
    b.reserved::numeric,
    b.version,
    v_on_hand[k.n] + coalesce(tail.on_hand, 0),
    holds.reserved,
    v_version[k.n] + tail.version
  from unnest(p_items, p_locations, p_lots) with ordinality as k (item_id, location_id, lot, n)
  join inventory.balances b
    on b.org_id = p_org_id and b.item_id = k.item_id and b.location_id = k.location_id and b.lot = k.lot
  cross join lateral (
    select sum(m.quantity) as on_hand, count(*) as version
    from inventory.movements m
    where m.org_id = p_org_id
      and m.item_id = k.item_id
      and m.location_id = k.location_id
      and m.lot = k.lot
      and m.entry_id > v_boundary
  ) as tail
  cross join lateral (
    select coalesce(sum(l.held), 0) as reserved
    from inventory.reservation_lines l
    where l.org_id = p_org_id
      and l.item_id = k.item_id
      and l.location_id = k.location_id
      and l.lot = k.lot
      and l.held > 0
  ) as holds;
end
$function$;
alter function inventory.hold_balances(uuid,uuid[],uuid[],text[]) owner to stockade_owner;
comment on function inventory.hold_balances(uuid,uuid[],uuid[],text[]) is
  'Locks the balances of some keys and derives them from history: what is stored and what is computed, for each. Movements up to the seal boundary cannot change any more and are summed before anything is locked, so a writer waits only for the short rest. A key without a row gets a row of zeros. Raises 25001 in a transaction that is not read committed.';
revoke execute on function inventory.hold_balances(uuid,uuid[],uuid[],text[]) from public;

-- inventory.hold_batch_balances(uuid,jsonb)
CREATE OR REPLACE FUNCTION inventory.hold_batch_balances(p_org_id uuid, p_entries jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  perform
  from (
    -- Subselects: of two joins, either could be planned first.
    select distinct
      (select i.id from inventory.items i where i.org_id = p_org_id and i.sku = line.sku) as item_id,
      (select l.id from inventory.locations l where l.org_id = p_org_id and l.code = line.location) as location_id,
      coalesce(line.lot, '') as lot
    from jsonb_array_elements(p_entries) as e (value)
    cross join lateral jsonb_to_recordset(e.value -> 'lines') as line (sku text, location text, lot text)
    order by 1, 2, 3
  ) as k
  cross join lateral (
    select
    from inventory.balances b
    where b.org_id = p_org_id and b.item_id = k.item_id and b.location_id = k.location_id and b.lot = k.lot
    for update
  ) as b;
end
$function$;
alter function inventory.hold_batch_balances(uuid,jsonb) owner to stockade_ledger;
comment on function inventory.hold_batch_balances(uuid,jsonb) is
  'Locks the balances of a batch in the order of the trigger on movements, before its entries are posted one after the other in an order of their own. Items and locations are named by their codes. A balance that does not exist yet is not among them: two such batches may deadlock, and one of them runs again.';
revoke execute on function inventory.hold_batch_balances(uuid,jsonb) from public;

-- inventory.hold_import_balances(uuid,uuid[],uuid[],integer[],integer[],text[],text[])
CREATE OR REPLACE FUNCTION inventory.hold_import_balances(p_org_id uuid, p_item_ids uuid[], p_location_ids uuid[], p_line_skus integer[], p_line_locations integer[], p_lots text[], p_reasons text[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  -- In the order of the trigger on movements. Taking only some of them first could meet a posting that takes all, and
  -- deadlock.
  insert into inventory.balances as b (org_id, item_id, location_id, lot, on_hand, version)
  select distinct p_org_id, p_item_ids[line.sku], p_location_ids[line.location], line.lot, 0, 0
  from unnest(p_line_skus, p_line_locations, p_lots, p_reasons) as line (sku, location, lot, reason)
  where line.reason is null
  order by 2, 3, 4
  on conflict (org_id, item_id, location_id, lot) do update
    set version = b.version;
end
$function$;
alter function inventory.hold_import_balances(uuid,uuid[],uuid[],integer[],integer[],text[],text[]) owner to stockade_owner;
comment on function inventory.hold_import_balances(uuid,uuid[],uuid[],integer[],integer[],text[],text[]) is
  'Locks every balance of a batch until the trigger has applied it; a balance that does not exist yet is created with zeros.';
revoke execute on function inventory.hold_import_balances(uuid,uuid[],uuid[],integer[],integer[],text[],text[]) from public;

-- inventory.hold_item_codes(jsonb)
CREATE OR REPLACE FUNCTION inventory.hold_item_codes(p_item jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_lock constant bigint := hashtextextended(tenancy.require_scope('write')::text, 7326);
begin
  if p_item ? 'aliases' then
    perform pg_advisory_xact_lock(v_lock);
  else
    perform pg_advisory_xact_lock_shared(v_lock);
  end if;
end
$function$;
alter function inventory.hold_item_codes(jsonb) owner to stockade_owner;
comment on function inventory.hold_item_codes(jsonb) is
  'Takes the lock of the organization that writing an item needs, before any row is locked: alone when aliases are given. Raises SK902 when no organization was entered, SK104 when the caller may not write.';
revoke execute on function inventory.hold_item_codes(jsonb) from public;

-- inventory.hold_location_codes(jsonb)
CREATE OR REPLACE FUNCTION inventory.hold_location_codes(p_location jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_lock constant bigint := hashtextextended(tenancy.require_scope('write')::text, 7327);
begin
  if p_location ? 'aliases' then
    perform pg_advisory_xact_lock(v_lock);
  else
    perform pg_advisory_xact_lock_shared(v_lock);
  end if;
end
$function$;
alter function inventory.hold_location_codes(jsonb) owner to stockade_owner;
comment on function inventory.hold_location_codes(jsonb) is
  'Takes the lock of the organization that writing a location needs, before any row is locked: alone when aliases are given. Raises SK902 when no organization was entered, SK104 when the caller may not write.';
revoke execute on function inventory.hold_location_codes(jsonb) from public;

-- inventory.import_batch(bytea,bytea,text,jsonb,text[],text[],text[],text[],text[],text[],bigint[],integer[],integer[],integer[],text[],numeric[])
CREATE OR REPLACE FUNCTION inventory.import_batch(p_file_digest bytea, p_profile_digest bytea, p_file_name text, p_options jsonb, p_skus text[], p_names text[], p_locations text[], p_kinds text[], p_references text[], p_times text[], p_lines bigint[], p_line_entries integer[], p_line_skus integer[], p_line_locations integer[], p_lots text[], p_quantities numeric[])
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  -- A trial reports what would happen and writes nothing: it runs in a read-only transaction.
  v_trial constant boolean := (p_options ->> 'trial')::boolean;
  v_create constant boolean := (p_options ->> 'createMissing')::boolean;
  v_retry constant boolean := (p_options ->> 'retryRejects')::boolean;
  -- The names that only an alias can be, each with the reason.
  v_malformed_items constant jsonb := p_options -> 'malformed' -> 'items';
  v_malformed_locations constant jsonb := p_options -> 'malformed' -> 'locations';
  -- A trial may be for an organization that does not exist yet: then none is entered, and nothing is found.
  v_org_id constant uuid := case when v_trial then tenancy.current_org() else tenancy.require_scope('write') end;
  v_import inventory.imports;
  -- Arrays of their own, not fields of a record: only in a variable is an element found without counting.
  v_item_ids uuid[];
  v_tracking text[];
  v_allow_negative boolean[];
  v_location_ids uuid[];
  v_skus text[] := p_skus;
  v_codes text[] := p_locations;
  -- Of each line: null when it is to be applied, '' when it was settled before, else why it is rejected.
  v_reasons text[];
  v_missing_items text[];
  v_missing_names text[];
  v_missing_locations text[];
  v_items_created bigint := 0;
  v_locations_created bigint := 0;
  v_watch_all boolean := v_trial;
  v_held boolean := false;
  v_refusals text[];
  v_moved jsonb;
  v_entries bigint := 0;
  v_applied bigint := 0;
  v_rejected json;
begin
  -- A line of a file has one location, and a transfer has two.
  perform inventory.require_kinds(p_kinds, array_remove(inventory.postable_kinds(), 'transfer'));
  if exists (
    select from unnest(p_line_entries, p_quantities) as line (entry, quantity)
    where not inventory.has_sign(p_kinds[line.entry], line.quantity)
  ) then
    raise exception 'a line of an import has the wrong sign for its kind' using errcode = 'SK303';
  end if;
  if exists (select from unnest(p_quantities) as line (quantity) where inventory.is_exact(line.quantity) is not true) then
    raise exception 'a line of an import has a quantity that would be rounded' using errcode = 'SK304',
      detail = json_build_array(json_build_object(
        'field', 'quantity', 'message', 'must be a number of at most fifteen digits, four of them decimals'
      ));
  end if;
  if exists (select from tenancy.organizations where id = v_org_id and status <> 'active') then
    raise exception 'this organization is suspended' using errcode = 'SK103';
  end if;

  if not v_trial then
    perform inventory.begin_import_file(v_org_id, p_file_digest, p_profile_digest, p_file_name);
  end if;
  select * into v_import
  from inventory.imports
  where org_id = v_org_id and file_digest = p_file_digest and profile_digest = p_profile_digest;

  select * into v_item_ids, v_tracking, v_allow_negative
  from inventory.find_import_items(v_org_id, v_skus, p_options);
  v_location_ids := inventory.find_import_locations(v_org_id, v_codes);
  -- What has no such SKU or code may be an alias or another normal form. Lines that name one item twice get one position.
  -- What is missing then stays so: nobody gives its code to something else before it is created.
  if array_position(v_item_ids, null) is not null then
    if v_create and not v_trial then
      perform inventory.hold_item_codes('{}');
    end if;
    v_skus := inventory.current_skus(v_org_id, p_skus);
    if v_skus <> p_skus then
      p_line_skus := inventory.first_positions(v_skus, p_line_skus);
    end if;
    -- Also what others have created before the lock was there.
    select * into v_item_ids, v_tracking, v_allow_negative
    from inventory.find_import_items(v_org_id, v_skus, p_options);
  end if;
  if array_position(v_location_ids, null) is not null then
    if v_create and not v_trial then
      perform inventory.hold_location_codes('{}');
    end if;
    v_codes := inventory.current_location_codes(v_org_id, p_locations);
    if v_codes <> p_locations then
      p_line_locations := inventory.first_positions(v_codes, p_line_locations);
    end if;
    v_location_ids := inventory.find_import_locations(v_org_id, v_codes);
  end if;
  if v_skus <> p_skus or v_codes <> p_locations then
    -- What a trial has moved is named by the codes of the file.
    p_options := p_options || jsonb_build_object('moved', (
      select coalesce(
        jsonb_agg(distinct moved.value || jsonb_build_object(
          'sku', v_skus[array_position(p_skus, moved.value ->> 'sku')],
          'location', v_codes[array_position(p_locations, moved.value ->> 'location')]
        )),
        '[]'
      )
      from jsonb_array_elements(p_options -> 'moved') as moved (value)
    ));
  end if;

  select array_agg(
    case
      when line.line <= v_import.lines_through
        and not (
          v_retry
          and exists (
            select from inventory.import_rejects r
            where r.org_id = v_org_id and r.import_id = v_import.id and r.line = line.line
          )
        )
        then ''
      when v_item_ids[line.sku] is null and (not v_create or v_malformed_items ? p_skus[line.sku])
        then coalesce(v_malformed_items ->> p_skus[line.sku], inventory.no_such_item(p_skus[line.sku]))
      when v_location_ids[line.location] is null and (not v_create or v_malformed_locations ? p_locations[line.location])
        then coalesce(
          v_malformed_locations ->> p_locations[line.location],
          inventory.no_such_location(p_locations[line.location])
        )
      else coalesce(
        inventory.lot_fault(v_tracking[line.sku], line.lot),
        'the time ' || inventory.ahead_fault(p_times[line.entry]::timestamp at time zone (p_options ->> 'timeZone'))
      )
    end
    order by line.n
  )
  into v_reasons
  from unnest(p_lines, p_line_entries, p_line_skus, p_line_locations, p_lots)
    with ordinality as line (line, entry, sku, location, lot, n);

  if v_create and array_position(v_item_ids, null) is not null then
    select array_agg(v_skus[missing.sku]), array_agg(p_names[missing.sku])
    into v_missing_items, v_missing_names
    from (
      select distinct line.sku
      from unnest(p_line_skus, v_reasons) as line (sku, reason)
      where reason is null and v_item_ids[line.sku] is null
    ) as missing;
    if not v_trial then
      v_items_created := inventory.make_import_items(v_org_id, v_missing_items, v_missing_names, p_options);
      select * into v_item_ids, v_tracking, v_allow_negative
      from inventory.find_import_items(v_org_id, v_skus, p_options);
    end if;
  end if;

  if v_create and array_position(v_location_ids, null) is not null then
    select array_agg(v_codes[missing.location])
    into v_missing_locations
    from (
      select distinct line.location
      from unnest(p_line_locations, v_reasons) as line (location, reason)
      where reason is null and v_location_ids[line.location] is null
    ) as missing;
    if not v_trial then
      v_locations_created := inventory.make_import_locations(v_org_id, v_missing_locations);
      v_location_ids := inventory.find_import_locations(v_org_id, v_codes);
    end if;
  end if;

  loop
    -- Only items that may not go negative can refuse an entry; all are watched once a balance has overflowed.
    if v_watch_all or exists (
      select from unnest(p_line_skus, p_quantities, v_reasons) as line (sku, quantity, reason)
      where reason is null and quantity < 0 and not v_allow_negative[line.sku]
    ) then
      if not v_trial then
        perform inventory.hold_import_balances(
          v_org_id, v_item_ids, v_location_ids, p_line_skus, p_line_locations, p_lots, v_reasons
        );
        v_held := true;
      end if;

      select refused.refusals, refused.moved
      into v_refusals, v_moved
      from (
        select
          array_agg(line.entry order by n) as entries,
          array_agg(line.sku order by n) as skus,
          array_agg(line.location order by n) as locations,
          array_agg(line.lot order by n) as lots,
          array_agg(line.quantity order by n) as quantities
        from unnest(p_line_entries, p_line_skus, p_line_locations, p_lots, p_quantities, v_reasons)
          with ordinality as line (entry, sku, location, lot, quantity, reason, n)
        where line.reason is null and (v_watch_all or not v_allow_negative[line.sku])
      ) as watched
      cross join lateral inventory.import_refusals(
        v_org_id, p_options, cardinality(p_kinds), v_skus, v_item_ids, v_allow_negative,
        v_codes, v_location_ids, watched.entries, watched.skus, watched.locations, watched.lots, watched.quantities
      ) as refused;
      select array_agg(coalesce(line.reason, v_refusals[line.entry]) order by n)
      into v_reasons
      from unnest(p_line_entries, v_reasons) with ordinality as line (entry, reason, n);
    end if;

    select count(distinct line.entry), count(*)
    into v_entries, v_applied
    from unnest(p_line_entries, v_reasons) as line (entry, reason)
    where line.reason is null;
    exit when v_trial or v_applied = 0;

    begin
      perform inventory.post_import_entries(
        v_org_id, v_import.id, p_options, p_kinds, p_references, p_times, v_item_ids, v_location_ids,
        p_lines, p_line_entries, p_line_skus, p_line_locations, p_lots, p_quantities, v_reasons
      );
      exit;
    exception
      when numeric_value_out_of_range then
        if v_watch_all then
          raise;
        end if;
        v_watch_all := true;
    end;
  end loop;

  if v_held then
    perform inventory.release_import_balances(v_org_id, v_item_ids, v_location_ids, p_line_skus, p_line_locations, p_lots);
  end if;

  if not v_trial then
    perform inventory.settle_import_lines(v_import, p_options, p_lines, v_reasons, v_applied, v_entries);
  end if;

  select json_agg(
    json_build_object('line', line.line, 'reason', coalesce(nullif(line.reason, ''), r.reason))
    order by line.line
  )
  into v_rejected
  from unnest(p_lines, v_reasons) as line (line, reason)
  left join inventory.import_rejects r
    on r.org_id = v_org_id and r.import_id = v_import.id and r.line = line.line and line.reason = ''
  where coalesce(nullif(line.reason, ''), r.reason) is not null;

  return json_build_object(
    'applied', v_applied,
    'entries', v_entries,
    'itemsCreated', v_items_created,
    'locationsCreated', v_locations_created,
    'rejected', coalesce(v_rejected, '[]'),
    'moved', v_moved,
    'missing', json_build_object('items', v_missing_items, 'locations', v_missing_locations)
  );
end
$function$;
alter function inventory.import_batch(bytea,bytea,text,jsonb,text[],text[],text[],text[],text[],text[],bigint[],integer[],integer[],integer[],text[],numeric[]) owner to stockade_owner;
comment on function inventory.import_batch(bytea,bytea,text,jsonb,text[],text[],text[],text[],text[],text[],bigint[],integer[],integer[],integer[],text[],numeric[]) is
  'Posts a batch of lines of an import, of the organization that was entered: every line that is not settled yet is applied or rejected with a reason, and settled with that. An entry the stock policy refuses is rejected whole, the others are applied. p_options: {timeZone, createMissing, unit, tracking, allowNegative (of what is made), malformed ({items, locations}: each a reason by name), retryRejects, finished, trial (only tell), moved (by earlier batches of the trial)}. Returns {applied, entries, itemsCreated, locationsCreated, rejected: [{line, reason}], moved (of a trial), missing: {items, locations} (what is made)}. Raises SK103 organization suspended, SK104 write scope missing, SK301, SK303 and SK304 a kind, sign or quantity that cannot be imported, 23514 a value out of its bounds.';
revoke execute on function inventory.import_batch(bytea,bytea,text,jsonb,text[],text[],text[],text[],text[],text[],bigint[],integer[],integer[],integer[],text[],numeric[]) from public;
grant execute on function inventory.import_batch(bytea,bytea,text,jsonb,text[],text[],text[],text[],text[],text[],bigint[],integer[],integer[],integer[],text[],numeric[]) to stockade_jobs;

-- inventory.import_refusals(uuid,jsonb,integer,text[],uuid[],boolean[],text[],uuid[],integer[],integer[],integer[],text[],numeric[])
CREATE OR REPLACE FUNCTION inventory.import_refusals(p_org_id uuid, p_options jsonb, p_entry_count integer, p_skus text[], p_item_ids uuid[], p_allow_negative boolean[], p_locations text[], p_location_ids uuid[], p_line_entries integer[], p_line_skus integer[], p_line_locations integer[], p_lots text[], p_quantities numeric[], OUT refusals text[], OUT moved jsonb)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO ''
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  v_trial constant boolean := (p_options ->> 'trial')::boolean;
  v_greatest constant numeric := inventory.greatest_quantity();
  v_key_skus integer[];
  v_key_locations integer[];
  v_key_lots text[];
  v_before numeric[];
  v_reserved numeric[];
  v_on_hand numeric[];
  v_entry record;
  v_key integer;
  v_after numeric;
begin
  refusals := array_fill(null::text, array[p_entry_count]);

  select
    array_agg(key.sku order by key.sku, key.location, key.lot),
    array_agg(key.location order by key.sku, key.location, key.lot),
    array_agg(key.lot order by key.sku, key.location, key.lot),
    array_agg(coalesce(b.on_hand, 0) + coalesce(earlier.quantity, 0) order by key.sku, key.location, key.lot),
    array_agg(
      coalesce(inventory.reserved_now(p_org_id, b.item_id, b.location_id, b.lot, b.reserved), 0)
      order by key.sku, key.location, key.lot
    )
  into v_key_skus, v_key_locations, v_key_lots, v_before, v_reserved
  from (
    select distinct line.sku, line.location, line.lot
    from unnest(p_line_skus, p_line_locations, p_lots) as line (sku, location, lot)
  ) as key
  left join inventory.balances b
    on b.org_id = p_org_id
    and b.item_id = p_item_ids[key.sku]
    and b.location_id = p_location_ids[key.location]
    and b.lot = key.lot
  -- A trial posts nothing, so it passes in what its earlier batches would have moved.
  left join jsonb_to_recordset(coalesce(p_options -> 'moved', '[]'))
    as earlier (sku text, location text, lot text, quantity numeric)
    on earlier.sku = p_skus[key.sku]
    and earlier.location = p_locations[key.location]
    and earlier.lot = key.lot;
  v_on_hand := v_before;

  for v_entry in
    select by_key.entry, array_agg(by_key.key) as keys, array_agg(by_key.quantity) as quantities
    from (
      -- Two lines of one key in one entry are summed before the check.
      select line.entry, line.key, sum(line.quantity) as quantity
      from (
        select
          entry,
          quantity,
          dense_rank() over (order by sku, location, lot)::integer as key
        from unnest(p_line_entries, p_line_skus, p_line_locations, p_lots, p_quantities)
          as line (entry, sku, location, lot, quantity)
      ) as line
      group by line.entry, line.key
      order by line.entry, line.key
    ) as by_key
    group by by_key.entry
    order by by_key.entry
  loop
    for i in 1..cardinality(v_entry.keys) loop
      v_key := v_entry.keys[i];
      v_after := v_on_hand[v_key] + v_entry.quantities[i];
      if inventory.is_short(v_entry.quantities[i], v_after, v_reserved[v_key], p_allow_negative[v_key_skus[v_key]]) then
        refusals[v_entry.entry] := format(
          'not enough stock of %s at %s%s: %s available, the entry takes %s',
          p_skus[v_key_skus[v_key]],
          p_locations[v_key_locations[v_key]],
          ', lot ' || nullif(v_key_lots[v_key], ''),
          trim_scale(v_on_hand[v_key] - v_reserved[v_key]),
          trim_scale(- v_entry.quantities[i])
        );
      elsif greatest(abs(v_after), abs(v_after - v_before[v_key])) > v_greatest then
        refusals[v_entry.entry] := format(
          'the balance of %s at %s would exceed fifteen digits, four of them decimals',
          p_skus[v_key_skus[v_key]],
          p_locations[v_key_locations[v_key]]
        );
      end if;
      exit when refusals[v_entry.entry] is not null;
    end loop;

    if refusals[v_entry.entry] is null then
      for i in 1..cardinality(v_entry.keys) loop
        v_key := v_entry.keys[i];
        v_on_hand[v_key] := v_on_hand[v_key] + v_entry.quantities[i];
      end loop;
    end if;
  end loop;

  if v_trial then
    select jsonb_agg(
      jsonb_build_object(
        'sku', item.code,
        'location', location.code,
        'lot', key.lot,
        'quantity', key.after - key.before
      )
    )
    into moved
    from unnest(v_key_skus, v_key_locations, v_key_lots, v_before, v_on_hand) as key (sku, location, lot, before, after)
    -- Under every code, because a later batch may use another one.
    cross join lateral (
      select p_skus[key.sku]
      union
      select i.sku from inventory.items i where i.org_id = p_org_id and i.id = p_item_ids[key.sku]
      union
      select a.alias from inventory.item_aliases a where a.org_id = p_org_id and a.item_id = p_item_ids[key.sku]
    ) as item (code)
    cross join lateral (
      select p_locations[key.location]
      union
      select l.code from inventory.locations l where l.org_id = p_org_id and l.id = p_location_ids[key.location]
      union
      select a.alias from inventory.location_aliases a where a.org_id = p_org_id and a.location_id = p_location_ids[key.location]
    ) as location (code)
    where key.after <> key.before;
  end if;
end
$function$;
alter function inventory.import_refusals(uuid,jsonb,integer,text[],uuid[],boolean[],text[],uuid[],integer[],integer[],integer[],text[],numeric[]) owner to stockade_owner;
comment on function inventory.import_refusals(uuid,jsonb,integer,text[],uuid[],boolean[],text[],uuid[],integer[],integer[],integer[],text[],numeric[]) is
  'Goes through the entries of a batch in order, as if each were posted alone, and finds those that the stock policy refuses: a refused entry takes nothing from those after it. refusals holds the reason of each refused entry by its number; moved, of a trial, what the others move.';
revoke execute on function inventory.import_refusals(uuid,jsonb,integer,text[],uuid[],boolean[],text[],uuid[],integer[],integer[],integer[],text[],numeric[]) from public;

-- inventory.insert_entry(uuid,text,text,text,timestamp with time zone,jsonb,uuid,text[],text[],uuid[],uuid[],text[],numeric[],bigint[])
CREATE OR REPLACE FUNCTION inventory.insert_entry(p_org_id uuid, p_actor text, p_kind text, p_reference text, p_occurred_at timestamp with time zone, p_metadata jsonb, p_reverses uuid, p_skus text[], p_codes text[], p_items uuid[], p_locations uuid[], p_lots text[], p_quantities numeric[], p_expected_versions bigint[])
 RETURNS json
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  v_entry_id uuid := inventory.new_id();
  v_recorded_at timestamptz(3) := clock_timestamp();
  v_occurred_at timestamptz(3) := coalesce(p_occurred_at, v_recorded_at);
  v_lines json;
begin
  if inventory.ahead_fault(p_occurred_at) is not null then
    raise exception 'the entry takes effect in the future' using errcode = 'SK301',
      detail = json_build_array(json_build_object('field', 'occurredAt', 'message', inventory.ahead_fault(p_occurred_at)));
  end if;
  insert into inventory.entries (org_id, id, kind, reference, occurred_at, recorded_at, actor, metadata, reverses)
  values (
    p_org_id, v_entry_id, p_kind, p_reference, v_occurred_at, v_recorded_at, p_actor, coalesce(p_metadata, '{}'), p_reverses
  );

  insert into inventory.movements (org_id, entry_id, line, item_id, location_id, lot, quantity, occurred_at, recorded_at)
  select p_org_id, v_entry_id, line.n, line.item_id, line.location_id, line.lot, line.quantity, v_occurred_at, v_recorded_at
  from unnest(p_items, p_locations, p_lots, p_quantities)
    with ordinality as line (item_id, location_id, lot, quantity, n);

  if array_remove(p_expected_versions, null) <> '{}' then
    perform inventory.raise_stale_balances(
      p_org_id, p_skus, p_codes, p_items, p_locations, p_lots, p_expected_versions
    );
  end if;

  -- The trigger has applied the lines and their balances are still locked, so these are the balances that the lines left.
  select json_agg(
    inventory.posted_line(
      v_entry_id || '.' || line.n, line.sku, line.code, line.lot, line.quantity, b.on_hand,
      inventory.reserved_now(p_org_id, line.item_id, line.location_id, line.lot, b.reserved), b.version
    )
    order by line.n
  )
  into v_lines
  from unnest(p_skus, p_codes, p_items, p_locations, p_lots, p_quantities)
    with ordinality as line (sku, code, item_id, location_id, lot, quantity, n)
  cross join lateral (
    select b.on_hand, b.reserved, b.version
    from inventory.balances b
    where b.org_id = p_org_id and b.item_id = line.item_id and b.location_id = line.location_id and b.lot = line.lot
    offset 0
  ) as b;

  return inventory.posted_entry(
    v_entry_id, p_kind, p_reference, v_occurred_at, v_recorded_at, p_reverses, v_lines
  );
end
$function$;
alter function inventory.insert_entry(uuid,text,text,text,timestamp with time zone,jsonb,uuid,text[],text[],uuid[],uuid[],text[],numeric[],bigint[]) owner to stockade_ledger;
comment on function inventory.insert_entry(uuid,text,text,text,timestamp with time zone,jsonb,uuid,text[],text[],uuid[],uuid[],text[],numeric[],bigint[]) is
  'Posts one entry whose lines are known to be well formed, and returns it with the balance that each line left. For post_entry(), reverse_entry() and commit_reservation(), which check it first. Raises SK201 insufficient stock, SK202 stale balance, SK301 an effect in the future.';
revoke execute on function inventory.insert_entry(uuid,text,text,text,timestamp with time zone,jsonb,uuid,text[],text[],uuid[],uuid[],text[],numeric[],bigint[]) from public;
grant execute on function inventory.insert_entry(uuid,text,text,text,timestamp with time zone,jsonb,uuid,text[],text[],uuid[],uuid[],text[],numeric[],bigint[]) to stockade_owner;

-- inventory.invisible_characters()
CREATE OR REPLACE FUNCTION inventory.invisible_characters()
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  -- Of Unicode 15.0, which Postgres 16, 17 and 18 all know: controls, format and default ignorable characters (those without
  -- a width and those that turn the direction are among them), separators and blanks other than U+0020, the empty braille
  -- pattern, private use, and what is not assigned. The normal form of an assigned character never changes. An older Postgres
  -- does not know the one of a new character, and would refuse a dump with it. The list is written out because a class such
  -- as [:cntrl:] differs between collations, and what is assigned differs between versions.
  select '['
    '\u0000-\u001f\u007f-\u00a0\u00ad\u034f\u0378-\u0379\u0380-\u0383\u038b\u038d\u03a2\u0530\u0557-\u0558\u058b-\u058c'
    '\u0590\u05c8-\u05cf\u05eb-\u05ee\u05f5-\u0605\u061c\u06dd\u070e-\u070f\u074b-\u074c\u07b2-\u07bf\u07fb-\u07fc'
    '\u082e-\u082f\u083f\u085c-\u085d\u085f\u086b-\u086f\u088f-\u0897\u08e2\u0984\u098d-\u098e\u0991-\u0992\u09a9\u09b1'
    '\u09b3-\u09b5\u09ba-\u09bb\u09c5-\u09c6\u09c9-\u09ca\u09cf-\u09d6\u09d8-\u09db\u09de\u09e4-\u09e5\u09ff-\u0a00\u0a04'
    '\u0a0b-\u0a0e\u0a11-\u0a12\u0a29\u0a31\u0a34\u0a37\u0a3a-\u0a3b\u0a3d\u0a43-\u0a46\u0a49-\u0a4a\u0a4e-\u0a50'
    '\u0a52-\u0a58\u0a5d\u0a5f-\u0a65\u0a77-\u0a80\u0a84\u0a8e\u0a92\u0aa9\u0ab1\u0ab4\u0aba-\u0abb\u0ac6\u0aca'
    '\u0ace-\u0acf\u0ad1-\u0adf\u0ae4-\u0ae5\u0af2-\u0af8\u0b00\u0b04\u0b0d-\u0b0e\u0b11-\u0b12\u0b29\u0b31\u0b34'
    '\u0b3a-\u0b3b\u0b45-\u0b46\u0b49-\u0b4a\u0b4e-\u0b54\u0b58-\u0b5b\u0b5e\u0b64-\u0b65\u0b78-\u0b81\u0b84\u0b8b-\u0b8d'
    '\u0b91\u0b96-\u0b98\u0b9b\u0b9d\u0ba0-\u0ba2\u0ba5-\u0ba7\u0bab-\u0bad\u0bba-\u0bbd\u0bc3-\u0bc5\u0bc9\u0bce-\u0bcf'
    '\u0bd1-\u0bd6\u0bd8-\u0be5\u0bfb-\u0bff\u0c0d\u0c11\u0c29\u0c3a-\u0c3b\u0c45\u0c49\u0c4e-\u0c54\u0c57\u0c5b-\u0c5c'
    '\u0c5e-\u0c5f\u0c64-\u0c65\u0c70-\u0c76\u0c8d\u0c91\u0ca9\u0cb4\u0cba-\u0cbb\u0cc5\u0cc9\u0cce-\u0cd4\u0cd7-\u0cdc'
    '\u0cdf\u0ce4-\u0ce5\u0cf0\u0cf4-\u0cff\u0d0d\u0d11\u0d45\u0d49\u0d50-\u0d53\u0d64-\u0d65\u0d80\u0d84\u0d97-\u0d99'
    '\u0db2\u0dbc\u0dbe-\u0dbf\u0dc7-\u0dc9\u0dcb-\u0dce\u0dd5\u0dd7\u0de0-\u0de5\u0df0-\u0df1\u0df5-\u0e00\u0e3b-\u0e3e'
    '\u0e5c-\u0e80\u0e83\u0e85\u0e8b\u0ea4\u0ea6\u0ebe-\u0ebf\u0ec5\u0ec7\u0ecf\u0eda-\u0edb\u0ee0-\u0eff\u0f48'
    '\u0f6d-\u0f70\u0f98\u0fbd\u0fcd\u0fdb-\u0fff\u10c6\u10c8-\u10cc\u10ce-\u10cf\u115f-\u1160\u1249\u124e-\u124f\u1257'
    '\u1259\u125e-\u125f\u1289\u128e-\u128f\u12b1\u12b6-\u12b7\u12bf\u12c1\u12c6-\u12c7\u12d7\u1311\u1316-\u1317'
    '\u135b-\u135c\u137d-\u137f\u139a-\u139f\u13f6-\u13f7\u13fe-\u13ff\u1680\u169d-\u169f\u16f9-\u16ff\u1716-\u171e'
    '\u1737-\u173f\u1754-\u175f\u176d\u1771\u1774-\u177f\u17b4-\u17b5\u17de-\u17df\u17ea-\u17ef\u17fa-\u17ff\u180b-\u180f'
    '\u181a-\u181f\u1879-\u187f\u18ab-\u18af\u18f6-\u18ff\u191f\u192c-\u192f\u193c-\u193f\u1941-\u1943\u196e-\u196f'
    '\u1975-\u197f\u19ac-\u19af\u19ca-\u19cf\u19db-\u19dd\u1a1c-\u1a1d\u1a5f\u1a7d-\u1a7e\u1a8a-\u1a8f\u1a9a-\u1a9f'
    '\u1aae-\u1aaf\u1acf-\u1aff\u1b4d-\u1b4f\u1b7f\u1bf4-\u1bfb\u1c38-\u1c3a\u1c4a-\u1c4c\u1c89-\u1c8f\u1cbb-\u1cbc'
    '\u1cc8-\u1ccf\u1cfb-\u1cff\u1f16-\u1f17\u1f1e-\u1f1f\u1f46-\u1f47\u1f4e-\u1f4f\u1f58\u1f5a\u1f5c\u1f5e\u1f7e-\u1f7f'
    '\u1fb5\u1fc5\u1fd4-\u1fd5\u1fdc\u1ff0-\u1ff1\u1ff5\u1fff-\u200f\u2028-\u202f\u205f-\u206f\u2072-\u2073\u208f'
    '\u209d-\u209f\u20c1-\u20cf\u20f1-\u20ff\u218c-\u218f\u2427-\u243f\u244b-\u245f\u2800\u2b74-\u2b75\u2b96\u2cf4-\u2cf8'
    '\u2d26\u2d28-\u2d2c\u2d2e-\u2d2f\u2d68-\u2d6e\u2d71-\u2d7e\u2d97-\u2d9f\u2da7\u2daf\u2db7\u2dbf\u2dc7\u2dcf\u2dd7'
    '\u2ddf\u2e5e-\u2e7f\u2e9a\u2ef4-\u2eff\u2fd6-\u2fef\u2ffc-\u3000\u3040\u3097-\u3098\u3100-\u3104\u3130\u3164\u318f'
    '\u31e4-\u31ef\u321f\ua48d-\ua48f\ua4c7-\ua4cf\ua62c-\ua63f\ua6f8-\ua6ff\ua7cb-\ua7cf\ua7d2\ua7d4\ua7da-\ua7f1'
    '\ua82d-\ua82f\ua83a-\ua83f\ua878-\ua87f\ua8c6-\ua8cd\ua8da-\ua8df\ua954-\ua95e\ua97d-\ua97f\ua9ce\ua9da-\ua9dd\ua9ff'
    '\uaa37-\uaa3f\uaa4e-\uaa4f\uaa5a-\uaa5b\uaac3-\uaada\uaaf7-\uab00\uab07-\uab08\uab0f-\uab10\uab17-\uab1f\uab27\uab2f'
    '\uab6c-\uab6f\uabee-\uabef\uabfa-\uabff\ud7a4-\ud7af\ud7c7-\ud7ca\ud7fc-\uf8ff\ufa6e-\ufa6f\ufada-\ufaff\ufb07-\ufb12'
    '\ufb18-\ufb1c\ufb37\ufb3d\ufb3f\ufb42\ufb45\ufbc3-\ufbd2\ufd90-\ufd91\ufdc8-\ufdce\ufdd0-\ufdef\ufe00-\ufe0f'
    '\ufe1a-\ufe1f\ufe53\ufe67\ufe6c-\ufe6f\ufe75\ufefd-\uff00\uffa0\uffbf-\uffc1\uffc8-\uffc9\uffd0-\uffd1\uffd8-\uffd9'
    '\uffdd-\uffdf\uffe7\uffef-\ufffb\ufffe-\uffff\U0001000c\U00010027\U0001003b\U0001003e\U0001004e-\U0001004f'
    '\U0001005e-\U0001007f\U000100fb-\U000100ff\U00010103-\U00010106\U00010134-\U00010136\U0001018f\U0001019d-\U0001019f'
    '\U000101a1-\U000101cf\U000101fe-\U0001027f\U0001029d-\U0001029f\U000102d1-\U000102df\U000102fc-\U000102ff'
    '\U00010324-\U0001032c\U0001034b-\U0001034f\U0001037b-\U0001037f\U0001039e\U000103c4-\U000103c7\U000103d6-\U000103ff'
    '\U0001049e-\U0001049f\U000104aa-\U000104af\U000104d4-\U000104d7\U000104fc-\U000104ff\U00010528-\U0001052f'
    '\U00010564-\U0001056e\U0001057b\U0001058b\U00010593\U00010596\U000105a2\U000105b2\U000105ba\U000105bd-\U000105ff'
    '\U00010737-\U0001073f\U00010756-\U0001075f\U00010768-\U0001077f\U00010786\U000107b1\U000107bb-\U000107ff'
    '\U00010806-\U00010807\U00010809\U00010836\U00010839-\U0001083b\U0001083d-\U0001083e\U00010856\U0001089f-\U000108a6'
    '\U000108b0-\U000108df\U000108f3\U000108f6-\U000108fa\U0001091c-\U0001091e\U0001093a-\U0001093e\U00010940-\U0001097f'
    '\U000109b8-\U000109bb\U000109d0-\U000109d1\U00010a04\U00010a07-\U00010a0b\U00010a14\U00010a18\U00010a36-\U00010a37'
    '\U00010a3b-\U00010a3e\U00010a49-\U00010a4f\U00010a59-\U00010a5f\U00010aa0-\U00010abf\U00010ae7-\U00010aea'
    '\U00010af7-\U00010aff\U00010b36-\U00010b38\U00010b56-\U00010b57\U00010b73-\U00010b77\U00010b92-\U00010b98'
    '\U00010b9d-\U00010ba8\U00010bb0-\U00010bff\U00010c49-\U00010c7f\U00010cb3-\U00010cbf\U00010cf3-\U00010cf9'
    '\U00010d28-\U00010d2f\U00010d3a-\U00010e5f\U00010e7f\U00010eaa\U00010eae-\U00010eaf\U00010eb2-\U00010efc'
    '\U00010f28-\U00010f2f\U00010f5a-\U00010f6f\U00010f8a-\U00010faf\U00010fcc-\U00010fdf\U00010ff7-\U00010fff'
    '\U0001104e-\U00011051\U00011076-\U0001107e\U000110bd\U000110c3-\U000110cf\U000110e9-\U000110ef\U000110fa-\U000110ff'
    '\U00011135\U00011148-\U0001114f\U00011177-\U0001117f\U000111e0\U000111f5-\U000111ff\U00011212\U00011242-\U0001127f'
    '\U00011287\U00011289\U0001128e\U0001129e\U000112aa-\U000112af\U000112eb-\U000112ef\U000112fa-\U000112ff\U00011304'
    '\U0001130d-\U0001130e\U00011311-\U00011312\U00011329\U00011331\U00011334\U0001133a\U00011345-\U00011346'
    '\U00011349-\U0001134a\U0001134e-\U0001134f\U00011351-\U00011356\U00011358-\U0001135c\U00011364-\U00011365'
    '\U0001136d-\U0001136f\U00011375-\U000113ff\U0001145c\U00011462-\U0001147f\U000114c8-\U000114cf\U000114da-\U0001157f'
    '\U000115b6-\U000115b7\U000115de-\U000115ff\U00011645-\U0001164f\U0001165a-\U0001165f\U0001166d-\U0001167f'
    '\U000116ba-\U000116bf\U000116ca-\U000116ff\U0001171b-\U0001171c\U0001172c-\U0001172f\U00011747-\U000117ff'
    '\U0001183c-\U0001189f\U000118f3-\U000118fe\U00011907-\U00011908\U0001190a-\U0001190b\U00011914\U00011917\U00011936'
    '\U00011939-\U0001193a\U00011947-\U0001194f\U0001195a-\U0001199f\U000119a8-\U000119a9\U000119d8-\U000119d9'
    '\U000119e5-\U000119ff\U00011a48-\U00011a4f\U00011aa3-\U00011aaf\U00011af9-\U00011aff\U00011b0a-\U00011bff\U00011c09'
    '\U00011c37\U00011c46-\U00011c4f\U00011c6d-\U00011c6f\U00011c90-\U00011c91\U00011ca8\U00011cb7-\U00011cff\U00011d07'
    '\U00011d0a\U00011d37-\U00011d39\U00011d3b\U00011d3e\U00011d48-\U00011d4f\U00011d5a-\U00011d5f\U00011d66\U00011d69'
    '\U00011d8f\U00011d92\U00011d99-\U00011d9f\U00011daa-\U00011edf\U00011ef9-\U00011eff\U00011f11\U00011f3b-\U00011f3d'
    '\U00011f5a-\U00011faf\U00011fb1-\U00011fbf\U00011ff2-\U00011ffe\U0001239a-\U000123ff\U0001246f\U00012475-\U0001247f'
    '\U00012544-\U00012f8f\U00012ff3-\U00012fff\U00013430-\U0001343f\U00013456-\U000143ff\U00014647-\U000167ff'
    '\U00016a39-\U00016a3f\U00016a5f\U00016a6a-\U00016a6d\U00016abf\U00016aca-\U00016acf\U00016aee-\U00016aef'
    '\U00016af6-\U00016aff\U00016b46-\U00016b4f\U00016b5a\U00016b62\U00016b78-\U00016b7c\U00016b90-\U00016e3f'
    '\U00016e9b-\U00016eff\U00016f4b-\U00016f4e\U00016f88-\U00016f8e\U00016fa0-\U00016fdf\U00016fe5-\U00016fef'
    '\U00016ff2-\U00016fff\U000187f8-\U000187ff\U00018cd6-\U00018cff\U00018d09-\U0001afef\U0001aff4\U0001affc\U0001afff'
    '\U0001b123-\U0001b131\U0001b133-\U0001b14f\U0001b153-\U0001b154\U0001b156-\U0001b163\U0001b168-\U0001b16f'
    '\U0001b2fc-\U0001bbff\U0001bc6b-\U0001bc6f\U0001bc7d-\U0001bc7f\U0001bc89-\U0001bc8f\U0001bc9a-\U0001bc9b'
    '\U0001bca0-\U0001ceff\U0001cf2e-\U0001cf2f\U0001cf47-\U0001cf4f\U0001cfc4-\U0001cfff\U0001d0f6-\U0001d0ff'
    '\U0001d127-\U0001d128\U0001d173-\U0001d17a\U0001d1eb-\U0001d1ff\U0001d246-\U0001d2bf\U0001d2d4-\U0001d2df'
    '\U0001d2f4-\U0001d2ff\U0001d357-\U0001d35f\U0001d379-\U0001d3ff\U0001d455\U0001d49d\U0001d4a0-\U0001d4a1'
    '\U0001d4a3-\U0001d4a4\U0001d4a7-\U0001d4a8\U0001d4ad\U0001d4ba\U0001d4bc\U0001d4c4\U0001d506\U0001d50b-\U0001d50c'
    '\U0001d515\U0001d51d\U0001d53a\U0001d53f\U0001d545\U0001d547-\U0001d549\U0001d551\U0001d6a6-\U0001d6a7'
    '\U0001d7cc-\U0001d7cd\U0001da8c-\U0001da9a\U0001daa0\U0001dab0-\U0001deff\U0001df1f-\U0001df24\U0001df2b-\U0001dfff'
    '\U0001e007\U0001e019-\U0001e01a\U0001e022\U0001e025\U0001e02b-\U0001e02f\U0001e06e-\U0001e08e\U0001e090-\U0001e0ff'
    '\U0001e12d-\U0001e12f\U0001e13e-\U0001e13f\U0001e14a-\U0001e14d\U0001e150-\U0001e28f\U0001e2af-\U0001e2bf'
    '\U0001e2fa-\U0001e2fe\U0001e300-\U0001e4cf\U0001e4fa-\U0001e7df\U0001e7e7\U0001e7ec\U0001e7ef\U0001e7ff'
    '\U0001e8c5-\U0001e8c6\U0001e8d7-\U0001e8ff\U0001e94c-\U0001e94f\U0001e95a-\U0001e95d\U0001e960-\U0001ec70'
    '\U0001ecb5-\U0001ed00\U0001ed3e-\U0001edff\U0001ee04\U0001ee20\U0001ee23\U0001ee25-\U0001ee26\U0001ee28\U0001ee33'
    '\U0001ee38\U0001ee3a\U0001ee3c-\U0001ee41\U0001ee43-\U0001ee46\U0001ee48\U0001ee4a\U0001ee4c\U0001ee50\U0001ee53'
    '\U0001ee55-\U0001ee56\U0001ee58\U0001ee5a\U0001ee5c\U0001ee5e\U0001ee60\U0001ee63\U0001ee65-\U0001ee66\U0001ee6b'
    '\U0001ee73\U0001ee78\U0001ee7d\U0001ee7f\U0001ee8a\U0001ee9c-\U0001eea0\U0001eea4\U0001eeaa\U0001eebc-\U0001eeef'
    '\U0001eef2-\U0001efff\U0001f02c-\U0001f02f\U0001f094-\U0001f09f\U0001f0af-\U0001f0b0\U0001f0c0\U0001f0d0'
    '\U0001f0f6-\U0001f0ff\U0001f1ae-\U0001f1e5\U0001f203-\U0001f20f\U0001f23c-\U0001f23f\U0001f249-\U0001f24f'
    '\U0001f252-\U0001f25f\U0001f266-\U0001f2ff\U0001f6d8-\U0001f6db\U0001f6ed-\U0001f6ef\U0001f6fd-\U0001f6ff'
    '\U0001f777-\U0001f77a\U0001f7da-\U0001f7df\U0001f7ec-\U0001f7ef\U0001f7f1-\U0001f7ff\U0001f80c-\U0001f80f'
    '\U0001f848-\U0001f84f\U0001f85a-\U0001f85f\U0001f888-\U0001f88f\U0001f8ae-\U0001f8af\U0001f8b2-\U0001f8ff'
    '\U0001fa54-\U0001fa5f\U0001fa6e-\U0001fa6f\U0001fa7d-\U0001fa7f\U0001fa89-\U0001fa8f\U0001fabe\U0001fac6-\U0001facd'
    '\U0001fadc-\U0001fadf\U0001fae9-\U0001faef\U0001faf9-\U0001faff\U0001fb93\U0001fbcb-\U0001fbef\U0001fbfa-\U0001ffff'
    '\U0002a6e0-\U0002a6ff\U0002b73a-\U0002b73f\U0002b81e-\U0002b81f\U0002cea2-\U0002ceaf\U0002ebe1-\U0002f7ff'
    '\U0002fa1e-\U0002ffff\U0003134b-\U0003134f\U000323b0-\U0010ffff'
    ']'
$function$;
alter function inventory.invisible_characters() owner to stockade_owner;
comment on function inventory.invisible_characters() is
  'The characters that no code has, as a bracket expression of a regular expression: those that cannot be seen, that change the direction of a text, or that have no fixed meaning.';
revoke execute on function inventory.invisible_characters() from public;
grant execute on function inventory.invisible_characters() to stockade_admin, stockade_ledger;

-- inventory.is_code(text)
CREATE OR REPLACE FUNCTION inventory.is_code(p_text text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select inventory.is_visible(p_text, 64)
    and p_text !~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$'
$function$;
alter function inventory.is_code(text) owner to stockade_owner;
comment on function inventory.is_code(text) is
  'Whether a text can be a SKU or the code of a location: 1 to 64 visible characters in the normal form NFC, no blank at either end, and not the form of an id, because a path of the API takes either.';
revoke execute on function inventory.is_code(text) from public;

-- inventory.is_exact(numeric)
CREATE OR REPLACE FUNCTION inventory.is_exact(p_quantity numeric)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  -- NaN is greater than every number, and so is infinity.
  select abs(p_quantity) <= inventory.greatest_quantity() and p_quantity = round(p_quantity, 4)
$function$;
alter function inventory.is_exact(numeric) owner to stockade_owner;
comment on function inventory.is_exact(numeric) is
  'Whether a quantity is a number that its type holds without rounding: fifteen digits, four of them decimals.';
revoke execute on function inventory.is_exact(numeric) from public;
grant execute on function inventory.is_exact(numeric) to stockade_ledger;

-- inventory.is_instant(timestamp with time zone)
CREATE OR REPLACE FUNCTION inventory.is_instant(p_at timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
begin
  return p_at >= '1900-01-01 00:00:00+00' and p_at < '10000-01-01 00:00:00+00';
end
$function$;
alter function inventory.is_instant(timestamp with time zone) owner to stockade_owner;
comment on function inventory.is_instant(timestamp with time zone) is
  'Whether an instant is finite and in a year that the API can write: 1900 to 9999.';
revoke execute on function inventory.is_instant(timestamp with time zone) from public;
grant execute on function inventory.is_instant(timestamp with time zone) to stockade_admin, stockade_jobs, stockade_ledger;

-- inventory.is_metadata(jsonb)
CREATE OR REPLACE FUNCTION inventory.is_metadata(p_metadata jsonb)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
declare
  v_text constant text := p_metadata;
  v_long_number constant text := '[1-9](\.?[0-9]){14}[0-9.]*[1-9]';
  v_bare text := '';
begin
  -- Without its strings, a blank separates and a digit is one of a number. They are taken out only where that could matter.
  if octet_length(v_text) between 8193 and 12288 or v_text ~ v_long_number then
    v_bare := regexp_replace(v_text, '"(?:[^"\\]|\\.)*"', '', 'g');
  end if;
  return jsonb_typeof(p_metadata) = 'object'
    and octet_length(v_text) - regexp_count(v_bare, ' ') <= 8192
    and v_bare !~ v_long_number
    and not (length(translate(v_text, '{[', '')) + 32 < length(v_text)
      and jsonb_path_exists(p_metadata, 'strict $.**{32} ? (@.type() == "object" || @.type() == "array")'))
    and not (v_text like '%\_\_proto\_\_%' and jsonb_path_exists(p_metadata, 'strict $.** ? (exists (@."__proto__"))'));
end
$function$;
alter function inventory.is_metadata(jsonb) owner to stockade_owner;
comment on function inventory.is_metadata(jsonb) is
  'Whether a value can be stored as metadata: an object of at most 8,192 bytes, written without blanks and with numbers in full; nested at most 32 deep; numbers of at most fifteen digits; no field named __proto__, which JavaScript loses.';
revoke execute on function inventory.is_metadata(jsonb) from public;
grant execute on function inventory.is_metadata(jsonb) to stockade_admin, stockade_ledger;

-- inventory.is_refusal(text)
CREATE OR REPLACE FUNCTION inventory.is_refusal(p_sqlstate text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select left(p_sqlstate, 3) in ('SK2', 'SK3') or p_sqlstate in ('22003', '23514')
$function$;
alter function inventory.is_refusal(text) owner to stockade_owner;
comment on function inventory.is_refusal(text) is
  'Whether an error says that an entry itself is refused. After others, such as a lost connection or a deadlock, the same entry may be posted.';
revoke execute on function inventory.is_refusal(text) from public;
grant execute on function inventory.is_refusal(text) to stockade_ledger;

-- inventory.is_short(numeric,numeric,numeric,boolean)
CREATE OR REPLACE FUNCTION inventory.is_short(p_change numeric, p_on_hand numeric, p_reserved numeric, p_allow_negative boolean)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  -- Only a balance that was taken from can be short: a receipt into a negative balance is always welcome.
  select p_change < 0 and p_on_hand < p_reserved and not p_allow_negative
$function$;
alter function inventory.is_short(numeric,numeric,numeric,boolean) owner to stockade_owner;
comment on function inventory.is_short(numeric,numeric,numeric,boolean) is
  'Whether the stock policy refuses a change of a balance: it takes from it and leaves less on hand than is reserved, of an item that may not go below zero. p_on_hand is the quantity after the change.';
revoke execute on function inventory.is_short(numeric,numeric,numeric,boolean) from public;
grant execute on function inventory.is_short(numeric,numeric,numeric,boolean) to stockade_ledger;

-- inventory.is_visible(text,integer)
CREATE OR REPLACE FUNCTION inventory.is_visible(p_text text, p_longest integer)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
begin
  return length(p_text) between 1 and p_longest
    and p_text = btrim(p_text)
    -- What is plain ASCII pays for nothing else.
    and (p_text ~ '^[ -~]*$' or p_text is nfc normalized and p_text !~ inventory.invisible_characters());
end
$function$;
alter function inventory.is_visible(text,integer) owner to stockade_owner;
comment on function inventory.is_visible(text,integer) is
  'Whether a text can name a lot or a posting: 1 to p_longest visible characters in the normal form NFC, no blank at either end.';
revoke execute on function inventory.is_visible(text,integer) from public;
grant execute on function inventory.is_visible(text,integer) to stockade_admin, stockade_ledger;

-- inventory.is_written_here(xid)
CREATE OR REPLACE FUNCTION inventory.is_written_here(p_xmin xid)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
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
$function$;
alter function inventory.is_written_here(xid) owner to stockade_owner;
comment on function inventory.is_written_here(xid) is
  'Whether a visible row with this xmin was written by the transaction that asks.';
revoke execute on function inventory.is_written_here(xid) from public;

-- inventory.iso(timestamp with time zone)
CREATE OR REPLACE FUNCTION inventory.iso(p_at timestamp with time zone)
 RETURNS text
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
  select case when p_at >= '1900-01-01 00:00:00+00' and p_at < '10000-01-01 00:00:00+00'
    then to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') else p_at::text end
$function$;
alter function inventory.iso(timestamp with time zone) owner to stockade_owner;
comment on function inventory.iso(timestamp with time zone) is
  'An instant as the API writes it: UTC, ISO 8601, milliseconds; as Postgres does where that would need an era.';
revoke execute on function inventory.iso(timestamp with time zone) from public;
grant execute on function inventory.iso(timestamp with time zone) to stockade_admin, stockade_jobs, stockade_ledger;

-- inventory.item_balances(text)
CREATE OR REPLACE FUNCTION inventory.item_balances(p_name text)
 RETURNS SETOF json
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_id uuid;
  v_sku text;
begin
  -- Most names are SKUs. Every table that a statement reads verifies the context once, so the item is read only once.
  select id, sku into v_id, v_sku from inventory.items where sku = p_name;
  if v_id is null then
    v_id := inventory.find_item(p_name);
    select sku into v_sku from inventory.items where id = v_id;
  end if;
  if v_id is null then
    return;
  end if;
  return query
  select json_build_object(
    'sku', v_sku,
    'location', l.code,
    'lot', nullif(b.lot, ''),
    'onHand', b.on_hand,
    'reserved', r.reserved,
    'available', b.on_hand - r.reserved,
    'version', b.version
  )
  from inventory.balances b
  cross join lateral (
    select inventory.reserved_now(b.org_id, b.item_id, b.location_id, b.lot, b.reserved) as reserved offset 0
  ) as r
  left join inventory.locations l on l.org_id = b.org_id and l.id = b.location_id
  where b.item_id = v_id
  order by l.code, b.lot;
  if not found then
    return next json_build_object('sku', v_sku, 'location', null);
  end if;
end
$function$;
alter function inventory.item_balances(text) owner to stockade_owner;
comment on function inventory.item_balances(text) is
  'The balances of an item of the organization that was entered, named by its SKU, an alias or its id, as the API shows them, in the order of location and lot: one row without a location when it has none, no row when there is no such item.';
revoke execute on function inventory.item_balances(text) from public;
grant execute on function inventory.item_balances(text) to stockade_api;

-- inventory.item_balances_then(timestamp with time zone,text,text)
CREATE OR REPLACE FUNCTION inventory.item_balances_then(p_as_of timestamp with time zone, p_basis text, p_name text)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_id constant uuid := inventory.find_item(p_name);
  v_sku text;
begin
  select i.sku into v_sku from inventory.items i where i.id = v_id;
  if v_sku is null then
    return null;
  end if;
  return jsonb_build_object('sku', v_sku) || inventory.balances_then(
    array(
      select b
      from inventory.balances b
      where b.item_id = v_id
      order by (select l.code from inventory.locations l where l.org_id = b.org_id and l.id = b.location_id), b.lot
    ),
    p_as_of,
    p_basis
  );
end
$function$;
alter function inventory.item_balances_then(timestamp with time zone,text,text) owner to stockade_owner;
comment on function inventory.item_balances_then(timestamp with time zone,text,text) is
  'The balances of an item, named by its SKU, an alias or its id, as they were at an instant, {sku, sealed, movements, rows}; null when there is no such item. Raises SK209 when they would add up too many movements.';
revoke execute on function inventory.item_balances_then(timestamp with time zone,text,text) from public;
grant execute on function inventory.item_balances_then(timestamp with time zone,text,text) to stockade_api;

-- inventory.keep_item_codes_apart()
CREATE OR REPLACE FUNCTION inventory.keep_item_codes_apart()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_taken text;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'codes are written in a read committed transaction, which sees those of others' using errcode = '25001';
  end if;
  -- In statements of their own: the check below takes its snapshot when the lock is there.
  if tg_table_name = 'items' then
    perform pg_advisory_xact_lock_shared(hashtextextended(o.org_id::text, 7326))
    from (select distinct org_id from written order by org_id) as o;
    select w.sku into v_taken
    from written w
    where exists (select from inventory.item_aliases a where a.org_id = w.org_id and a.alias = w.sku)
    limit 1;
  else
    perform pg_advisory_xact_lock(hashtextextended(o.org_id::text, 7326))
    from (select distinct org_id from written order by org_id) as o;
    select w.alias into v_taken
    from written w
    where exists (select from inventory.items i where i.org_id = w.org_id and i.sku = w.alias)
    limit 1;
  end if;
  if found then
    raise exception 'the code % is both a SKU and an alias', v_taken using errcode = 'SK206', detail = to_json(v_taken);
  end if;
  -- Only an import brings an alias of another form: the code that an item had before it moved in.
  if tg_table_name = 'item_aliases' and tenancy.current_actor() <> 'import' then
    select w.alias into v_taken from written w where not inventory.is_code(w.alias) limit 1;
    if found then
      raise exception 'the alias % has not the form of a code', to_json(v_taken) using errcode = 'SK304',
        detail = json_build_array(json_build_object(
          'field', 'aliases', 'message', format('%s has not the form of a code', to_json(v_taken))
        ));
    end if;
  end if;
  return null;
end
$function$;
alter function inventory.keep_item_codes_apart() owner to stockade_owner;
comment on function inventory.keep_item_codes_apart() is
  'Refuses a code that would be the SKU of an item and an alias, also when both are written at the same time, and an alias that is no code. Raises SK206 with the code, SK304; 25001 in a transaction that is not read committed.';
revoke execute on function inventory.keep_item_codes_apart() from public;

-- inventory.keep_location_codes_apart()
CREATE OR REPLACE FUNCTION inventory.keep_location_codes_apart()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_taken text;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'codes are written in a read committed transaction, which sees those of others' using errcode = '25001';
  end if;
  -- In statements of their own: the check below takes its snapshot when the lock is there.
  if tg_table_name = 'locations' then
    perform pg_advisory_xact_lock_shared(hashtextextended(o.org_id::text, 7327))
    from (select distinct org_id from written order by org_id) as o;
    select w.code into v_taken
    from written w
    where exists (select from inventory.location_aliases a where a.org_id = w.org_id and a.alias = w.code)
    limit 1;
  else
    perform pg_advisory_xact_lock(hashtextextended(o.org_id::text, 7327))
    from (select distinct org_id from written order by org_id) as o;
    select w.alias into v_taken
    from written w
    where exists (select from inventory.locations l where l.org_id = w.org_id and l.code = w.alias)
    limit 1;
  end if;
  if found then
    raise exception 'the code % is both the code of a location and an alias', v_taken
      using errcode = 'SK206', detail = to_json(v_taken);
  end if;
  -- Only an import brings an alias of another form: the code that a location had before it moved in.
  if tg_table_name = 'location_aliases' and tenancy.current_actor() <> 'import' then
    select w.alias into v_taken from written w where not inventory.is_code(w.alias) limit 1;
    if found then
      raise exception 'the alias % has not the form of a code', to_json(v_taken) using errcode = 'SK304',
        detail = json_build_array(json_build_object(
          'field', 'aliases', 'message', format('%s has not the form of a code', to_json(v_taken))
        ));
    end if;
  end if;
  return null;
end
$function$;
alter function inventory.keep_location_codes_apart() owner to stockade_owner;
comment on function inventory.keep_location_codes_apart() is
  'Refuses a code that would be the code of a location and an alias, also when both are written at the same time, and an alias that is no code. Raises SK206 with the code, SK304; 25001 in a transaction that is not read committed.';
revoke execute on function inventory.keep_location_codes_apart() from public;

-- inventory.kind_sign(text)
CREATE OR REPLACE FUNCTION inventory.kind_sign(p_kind text)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case p_kind
    when 'receipt' then 1
    when 'return' then 1
    when 'issue' then -1
    when 'adjustment' then 0
    when 'transfer' then 0
    when 'opening' then 0
    when 'count' then 0
    when 'reversal' then 0
  end
$function$;
alter function inventory.kind_sign(text) owner to stockade_owner;
comment on function inventory.kind_sign(text) is
  'The sign that the quantities of a kind of entry must have: 1, -1, or 0 when both are allowed. Null when there is no such kind.';
revoke execute on function inventory.kind_sign(text) from public;
grant execute on function inventory.kind_sign(text) to stockade_ledger;

-- inventory.lease_reconciliation(uuid,interval)
CREATE OR REPLACE FUNCTION inventory.lease_reconciliation(p_org_id uuid, p_lease interval)
 RETURNS TABLE(org_id uuid, lease uuid)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
#variable_conflict use_column
declare
  -- A constant: a function that changes within a statement would be compared with every row.
  v_now constant timestamptz := clock_timestamp();
  v_org_id uuid;
begin
  if (now() + p_lease between now() and now() + interval '1 hour') is not true then
    raise exception 'a lease is an hour at most, not %', p_lease using errcode = '22023';
  end if;
  -- Statements of their own: one for both would be planned for neither.
  if p_org_id is null then
    insert into inventory.reconciliation_state (org_id)
    select o.id
    from tenancy.organizations o
    where not exists (select from inventory.reconciliation_state s where s.org_id = o.id)
    order by o.id
    on conflict (org_id) do nothing;
    select due.org_id
    into v_org_id
    from inventory.reconciliation_state due
    where due.due_at <= v_now
      and (due.leased_until is null or due.leased_until <= v_now)
    order by due.due_at, due.org_id
    limit 1
    for update skip locked;
  else
    insert into inventory.reconciliation_state (org_id)
    select o.id from tenancy.organizations o where o.id = p_org_id
    on conflict (org_id) do nothing;
    select asked.org_id
    into v_org_id
    from inventory.reconciliation_state asked
    where asked.org_id = p_org_id
      and (asked.leased_until is null or asked.leased_until <= v_now)
    for update skip locked;
  end if;
  if v_org_id is null then
    return;
  end if;

  return query
  update inventory.reconciliation_state s
  set lease = gen_random_uuid(),
      leased_until = clock_timestamp() + p_lease,
      failures = s.failures + 1,
      -- After those that are due by now, and twice as far away each time it was not given back.
      due_at = greatest(s.due_at, clock_timestamp() + p_lease * 2 ^ least(s.failures, 6))
  where s.org_id = v_org_id
  returning s.org_id, s.lease;
end
$function$;
alter function inventory.lease_reconciliation(uuid,interval) owner to stockade_owner;
comment on function inventory.lease_reconciliation(uuid,interval) is
  'Takes an organization for reconciliation: p_org_id, or when it is null the one that has been due longest. No other run gets it for p_lease, unless it is given back before. Until then it counts as failed, and it is due again after p_lease, or after up to 64 times as long when it was not given back the times before. Returns no row when there is none to take. Raises 22023 when p_lease is longer than an hour.';
revoke execute on function inventory.lease_reconciliation(uuid,interval) from public;
grant execute on function inventory.lease_reconciliation(uuid,interval) to stockade_jobs;

-- inventory.ledger_triggers()
CREATE OR REPLACE FUNCTION inventory.ledger_triggers()
 RETURNS TABLE(name text, enabled text, digest text, written xid[])
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
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
$function$;
alter function inventory.ledger_triggers() owner to stockade_owner;
comment on function inventory.ledger_triggers() is
  'The triggers of the ledger: name, whether enabled (pg_trigger.tgenabled), SHA-256 of what it does when, its function included, and which transactions have written the rows of the trigger and of its function.';
revoke execute on function inventory.ledger_triggers() from public;
grant execute on function inventory.ledger_triggers() to stockade_jobs;

-- inventory.list_balances(integer,text,text,text,text,text,text)
CREATE OR REPLACE FUNCTION inventory.list_balances(p_limit integer, p_after_sku text, p_after_location text, p_after_lot text, p_sku text, p_location text, p_lot text)
 RETURNS SETOF json
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_page inventory.balances[];
  v_reached text;
begin
  select * into v_page, v_reached
  from inventory.balance_page(p_limit, p_after_sku, p_after_location, p_after_lot, p_sku, p_location, p_lot);
  return query
  select json_build_object(
    'sku', (select i.sku from inventory.items i where i.org_id = b.org_id and i.id = b.item_id),
    'location', (select l.code from inventory.locations l where l.org_id = b.org_id and l.id = b.location_id),
    'lot', nullif(b.lot, ''),
    'onHand', b.on_hand,
    'reserved', r.reserved,
    'available', b.on_hand - r.reserved,
    'version', b.version
  )
  from unnest(v_page) with ordinality as b
  cross join lateral (
    select inventory.reserved_now(b.org_id, b.item_id, b.location_id, b.lot, b.reserved) as reserved offset 0
  ) as r
  order by b.ordinality;
  if v_reached is not null then
    return next json_build_object('sku', v_reached, 'location', null);
  end if;
end
$function$;
alter function inventory.list_balances(integer,text,text,text,text,text,text) owner to stockade_owner;
comment on function inventory.list_balances(integer,text,text,text,text,text,text) is
  'The balances of inventory.balance_page() as the API shows them. A list that goes on after fewer than p_limit rows ends with one without a location, which has the SKU that the page ends at. Raises SK304 when p_limit is not that of a page.';
revoke execute on function inventory.list_balances(integer,text,text,text,text,text,text) from public;
grant execute on function inventory.list_balances(integer,text,text,text,text,text,text) to stockade_api;

-- inventory.list_balances_then(timestamp with time zone,text,integer,text,text,text,text,text,text)
CREATE OR REPLACE FUNCTION inventory.list_balances_then(p_as_of timestamp with time zone, p_basis text, p_limit integer, p_after_sku text, p_after_location text, p_after_lot text, p_sku text, p_location text, p_lot text)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_page inventory.balances[];
  v_reached text;
begin
  select * into v_page, v_reached
  from inventory.balance_page(p_limit, p_after_sku, p_after_location, p_after_lot, p_sku, p_location, p_lot);
  return jsonb_build_object('reached', v_reached) || inventory.balances_then(v_page, p_as_of, p_basis);
end
$function$;
alter function inventory.list_balances_then(timestamp with time zone,text,integer,text,text,text,text,text,text) owner to stockade_owner;
comment on function inventory.list_balances_then(timestamp with time zone,text,integer,text,text,text,text,text,text) is
  'A page of inventory.balance_page() as it was at an instant, {sealed, movements, rows, reached}: with the SKU that it ends at, or null. Raises SK209 when it would add up too many movements, SK304 when p_limit is not that of a page.';
revoke execute on function inventory.list_balances_then(timestamp with time zone,text,integer,text,text,text,text,text,text) from public;
grant execute on function inventory.list_balances_then(timestamp with time zone,text,integer,text,text,text,text,text,text) to stockade_api;

-- inventory.list_items(integer,text,text)
CREATE OR REPLACE FUNCTION inventory.list_items(p_limit integer, p_after_sku text, p_name text)
 RETURNS SETOF json
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_after constant text := coalesce(p_after_sku, '');
  v_id uuid;
begin
  perform tenancy.require_page(p_limit);
  if p_name is not null then
    v_id := inventory.find_item(p_name);
    return query
    select inventory.item_json(named)
    from (select * from inventory.items where id = v_id offset 0) as named
    where named.sku > v_after;
    return;
  end if;
  return query
  select inventory.item_json(t)
  from inventory.items t
  where t.sku > v_after
  order by t.sku
  limit p_limit;
end
$function$;
alter function inventory.list_items(integer,text,text) owner to stockade_owner;
comment on function inventory.list_items(integer,text,text) is
  'At most p_limit items of the organization that was entered, as the API shows them, in the order of the SKUs: those after p_after_sku, or the first ones; with p_name, the one that it names. Raises SK304 when p_limit is not that of a page.';
revoke execute on function inventory.list_items(integer,text,text) from public;
grant execute on function inventory.list_items(integer,text,text) to stockade_api;

-- inventory.list_locations(integer,text,text)
CREATE OR REPLACE FUNCTION inventory.list_locations(p_limit integer, p_after_code text, p_name text)
 RETURNS SETOF json
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_after constant text := coalesce(p_after_code, '');
  v_id uuid;
begin
  perform tenancy.require_page(p_limit);
  if p_name is not null then
    v_id := inventory.find_location(p_name);
    return query
    select inventory.location_json(named)
    from (select * from inventory.locations where id = v_id offset 0) as named
    where named.code > v_after;
    return;
  end if;
  return query
  select inventory.location_json(t)
  from inventory.locations t
  where t.code > v_after
  order by t.code
  limit p_limit;
end
$function$;
alter function inventory.list_locations(integer,text,text) owner to stockade_owner;
comment on function inventory.list_locations(integer,text,text) is
  'At most p_limit locations of the organization that was entered, as the API shows them, in the order of the codes: those after p_after_code, or the first ones; with p_name, the one that it names. Raises SK304 when p_limit is not that of a page.';
revoke execute on function inventory.list_locations(integer,text,text) from public;
grant execute on function inventory.list_locations(integer,text,text) to stockade_api;

-- inventory.list_movements(integer,uuid,integer,text,text,text,timestamp with time zone,timestamp with time zone)
CREATE OR REPLACE FUNCTION inventory.list_movements(p_limit integer, p_after_id uuid, p_after_line integer, p_sku text, p_location text, p_kind text, p_since timestamp with time zone, p_until timestamp with time zone)
 RETURNS SETOF json
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  -- No entry has one of these ids.
  v_first_id constant uuid := '00000000-0000-0000-0000-000000000000';
  v_last_id constant uuid := 'ffffffff-ffff-ffff-ffff-ffffffffffff';
  -- How many movements of the key one page of a kind looks at, and how many entries with all of their lines.
  v_most_walked constant integer := 500;
  v_most_entries constant integer := 100;
  v_at timestamptz := coalesce(p_until, 'infinity');
  v_entry_id uuid := case when p_until is null then v_last_id else v_first_id end;
  v_after_id uuid := coalesce(p_after_id, v_first_id);
  v_after_line integer := coalesce(p_after_line, 0);
  v_since constant timestamptz := coalesce(p_since, '-infinity');
  v_item_id uuid;
  v_location_id uuid;
  v_recorded_at timestamptz;
  v_walked inventory.movements[];
  v_page inventory.movements[];
  v_older uuid[];
  v_reached uuid;
begin
  perform tenancy.require_page(p_limit);
  if p_after_id is not null then
    select e.recorded_at into v_recorded_at from inventory.entries e where e.id = p_after_id;
    if not found then
      return;
    end if;
    -- A cursor may come with an earlier end than its list had.
    if v_recorded_at < v_at then
      v_at := v_recorded_at;
      v_entry_id := p_after_id;
    end if;
  end if;
  if p_sku is not null then
    v_item_id := inventory.find_item(p_sku);
    if v_item_id is null then
      return;
    end if;
  end if;
  if p_location is not null then
    v_location_id := inventory.find_location(p_location);
    if v_location_id is null then
      return;
    end if;
  end if;

  if v_item_id is null and v_location_id is null then
    v_page := inventory.movements_of_all(p_limit, v_at, v_entry_id, v_after_id, v_after_line, v_since, p_kind);
  elsif p_kind is null then
    v_page := inventory.movements_of_key(
      p_limit, v_at, v_entry_id, v_after_id, v_after_line, v_since, v_item_id, v_location_id
    );
  else
    -- No index has the kind of a movement, and one would cost every posting. So a page looks at a bounded number of rows, from
    -- both sides: the newest movements of the key, which are enough for a kind that is frequent there,
    v_walked := inventory.movements_of_key(
      v_most_walked, v_at, v_entry_id, v_after_id, v_after_line, v_since, v_item_id, v_location_id
    );
    v_page := array(
      select m
      from unnest(v_walked) as m
      where (select e.kind from inventory.entries e where e.org_id = m.org_id and e.id = m.entry_id) = p_kind
      order by m.recorded_at desc, m.entry_id desc, m.line
      limit p_limit
    );
    -- then the lines of older entries of this kind, which are enough for a kind that is rare.
    if cardinality(v_page) < p_limit and cardinality(v_walked) = v_most_walked then
      v_at := v_walked[v_most_walked].recorded_at;
      v_after_id := v_walked[v_most_walked].entry_id;
      v_after_line := v_walked[v_most_walked].line;
      v_older := array(
        select older.id
        from (
          select e.id, e.kind, e.recorded_at
          from inventory.entries e
          where (e.kind, e.recorded_at, e.id) <= (p_kind, v_at, v_after_id)
          order by e.kind desc, e.recorded_at desc, e.id desc
          limit v_most_entries
        ) as older
        where older.kind = p_kind and older.recorded_at >= v_since
      );
      v_page := v_page || array(
        select line.m
        -- In their order from the beginning: the lines of the first ones are often enough.
        from (select * from unnest(v_older) with ordinality as older (id, n) order by older.n) as older
        cross join lateral (
          select m
          from inventory.movements m
          where m.entry_id = older.id
            and (m.entry_id <> v_after_id or m.line > v_after_line)
            and (v_item_id is null or m.item_id = v_item_id)
            and (v_location_id is null or m.location_id = v_location_id)
          order by m.line
          offset 0
        ) as line
        order by older.n, (line.m).line
        limit p_limit - cardinality(v_page)
      );
      -- A page that is not full then ends after the last entry that it has looked at.
      if cardinality(v_page) < p_limit and cardinality(v_older) = v_most_entries then
        v_reached := v_older[v_most_entries];
      end if;
    end if;
  end if;

  -- What a movement refers to is looked up by its key, movement by movement.
  return query
  select json_build_object(
    'movementId', m.entry_id || '.' || m.line,
    'entryId', m.entry_id,
    'line', m.line,
    'kind', e.kind,
    'reference', e.reference,
    'sku', (select i.sku from inventory.items i where i.org_id = m.org_id and i.id = m.item_id),
    'location', (select l.code from inventory.locations l where l.org_id = m.org_id and l.id = m.location_id),
    'lot', nullif(m.lot, ''),
    'quantity', m.quantity,
    'occurredAt', inventory.iso(m.occurred_at),
    'recordedAt', inventory.iso(m.recorded_at)
  )
  from unnest(v_page) as m
  cross join lateral (
    select e.kind, e.reference from inventory.entries e where e.org_id = m.org_id and e.id = m.entry_id offset 0
  ) as e
  order by m.recorded_at desc, m.entry_id desc, m.line;
  if v_reached is not null then
    -- More than the lines of any entry.
    return next json_build_object('movementId', null, 'entryId', v_reached, 'line', 999999999);
  end if;
end
$function$;
alter function inventory.list_movements(integer,uuid,integer,text,text,text,timestamp with time zone,timestamp with time zone) owner to stockade_owner;
comment on function inventory.list_movements(integer,uuid,integer,text,text,text,timestamp with time zone,timestamp with time zone) is
  'At most p_limit movements of the organization that was entered, as the API shows them, the newest first: those after a line of an entry, of an item, at a location, of a kind, recorded from p_since on and before p_until; null for any. Of a kind together with an item or a location, a list that goes on after fewer rows ends with a row whose movementId is null. Raises SK304 when p_limit is not that of a page.';
revoke execute on function inventory.list_movements(integer,uuid,integer,text,text,text,timestamp with time zone,timestamp with time zone) from public;
grant execute on function inventory.list_movements(integer,uuid,integer,text,text,text,timestamp with time zone,timestamp with time zone) to stockade_api;

-- inventory.list_reconciliations(integer,uuid)
CREATE OR REPLACE FUNCTION inventory.list_reconciliations(p_limit integer, p_before_id uuid)
 RETURNS SETOF json
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_before_id constant uuid := coalesce(p_before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
begin
  perform tenancy.require_page(p_limit);
  return query
  select json_build_object(
    'id', r.id,
    'kind', r.kind,
    'status', r.status,
    'startedAt', inventory.iso(r.started_at),
    'finishedAt', inventory.iso(r.finished_at),
    'keysChecked', r.keys_checked,
    'movementsRead', r.movements_read,
    'found', r.found,
    'corrected', r.corrected,
    'alerted', r.alerted,
    'sealSeq', r.seal_seq,
    'newestEntryId', r.newest_entry,
    'lagSeconds', r.lag_seconds,
    'error', r.error,
    'triggerFaults', r.trigger_faults,
    'discrepancies', coalesce((
      select json_agg(json_build_object(
        'sku', (select i.sku from inventory.items i where i.org_id = d.org_id and i.id = d.item_id),
        'location', (select l.code from inventory.locations l where l.org_id = d.org_id and l.id = d.location_id),
        'lot', nullif(d.lot, ''),
        'stored', case when d.stored_version is not null then json_build_object(
          'onHand', d.stored_on_hand, 'reserved', d.stored_reserved, 'version', d.stored_version) end,
        'computed', case when d.computed_version is not null then json_build_object(
          'onHand', d.computed_on_hand, 'reserved', d.computed_reserved, 'version', d.computed_version) end,
        'cause', d.cause,
        'detail', d.detail,
        'action', d.action
      ) order by d.number)
      from inventory.discrepancies d
      where d.org_id = r.org_id and d.run_id = r.id and d.number <= 100
    ), '[]')
  )
  from inventory.reconciliation_runs r
  where r.id < v_before_id
  order by r.id desc
  limit p_limit;
end
$function$;
alter function inventory.list_reconciliations(integer,uuid) owner to stockade_owner;
comment on function inventory.list_reconciliations(integer,uuid) is
  'At most p_limit runs of the organization that was entered, each with its first hundred discrepancies, the newest first: those before p_before_id, or the newest ones. Raises SK304 when p_limit is not that of a page.';
revoke execute on function inventory.list_reconciliations(integer,uuid) from public;
grant execute on function inventory.list_reconciliations(integer,uuid) to stockade_api;

-- inventory.list_reservations(integer,uuid,text,text,text,text)
CREATE OR REPLACE FUNCTION inventory.list_reservations(p_limit integer, p_before_id uuid, p_sku text, p_location text, p_reference text, p_state text)
 RETURNS json
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  -- How many reservations, or lines of an item or a location, one page looks at; those that have expired are of two kinds, and it looks
  -- at as many of each. And how many lines it shows.
  v_most_walked constant integer := case p_state when 'expired' then 250 else 500 end;
  v_most_lines constant integer := 1000;
  v_before constant uuid := coalesce(p_before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  v_item_id uuid;
  v_location_id uuid;
  v_walked uuid[];
  v_found uuid[];
  v_shown uuid[];
  v_next uuid;
begin
  perform tenancy.require_page(p_limit);
  if p_sku is not null then
    v_item_id := inventory.find_item(p_sku);
  end if;
  if p_location is not null then
    v_location_id := inventory.find_location(p_location);
  end if;
  if p_sku is not null and v_item_id is null or p_location is not null and v_location_id is null then
    return json_build_object('rows', '[]'::json, 'next', null);
  end if;

  -- Each is read from the index that has exactly its order. What it is about and the id are compared as one row, and the order names
  -- both: with `=`, Postgres would expect one row, could take another index, and sort. What follows the last row is left out.
  if p_sku is not null then
    v_walked := array(
      select newest.reservation_id
      from (
        select l.item_id, l.reservation_id
        from inventory.reservation_lines l
        where (l.item_id, l.reservation_id) < (v_item_id, v_before)
        order by l.item_id desc, l.reservation_id desc, l.line desc
        limit v_most_walked
      ) as newest
      where newest.item_id = v_item_id
    );
  elsif p_location is not null then
    v_walked := array(
      select newest.reservation_id
      from (
        select l.location_id, l.reservation_id
        from inventory.reservation_lines l
        where (l.location_id, l.reservation_id) < (v_location_id, v_before)
        order by l.location_id desc, l.reservation_id desc, l.line desc
        limit v_most_walked
      ) as newest
      where newest.location_id = v_location_id
    );
  elsif p_reference is not null then
    v_walked := array(
      select newest.id
      from (
        select r.reference, r.id
        from inventory.reservations r
        where (r.reference, r.id) < (p_reference, v_before) and r.reference is not null
        order by r.reference desc, r.id desc
        limit v_most_walked
      ) as newest
      where newest.reference = p_reference
    );
  elsif p_state is not null then
    v_walked := array(
      select newest.id
      from (values (p_state), (case when p_state = 'expired' then 'open' end)) as stored (state)
      cross join lateral (
        select r.state, r.id
        from inventory.reservations r
        where (r.state, r.id) < (stored.state, v_before)
        order by r.state desc, r.id desc
        limit v_most_walked
      ) as newest
      where newest.state = stored.state
      order by newest.id desc
      limit v_most_walked
    );
  else
    v_walked := array(
      select r.id from inventory.reservations r where r.id < v_before order by r.id desc limit v_most_walked
    );
  end if;

  v_found := array(
    select k.id
    from (select distinct w.id from unnest(v_walked) as w (id)) as k
    cross join lateral (
      select r.reference, r.state, r.expires_at from inventory.reservations r where r.id = k.id offset 0
    ) as r
    where (p_reference is null or r.reference = p_reference)
      and (p_state is null or inventory.reservation_state(r.state, r.expires_at, now()) = p_state)
      and (p_sku is null or p_location is null or exists (
        select
        from inventory.reservation_lines l
        where l.reservation_id = k.id and l.item_id = v_item_id and l.location_id = v_location_id
      ))
    order by k.id desc
    limit p_limit + 1
  );
  -- A reservation has up to a thousand lines: a page of many ends earlier.
  v_shown := array(
    select f.id
    from (
      select f.id, f.n, sum(c.lines) over (order by f.n) as lines
      from unnest(v_found) with ordinality as f (id, n)
      cross join lateral (
        select count(*) as lines from inventory.reservation_lines l where l.reservation_id = f.id
      ) as c
    ) as f
    where f.n = 1 or f.n <= p_limit and f.lines <= v_most_lines
    order by f.n
  );
  v_next := case
    when cardinality(v_shown) < cardinality(v_found) then v_shown[cardinality(v_shown)]
    when cardinality(v_walked) = v_most_walked then v_walked[v_most_walked]
  end;
  return json_build_object(
    'rows', (
      select coalesce(json_agg(inventory.show_reservation(shown.id, now()) order by shown.n), '[]')
      from unnest(v_shown) with ordinality as shown (id, n)
    ),
    'next', v_next
  );
end
$function$;
alter function inventory.list_reservations(integer,uuid,text,text,text,text) owner to stockade_owner;
comment on function inventory.list_reservations(integer,uuid,text,text,text,text) is
  'At most p_limit reservations of the organization that was entered, as the API shows them, the newest first: those before p_before_id, with a line of an item, at a location (or a line of both), of a reference, in a state; null for any. {rows, next}: next is the id that the next page begins before, null at the end. A page may have fewer rows than that although the list goes on. Raises SK304 when p_limit is not that of a page.';
revoke execute on function inventory.list_reservations(integer,uuid,text,text,text,text) from public;
grant execute on function inventory.list_reservations(integer,uuid,text,text,text,text) to stockade_api;

-- inventory.list_seals(integer,bigint)
CREATE OR REPLACE FUNCTION inventory.list_seals(p_limit integer, p_before_seq bigint)
 RETURNS SETOF json
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_before_seq constant bigint := coalesce(p_before_seq, 9223372036854775807);
begin
  perform tenancy.require_page(p_limit);
  return query
  select json_build_object('seal', inventory.seal_json(s), 'anchor', (
    select json_build_object('key', key, 'versionId', version_id, 'anchoredAt', inventory.iso(anchored_at))
    from inventory.seal_anchors a
    where a.org_id = s.org_id and a.seq = s.seq
    order by a.anchored_at desc
    limit 1
  ))
  from inventory.seals s
  where s.seq < v_before_seq
  order by s.seq desc
  limit p_limit;
end
$function$;
alter function inventory.list_seals(integer,bigint) owner to stockade_owner;
comment on function inventory.list_seals(integer,bigint) is
  'At most p_limit seals of the organization that was entered, {seal, anchor}, the newest first: those before p_before_seq, or the newest ones. Raises SK304 when p_limit is not that of a page.';
revoke execute on function inventory.list_seals(integer,bigint) from public;
grant execute on function inventory.list_seals(integer,bigint) to stockade_api;

-- inventory.lock_balances(uuid[],uuid[],text[])
CREATE OR REPLACE FUNCTION inventory.lock_balances(p_items uuid[], p_locations uuid[], p_lots text[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  perform
  from (
    select distinct k.item_id, k.location_id, k.lot
    from unnest(p_items, p_locations, p_lots) as k (item_id, location_id, lot)
    order by 1, 2, 3
  ) as k
  cross join lateral (
    select
    from inventory.balances b
    where b.item_id = k.item_id and b.location_id = k.location_id and b.lot = k.lot
    for update
  ) as b;
end
$function$;
alter function inventory.lock_balances(uuid[],uuid[],text[]) owner to stockade_owner;
comment on function inventory.lock_balances(uuid[],uuid[],text[]) is
  'Locks balances of the organization that was entered in the order of the triggers. What is read in a later statement is what everybody has committed until then. One that does not exist yet is not locked.';
revoke execute on function inventory.lock_balances(uuid[],uuid[],text[]) from public;

-- inventory.lot_fault(text,text)
CREATE OR REPLACE FUNCTION inventory.lot_fault(p_tracking text, p_lot text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case
    when p_tracking = 'lot' and p_lot = '' then 'this item is tracked by lot: name the lot'
    when p_tracking = 'none' and p_lot <> '' then 'this item is not tracked by lot: leave the lot out'
  end
$function$;
alter function inventory.lot_fault(text,text) owner to stockade_owner;
comment on function inventory.lot_fault(text,text) is
  'What is wrong with the lot of a line, '''' being none, for an item of this tracking; null when it fits.';
revoke execute on function inventory.lot_fault(text,text) from public;
grant execute on function inventory.lot_fault(text,text) to stockade_ledger;

-- inventory.make_import_items(uuid,text[],text[],jsonb)
CREATE OR REPLACE FUNCTION inventory.make_import_items(p_org_id uuid, p_skus text[], p_names text[], p_options jsonb)
 RETURNS bigint
 LANGUAGE sql
 SET search_path TO ''
AS $function$
  with made as (
    insert into inventory.items (org_id, sku, name, unit, tracking, allow_negative)
    select
      p_org_id, s.sku, coalesce(s.name, s.sku), p_options ->> 'unit',
      p_options ->> 'tracking', (p_options ->> 'allowNegative')::boolean
    from unnest(p_skus, p_names) as s (sku, name)
    order by s.sku
    on conflict (org_id, sku) do nothing
    returning id
  )
  select count(*) from made
$function$;
alter function inventory.make_import_items(uuid,text[],text[],jsonb) owner to stockade_owner;
comment on function inventory.make_import_items(uuid,text[],text[],jsonb) is
  'Creates the missing items of a batch and returns how many, in the order of their SKUs, so that two imports that create the same ones cannot deadlock.';
revoke execute on function inventory.make_import_items(uuid,text[],text[],jsonb) from public;

-- inventory.make_import_locations(uuid,text[])
CREATE OR REPLACE FUNCTION inventory.make_import_locations(p_org_id uuid, p_codes text[])
 RETURNS bigint
 LANGUAGE sql
 SET search_path TO ''
AS $function$
  with made as (
    insert into inventory.locations (org_id, code, name)
    select p_org_id, s.code, s.code
    from unnest(p_codes) as s (code)
    order by s.code
    on conflict (org_id, code) do nothing
    returning id
  )
  select count(*) from made
$function$;
alter function inventory.make_import_locations(uuid,text[]) owner to stockade_owner;
comment on function inventory.make_import_locations(uuid,text[]) is
  'Creates the missing locations of a batch and returns how many, in the order of their codes, so that two imports that create the same ones cannot deadlock.';
revoke execute on function inventory.make_import_locations(uuid,text[]) from public;

-- inventory.merkle_level(bytea,integer,integer)
CREATE OR REPLACE FUNCTION inventory.merkle_level(p_nodes bytea, p_stride integer, p_offset integer)
 RETURNS bytea
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
 SET jit TO 'off'
AS $function$
  select
    coalesce(
      string_agg(
        sha256(
          case p_stride
            -- Hashes without anything between them: both children are one piece.
            when 32 then '\x01'::bytea || substring(p_nodes from 64 * i + 1 for 64)
            else '\x01'::bytea
              || substring(p_nodes from 2 * i * p_stride + p_offset + 1 for 32)
              || substring(p_nodes from (2 * i + 1) * p_stride + p_offset + 1 for 32)
          end
        ),
        -- generate_series counts upwards, and a sort would cost as much as the hashes.
        ''
      ),
      ''
    )
    || case length(p_nodes) / p_stride % 2
      when 1 then substring(p_nodes from length(p_nodes) - p_stride + p_offset + 1 for 32)
      else ''
    end
  from generate_series(0, length(p_nodes) / p_stride / 2 - 1) as i
$function$;
alter function inventory.merkle_level(bytea,integer,integer) owner to stockade_owner;
comment on function inventory.merkle_level(bytea,integer,integer) is
  'The next level of a Merkle tree: the hash of each pair of nodes; a last node without a partner stays as it is. Nodes stand every p_stride bytes, their hash at p_offset.';
revoke execute on function inventory.merkle_level(bytea,integer,integer) from public;

-- inventory.movement_in_seal(uuid,integer,integer)
CREATE OR REPLACE FUNCTION inventory.movement_in_seal(p_entry_id uuid, p_line integer, p_most_seals integer)
 RETURNS json
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_leaf constant bytea := uuid_send(p_entry_id) || int4send(p_line);
begin
  return (
    select json_build_object(
      'organizationId', m.org_id,
      'movement', json_build_object(
        'entryId', m.entry_id, 'line', m.line, 'itemId', m.item_id, 'locationId', m.location_id,
        'quantity', m.quantity::text, 'lot', m.lot,
        'occurredAt', inventory.iso(m.occurred_at), 'recordedAt', inventory.iso(m.recorded_at),
        'entryOccurredAt', case when s.version > 1 then inventory.iso(e.occurred_at) end,
        'entryRecordedAt', case when s.version > 1 then inventory.iso(e.recorded_at) end,
        'kind', e.kind, 'reference', e.reference, 'actor', e.actor, 'reverses', e.reverses,
        'metadata', e.metadata::text
      ),
      'seal', s.shown,
      'page', p.page,
      'leaves', encode(p.leaves, 'hex'),
      'roots', (
        select json_agg(encode(r.root, 'hex') order by r.page)
        from inventory.seal_pages r
        where r.org_id = m.org_id and r.seq = s.seq
      ),
      'following', (
        select json_agg(json_build_object('seal', inventory.seal_json(f), 'anchor', a.shown) order by f.seq)
        from inventory.seals f
        left join lateral (
          select json_build_object('key', key, 'versionId', version_id, 'anchoredAt', inventory.iso(anchored_at)) as shown
          from inventory.seal_anchors
          where org_id = f.org_id and seq = f.seq
          order by anchored_at desc
          limit 1
        ) as a on true
        where f.org_id = m.org_id and f.seq between s.seq and s.seq + p_most_seals
      )
    )
    from inventory.movements m
    join inventory.entries e on e.org_id = m.org_id and e.id = m.entry_id
    left join lateral (
      select s.seq, s.version, inventory.seal_json(s) as shown
      from inventory.seals s
      where s.org_id = m.org_id and s.boundary >= m.entry_id
      order by s.boundary
      limit 1
    ) as s on true
    left join lateral (
      select page, leaves
      from inventory.seal_pages
      where org_id = m.org_id and seq = s.seq and last_leaf >= v_leaf
      order by page
      limit 1
    ) as p on true
    where m.entry_id = p_entry_id and m.line = p_line
  );
end
$function$;
alter function inventory.movement_in_seal(uuid,integer,integer) owner to stockade_owner;
comment on function inventory.movement_in_seal(uuid,integer,integer) is
  'What a proof that a movement is in a seal is made of: the movement, the seal, its page of leaves and the roots of all pages in hex, and the seal and at most p_most_seals after it with their anchors. Null when there is no such movement.';
revoke execute on function inventory.movement_in_seal(uuid,integer,integer) from public;
grant execute on function inventory.movement_in_seal(uuid,integer,integer) to stockade_api;

-- inventory.new_id()
CREATE OR REPLACE FUNCTION inventory.new_id()
 RETURNS uuid
 LANGUAGE sql
 PARALLEL SAFE
AS $function$select pg_catalog.uuidv7()$function$;
alter function inventory.new_id() owner to stockade_owner;
comment on function inventory.new_id() is
  'A new time-ordered id (UUID version 7), so that new rows land at the end of their index.';
revoke execute on function inventory.new_id() from public;
grant execute on function inventory.new_id() to stockade_admin, stockade_ledger;

-- inventory.no_such_item(text)
CREATE OR REPLACE FUNCTION inventory.no_such_item(p_sku text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select format('there is no item with the SKU %s', to_json(p_sku))
$function$;
alter function inventory.no_such_item(text) owner to stockade_owner;
comment on function inventory.no_such_item(text) is
  'What is wrong with a line that names an unknown item.';
revoke execute on function inventory.no_such_item(text) from public;
grant execute on function inventory.no_such_item(text) to stockade_ledger;

-- inventory.no_such_location(text)
CREATE OR REPLACE FUNCTION inventory.no_such_location(p_code text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select format('there is no location with the code %s', to_json(p_code))
$function$;
alter function inventory.no_such_location(text) owner to stockade_owner;
comment on function inventory.no_such_location(text) is
  'What is wrong with a line that names an unknown location.';
revoke execute on function inventory.no_such_location(text) from public;
grant execute on function inventory.no_such_location(text) to stockade_ledger;

-- inventory.note_seal_anchor(bigint,text,text,text)
CREATE OR REPLACE FUNCTION inventory.note_seal_anchor(p_seq bigint, p_bucket text, p_key text, p_version_id text)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
  insert into inventory.seal_anchors (org_id, seq, bucket, key, version_id)
  values (tenancy.require_scope('write'), p_seq, p_bucket, p_key, p_version_id)
  on conflict (org_id, seq, bucket) do nothing
$function$;
alter function inventory.note_seal_anchor(bigint,text,text,text) owner to stockade_owner;
comment on function inventory.note_seal_anchor(bigint,text,text,text) is
  'Notes where a seal of the organization that was entered is stored outside of the database; the first note stays. Raises 23503 when there is no such seal, SK902 when no organization was entered, SK104 when the caller may not write.';
revoke execute on function inventory.note_seal_anchor(bigint,text,text,text) from public;
grant execute on function inventory.note_seal_anchor(bigint,text,text,text) to stockade_jobs;

-- inventory.note_trigger_states(text,text)
CREATE OR REPLACE FUNCTION inventory.note_trigger_states(p_kind text, p_command text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
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
$function$;
alter function inventory.note_trigger_states(text,text) owner to stockade_owner;
comment on function inventory.note_trigger_states(text,text) is
  'Notes the state of the ledger''s triggers when it differs from the last note, or when a watch begins (p_kind watch).';
revoke execute on function inventory.note_trigger_states(text,text) from public;

-- inventory.post_entries(text,jsonb)
CREATE OR REPLACE FUNCTION inventory.post_entries(p_mode text, p_entries jsonb)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_context constant text[] := tenancy.require_context('write');
  v_org_id constant uuid := v_context[2];
  v_entries jsonb;
  v_results json[] := '{}';
  v_error jsonb;
  v_message text;
  v_detail text;
  v_constraint text;
  v_table text;
begin
  perform inventory.require_batch(p_mode, p_entries);
  begin
    return inventory.post_entries_together(v_org_id, v_context[3], p_entries);
  exception
    when others then
      if not inventory.is_refusal(sqlstate) then
        raise;
      end if;
  end;

  -- At least one entry is refused, or a line names its item or location by an alias. With the codes that they have now, none does.
  select jsonb_agg(
    jsonb_set(e.value, '{lines}', coalesce(inventory.current_codes(e.value -> 'lines'), '[]')) order by e.n
  )
  into v_entries
  from jsonb_array_elements(p_entries) with ordinality as e (value, n);
  if v_entries <> p_entries then
    begin
      return inventory.post_entries_together(v_org_id, v_context[3], v_entries);
    exception
      when others then
        if not inventory.is_refusal(sqlstate) then
          raise;
        end if;
    end;
  end if;

  -- Posted one after the other, each gets its own answer.
  perform inventory.hold_batch_balances(v_org_id, v_entries);
  for v_index in 0..jsonb_array_length(v_entries) - 1 loop
    begin
      v_results := v_results || json_build_object('entry', inventory.post_entry(v_entries -> v_index));
    exception
      when others then
        if not inventory.is_refusal(sqlstate) then
          raise;
        end if;
        get stacked diagnostics
          v_message = message_text, v_detail = pg_exception_detail, v_constraint = constraint_name, v_table = table_name;
        v_error := jsonb_build_object(
          'code', sqlstate, 'message', v_message, 'detail', v_detail, 'constraint', v_constraint, 'table', v_table
        );
        if p_mode = 'atomic' then
          raise exception 'an entry of the batch is refused' using errcode = 'SK207',
            detail = json_build_object('entry', v_index, 'error', v_error);
        end if;
        v_results := v_results || json_build_object('error', v_error);
    end;
  end loop;
  return json_build_object('results', array_to_json(v_results));
end
$function$;
alter function inventory.post_entries(text,jsonb) owner to stockade_ledger;
comment on function inventory.post_entries(text,jsonb) is
  'Posts a batch of 1 to 1,000 entries in their order, each in the form that post_entry() takes. Mode atomic: all of them or none; raises SK207 with the number of the first entry that is refused and its error. Mode each: every entry that is not refused; an error of another kind, such as a value of the wrong type, ends the batch. Returns {results: [{entry} or {error: {code, message, detail, constraint, table}}]}, each entry as post_entry() returns it, each error as it raises it. Raises SK304 a batch out of its bounds, SK104 write scope missing.';
revoke execute on function inventory.post_entries(text,jsonb) from public;
grant execute on function inventory.post_entries(text,jsonb) to stockade_api;

-- inventory.post_entries_together(uuid,text,jsonb)
CREATE OR REPLACE FUNCTION inventory.post_entries_together(p_org_id uuid, p_actor text, p_entries jsonb)
 RETURNS json
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  v_recorded_at timestamptz(3) := clock_timestamp();
  v_kinds constant text[] := array(select e.value ->> 'kind' from jsonb_array_elements(p_entries) with ordinality as e (value, n) order by e.n);
  v_ids constant uuid[] := array(select inventory.new_id() from generate_series(1, jsonb_array_length(p_entries)));
  -- Of each entry: when it takes effect.
  v_times timestamptz[];
  -- Of each line, in the order of the entries: the number of its entry, its own number, and what it says.
  v_entries integer[];
  v_numbers integer[];
  v_skus text[];
  v_codes text[];
  v_items uuid[];
  v_locations uuid[];
  v_lots text[];
  v_quantities numeric[];
  v_expected bigint[];
  v_fits boolean;
  v_is_refused boolean;
  v_results json;
begin
  -- Each key is looked up once, however many lines it has. A sum has the decimals of its longest number, also if they are zeros.
  select
    array_agg(line.entry order by line.entry, line.number), array_agg(line.number order by line.entry, line.number),
    array_agg(k.sku order by line.entry, line.number), array_agg(k.location order by line.entry, line.number),
    array_agg(i.id order by line.entry, line.number), array_agg(l.id order by line.entry, line.number),
    array_agg(k.lot order by line.entry, line.number), array_agg(trim_scale(line.quantity) order by line.entry, line.number),
    array_agg(line.expected order by line.entry, line.number),
    count(distinct line.entry) = jsonb_array_length(p_entries)
      and bool_and(
        i.id is not null and l.id is not null and inventory.lot_fault(i.tracking, k.lot) is null
        and inventory.is_exact(line.quantity) is true and inventory.has_sign(line.kind, line.quantity)
      )
      and max(line.number) <= 1000
  into v_entries, v_numbers, v_skus, v_codes, v_items, v_locations, v_lots, v_quantities, v_expected, v_fits
  from (
    select
      line.sku, line.location, coalesce(line.lot, '') as lot, array_agg(e.n::integer) as entries,
      array_agg(line.n::integer) as numbers, array_agg(e.value ->> 'kind') as kinds,
      array_agg(line.quantity) as quantities, array_agg(line."expectedVersion") as expected
    from jsonb_array_elements(p_entries) with ordinality as e (value, n)
    cross join lateral rows from (
      jsonb_to_recordset(e.value -> 'lines')
        as (sku text, location text, lot text, quantity numeric, "expectedVersion" bigint)
    ) with ordinality as line (sku, location, lot, quantity, "expectedVersion", n)
    group by 1, 2, 3
  ) as k
  left join lateral (
    select i.id, i.tracking from inventory.items i where i.org_id = p_org_id and i.sku = k.sku offset 0
  ) as i on true
  left join lateral (
    select l.id from inventory.locations l where l.org_id = p_org_id and l.code = k.location offset 0
  ) as l on true
  cross join lateral unnest(k.entries, k.numbers, k.kinds, k.quantities, k.expected)
    as line (entry, number, kind, quantity, expected);

  select
    array_agg(coalesce((e.value ->> 'occurredAt')::timestamptz(3), v_recorded_at) order by e.n),
    v_fits and bool_and(inventory.ahead_fault((e.value ->> 'occurredAt')::timestamptz) is null)
  into v_times, v_fits
  from jsonb_array_elements(p_entries) with ordinality as e (value, n);

  if v_fits is not true or not v_kinds <@ inventory.postable_kinds() or 'transfer' = any (v_kinds) and exists (
    select
    from unnest(v_entries, v_items, v_locations, v_lots, v_quantities) as line (entry, item_id, location_id, lot, quantity)
    where v_kinds[line.entry] = 'transfer'
    group by grouping sets ((entry, item_id, lot), (entry, item_id, lot, location_id))
    having grouping(location_id) = 1 and sum(quantity) <> 0
      or grouping(location_id) = 0 and max(quantity) > 0 and min(quantity) < 0
  ) then
    raise exception 'an entry of the batch does not fit' using errcode = 'SK300';
  end if;

  insert into inventory.entries (org_id, id, kind, reference, occurred_at, recorded_at, actor, metadata)
  select
    p_org_id, e.id, e.value ->> 'kind', e.value ->> 'reference', e.occurred_at, v_recorded_at, p_actor,
    coalesce(e.value -> 'metadata', '{}')
  from rows from (jsonb_array_elements(p_entries), unnest(v_ids), unnest(v_times)) as e (value, id, occurred_at);

  insert into inventory.movements (org_id, entry_id, line, item_id, location_id, lot, quantity, occurred_at, recorded_at)
  select
    p_org_id, v_ids[line.entry], line.number, line.item_id, line.location_id, line.lot, line.quantity,
    v_times[line.entry], v_recorded_at
  from unnest(v_entries, v_numbers, v_items, v_locations, v_lots, v_quantities)
    as line (entry, number, item_id, location_id, lot, quantity);

  -- The trigger has seen all lines at once. Here each entry is held against the balances that it would have met alone: what is
  -- in the balance now, without the entries that come after it.
  select
    bool_or(answer.is_refused),
    json_build_object('results', json_agg(
      json_build_object('entry', inventory.posted_entry(
        v_ids[answer.entry], v_kinds[answer.entry], p_entries -> (answer.entry - 1) ->> 'reference',
        v_times[answer.entry], v_recorded_at, null, answer.lines
      ))
      order by answer.entry
    ))
  into v_is_refused, v_results
  from (
    select
      line.entry,
      bool_or(
        inventory.is_short(line.change, line.on_hand, line.reserved, line.allow_negative)
        -- A balance may be out of its bounds between two entries, and within them at the end.
        or not inventory.is_exact(line.change) or not inventory.is_exact(line.on_hand)
        or line.expected <> line.version - line.lines_of_entry
      ) as is_refused,
      json_agg(
        inventory.posted_line(
          v_ids[line.entry] || '.' || line.number, line.sku, line.code, line.lot, line.quantity,
          line.on_hand, line.reserved, line.version
        )
        order by line.number
      ) as lines
    from (
      select
        line.*,
        max(b.on_hand) over key - line.quantity_of_key + line.quantity_so_far as on_hand,
        max(b.reserved) over key as reserved,
        max(b.version) over key - line.lines_of_key + line.lines_so_far as version,
        bool_or(i.allow_negative) over key as allow_negative
      from (
        select
          line.*,
          row_number() over so_far as nth_of_key,
          sum(line.quantity) over so_far as quantity_so_far,
          count(*) over so_far as lines_so_far,
          sum(line.quantity) over key as quantity_of_key,
          count(*) over key as lines_of_key,
          sum(line.quantity) over key_entry as change,
          count(*) over key_entry as lines_of_entry
        from unnest(v_entries, v_numbers, v_skus, v_codes, v_items, v_locations, v_lots, v_quantities, v_expected)
          as line (entry, number, sku, code, item_id, location_id, lot, quantity, expected)
        window
          key as (partition by line.item_id, line.location_id, line.lot),
          -- The lines of one entry are peers: all of them are in the balance after it.
          so_far as (key order by line.entry),
          key_entry as (partition by line.item_id, line.location_id, line.lot, line.entry)
      ) as line
      left join lateral (
        select
          b.on_hand,
          inventory.reserved_now(p_org_id, line.item_id, line.location_id, line.lot, b.reserved) as reserved,
          b.version
        from inventory.balances b
        where line.nth_of_key = 1
          and b.org_id = p_org_id and b.item_id = line.item_id and b.location_id = line.location_id and b.lot = line.lot
        offset 0
      ) as b on true
      left join lateral (
        select i.allow_negative
        from inventory.items i
        where line.nth_of_key = 1 and i.org_id = p_org_id and i.id = line.item_id
        offset 0
      ) as i on true
      window key as (partition by line.item_id, line.location_id, line.lot)
    ) as line
    group by line.entry
  ) as answer;

  if v_is_refused then
    raise exception 'an entry of the batch meets too little stock, too much, or another version' using errcode = 'SK300';
  end if;
  return v_results;
end
$function$;
alter function inventory.post_entries_together(uuid,text,jsonb) owner to stockade_ledger;
comment on function inventory.post_entries_together(uuid,text,jsonb) is
  'Posts a batch of entries with one statement for all of their lines, and returns {results: [{entry}]}, each as post_entry() would have returned it. For post_entries(), which finds out what is wrong when it raises: SK300 when an entry would be refused, or has to be looked at on its own; SK201, 22003 and 23514 as post_entry().';
revoke execute on function inventory.post_entries_together(uuid,text,jsonb) from public;

-- inventory.post_entry(jsonb)
CREATE OR REPLACE FUNCTION inventory.post_entry(p_entry jsonb)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_context text[] := tenancy.require_context('write');
  v_org_id uuid := v_context[2];
  v_kind text := p_entry ->> 'kind';
  v_skus text[];
  v_codes text[];
  v_items uuid[];
  v_locations uuid[];
  v_lots text[];
  v_quantities numeric[];
  v_expected_versions bigint[];
  v_fits boolean;
  v_is_exact boolean;
  v_has_sign boolean;
  v_lines jsonb;
begin
  perform inventory.require_kinds(array[v_kind], inventory.postable_kinds());

  select
    array_agg(line.sku order by n), array_agg(line.location order by n),
    array_agg(i.id order by n), array_agg(l.id order by n), array_agg(coalesce(line.lot, '') order by n),
    array_agg(line.quantity order by n), array_agg(line."expectedVersion" order by n),
    bool_and(i.id is not null and l.id is not null and inventory.lot_fault(i.tracking, coalesce(line.lot, '')) is null),
    bool_and(inventory.is_exact(line.quantity) is true), bool_and(inventory.has_sign(v_kind, line.quantity))
  into v_skus, v_codes, v_items, v_locations, v_lots, v_quantities, v_expected_versions, v_fits, v_is_exact, v_has_sign
  from rows from (
    jsonb_to_recordset(p_entry -> 'lines')
      as (sku text, location text, lot text, quantity numeric, "expectedVersion" bigint)
  ) with ordinality as line (sku, location, lot, quantity, "expectedVersion", n)
  left join lateral (
    select i.id, i.tracking from inventory.items i where i.org_id = v_org_id and i.sku = line.sku offset 0
  ) as i on true
  left join lateral (
    select l.id from inventory.locations l where l.org_id = v_org_id and l.code = line.location offset 0
  ) as l on true;

  if v_fits is not true then
    -- Only a line without such a SKU or code may have an alias or another normal form. With the current codes, none has.
    v_lines := inventory.current_codes(p_entry -> 'lines');
    if v_lines <> p_entry -> 'lines' then
      return inventory.post_entry(jsonb_set(p_entry, '{lines}', v_lines));
    end if;
    perform inventory.raise_line_errors(p_entry -> 'lines');
    raise exception 'the entry has no lines' using errcode = 'SK301',
      detail = json_build_array(json_build_object('field', 'lines', 'message', 'is empty: an entry has at least one line'));
  end if;

  if not v_is_exact or cardinality(v_skus) > 1000 then
    perform inventory.raise_out_of_bounds(p_entry -> 'lines');
  end if;

  if v_kind = 'transfer' and exists (
    select from unnest(v_items, v_lots, v_quantities) as line (item_id, lot, quantity)
    group by item_id, lot
    having sum(quantity) <> 0
  ) then
    raise exception 'a transfer must sum to zero per item and lot' using errcode = 'SK302';
  end if;

  if v_kind = 'transfer' then
    perform inventory.refuse_round_trip(v_items, v_locations, v_lots, v_quantities);
  end if;

  if not v_has_sign then
    raise exception 'a line has the wrong sign for the kind %', v_kind using errcode = 'SK303';
  end if;

  return inventory.insert_entry(
    v_org_id, v_context[3], v_kind, p_entry ->> 'reference', (p_entry ->> 'occurredAt')::timestamptz,
    p_entry -> 'metadata', null, v_skus, v_codes, v_items, v_locations, v_lots, v_quantities, v_expected_versions
  );
end
$function$;
alter function inventory.post_entry(jsonb) owner to stockade_ledger;
comment on function inventory.post_entry(jsonb) is
  'Posts one entry, all of its lines or none: {kind, reference?, occurredAt?, metadata?, lines: [{sku, location, lot?, quantity, expectedVersion?}]}, quantities signed in the item''s own unit. Returns the posted entry with the balance each line left. Raises SK201 insufficient stock, SK202 stale balance, SK301 unknown item, location or lot, a transfer to where it comes from, or an effect in the future, SK302 unbalanced transfer, SK303 sign against kind, SK304 or 23514 a value out of its bounds, SK104 write scope missing.';
revoke execute on function inventory.post_entry(jsonb) from public;
grant execute on function inventory.post_entry(jsonb) to stockade_api, stockade_jobs;

-- inventory.post_import_entries(uuid,uuid,jsonb,text[],text[],text[],uuid[],uuid[],bigint[],integer[],integer[],integer[],text[],numeric[],text[])
CREATE OR REPLACE FUNCTION inventory.post_import_entries(p_org_id uuid, p_import_id uuid, p_options jsonb, p_kinds text[], p_references text[], p_times text[], p_item_ids uuid[], p_location_ids uuid[], p_lines bigint[], p_line_entries integer[], p_line_skus integer[], p_line_locations integer[], p_lots text[], p_quantities numeric[], p_reasons text[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  v_recorded_at timestamptz(3) := clock_timestamp();
  v_entry_ids uuid[] := array(select inventory.new_id() from generate_series(1, cardinality(p_kinds)));
  v_occurred_at timestamptz[] := array(
    select coalesce(at::timestamp at time zone (p_options ->> 'timeZone'), v_recorded_at)
    from unnest(p_times) with ordinality as t (at, n)
    order by n
  );
begin
  insert into inventory.entries (org_id, id, kind, reference, occurred_at, recorded_at, actor, metadata)
  select
    p_org_id, v_entry_ids[e.entry], p_kinds[e.entry], p_references[e.entry], v_occurred_at[e.entry], v_recorded_at,
    tenancy.current_actor(), jsonb_build_object('import', p_import_id, 'line', e.first_line)
  from (
    select line.entry, min(line.line) as first_line
    from unnest(p_lines, p_line_entries, p_reasons) as line (line, entry, reason)
    where line.reason is null
    group by line.entry
  ) as e
  order by e.entry;

  insert into inventory.movements (org_id, entry_id, line, item_id, location_id, lot, quantity, occurred_at, recorded_at)
  select
    p_org_id, v_entry_ids[m.entry], row_number() over (partition by m.entry order by m.n),
    p_item_ids[m.sku], p_location_ids[m.location], m.lot, m.quantity, v_occurred_at[m.entry], v_recorded_at
  from unnest(p_line_entries, p_line_skus, p_line_locations, p_lots, p_quantities, p_reasons)
    with ordinality as m (entry, sku, location, lot, quantity, reason, n)
  where m.reason is null
  order by m.n;
end
$function$;
alter function inventory.post_import_entries(uuid,uuid,jsonb,text[],text[],text[],uuid[],uuid[],bigint[],integer[],integer[],integer[],text[],numeric[],text[]) owner to stockade_owner;
comment on function inventory.post_import_entries(uuid,uuid,jsonb,text[],text[],text[],uuid[],uuid[],bigint[],integer[],integer[],integer[],text[],numeric[],text[]) is
  'Posts the entries of a batch with those of their lines that have no reason against them, which were checked before. Raises 22003 when a balance would exceed its digits.';
revoke execute on function inventory.post_import_entries(uuid,uuid,jsonb,text[],text[],text[],uuid[],uuid[],bigint[],integer[],integer[],integer[],text[],numeric[],text[]) from public;

-- inventory.postable_kinds()
CREATE OR REPLACE FUNCTION inventory.postable_kinds()
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select array['receipt', 'return', 'issue', 'adjustment', 'transfer', 'opening']
$function$;
alter function inventory.postable_kinds() owner to stockade_owner;
comment on function inventory.postable_kinds() is
  'The kinds of entry that a caller may post. The others, count and reversal, have functions of their own.';
revoke execute on function inventory.postable_kinds() from public;
grant execute on function inventory.postable_kinds() to stockade_ledger;

-- inventory.posted_entry(uuid,text,text,timestamp with time zone,timestamp with time zone,uuid,json)
CREATE OR REPLACE FUNCTION inventory.posted_entry(p_entry_id uuid, p_kind text, p_reference text, p_occurred_at timestamp with time zone, p_recorded_at timestamp with time zone, p_reverses uuid, p_lines json)
 RETURNS json
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
  select json_build_object(
    'entryId', p_entry_id,
    'kind', p_kind,
    'reference', p_reference,
    'occurredAt', inventory.iso(p_occurred_at),
    'recordedAt', inventory.iso(p_recorded_at),
    'reverses', p_reverses,
    'lines', p_lines
  )
$function$;
alter function inventory.posted_entry(uuid,text,text,timestamp with time zone,timestamp with time zone,uuid,json) owner to stockade_owner;
comment on function inventory.posted_entry(uuid,text,text,timestamp with time zone,timestamp with time zone,uuid,json) is
  'A posted entry as the API answers it, of lines made by posted_line().';
revoke execute on function inventory.posted_entry(uuid,text,text,timestamp with time zone,timestamp with time zone,uuid,json) from public;
grant execute on function inventory.posted_entry(uuid,text,text,timestamp with time zone,timestamp with time zone,uuid,json) to stockade_ledger;

-- inventory.posted_line(text,text,text,text,numeric,numeric,numeric,bigint)
CREATE OR REPLACE FUNCTION inventory.posted_line(p_movement_id text, p_sku text, p_location text, p_lot text, p_quantity numeric, p_on_hand numeric, p_reserved numeric, p_version bigint)
 RETURNS json
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
  select json_build_object(
    'movementId', p_movement_id,
    'sku', p_sku,
    'location', p_location,
    'lot', nullif(p_lot, ''),
    'quantity', p_quantity,
    'balance', json_build_object(
      'onHand', p_on_hand, 'reserved', p_reserved, 'available', p_on_hand - p_reserved, 'version', p_version
    )
  )
$function$;
alter function inventory.posted_line(text,text,text,text,numeric,numeric,numeric,bigint) owner to stockade_owner;
comment on function inventory.posted_line(text,text,text,text,numeric,numeric,numeric,bigint) is
  'A line of a posted entry as the API answers it, with the balance that its entry left.';
revoke execute on function inventory.posted_line(text,text,text,text,numeric,numeric,numeric,bigint) from public;
grant execute on function inventory.posted_line(text,text,text,text,numeric,numeric,numeric,bigint) to stockade_ledger;

-- inventory.raise_line_errors(jsonb)
CREATE OR REPLACE FUNCTION inventory.raise_line_errors(p_lines jsonb)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
declare
  v_errors json;
begin
  select json_agg(json_build_object('field', format('lines[%s].%s', n - 1, e.field), 'message', e.message) order by n, e.field)
  into v_errors
  from jsonb_array_elements(p_lines) with ordinality as line (value, n)
  left join lateral (
    select i.id, i.tracking
    from inventory.items i
    where i.org_id = (select tenancy.current_org()) and i.sku = line.value ->> 'sku'
    offset 0
  ) as i on true
  left join lateral (
    select l.id
    from inventory.locations l
    where l.org_id = (select tenancy.current_org()) and l.code = line.value ->> 'location'
    offset 0
  ) as l on true
  cross join lateral (
    values
      ('sku', case when i.id is null then inventory.no_such_item(line.value ->> 'sku') end),
      ('location', case when l.id is null then inventory.no_such_location(line.value ->> 'location') end),
      ('lot', inventory.lot_fault(i.tracking, coalesce(line.value ->> 'lot', '')))
  ) as e (field, message)
  where e.message is not null;

  if v_errors is not null then
    raise exception 'the entry names what does not exist' using errcode = 'SK301', detail = v_errors;
  end if;
end
$function$;
alter function inventory.raise_line_errors(jsonb) owner to stockade_ledger;
comment on function inventory.raise_line_errors(jsonb) is
  'Raises SK301 when a line of an entry names an item or a location that does not exist, or a lot that does not fit its item: DETAIL lists each line and field. Returns when there is nothing to report.';
revoke execute on function inventory.raise_line_errors(jsonb) from public;
grant execute on function inventory.raise_line_errors(jsonb) to stockade_owner;

-- inventory.raise_out_of_bounds(jsonb)
CREATE OR REPLACE FUNCTION inventory.raise_out_of_bounds(p_lines jsonb)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
declare
  v_errors json;
begin
  if jsonb_array_length(p_lines) > 1000 then
    v_errors := json_build_array(json_build_object('field', 'lines', 'message', 'must have at most 1000 lines'));
  else
    select json_agg(
      json_build_object(
        'field', format('lines[%s].quantity', n - 1),
        'message', format(
          'must be a number of at most fifteen digits, four of them decimals, but is %s',
          coalesce(left(line.value ->> 'quantity', 40), 'missing')
        )
      )
      order by n
    )
    into v_errors
    from jsonb_array_elements(p_lines) with ordinality as line (value, n)
    where inventory.is_exact((line.value ->> 'quantity')::numeric) is not true;
  end if;
  raise exception 'a value of the entry is out of its bounds' using errcode = 'SK304', detail = v_errors;
end
$function$;
alter function inventory.raise_out_of_bounds(jsonb) owner to stockade_owner;
comment on function inventory.raise_out_of_bounds(jsonb) is
  'Raises SK304 because an entry has too many lines, or quantities that would be rounded: DETAIL lists each field.';
revoke execute on function inventory.raise_out_of_bounds(jsonb) from public;
grant execute on function inventory.raise_out_of_bounds(jsonb) to stockade_ledger;

-- inventory.raise_stale_balances(uuid,text[],text[],uuid[],uuid[],text[],bigint[])
CREATE OR REPLACE FUNCTION inventory.raise_stale_balances(p_org_id uuid, p_skus text[], p_codes text[], p_items uuid[], p_locations uuid[], p_lots text[], p_expected_versions bigint[])
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
declare
  v_stale json;
begin
  select json_agg(
    json_build_object(
      'sku', line.sku,
      'location', line.code,
      'lot', nullif(line.lot, ''),
      'expectedVersion', line.expected_version,
      'version', b.version - line.of_this_key
    )
    order by line.n
  )
  into v_stale
  from (
    select *, count(*) over (partition by item_id, location_id, lot) as of_this_key
    from unnest(p_skus, p_codes, p_items, p_locations, p_lots, p_expected_versions)
      with ordinality as line (sku, code, item_id, location_id, lot, expected_version, n)
  ) as line
  -- By its key, and not in a join, for which all balances of the organization could be read.
  cross join lateral (
    select b.version
    from inventory.balances b
    where b.org_id = p_org_id and b.item_id = line.item_id and b.location_id = line.location_id and b.lot = line.lot
    offset 0
  ) as b
  where line.expected_version <> b.version - line.of_this_key;

  if v_stale is not null then
    raise exception 'a balance has changed since it was read' using errcode = 'SK202', detail = v_stale;
  end if;
end
$function$;
alter function inventory.raise_stale_balances(uuid,text[],text[],uuid[],uuid[],text[],bigint[]) owner to stockade_ledger;
comment on function inventory.raise_stale_balances(uuid,text[],text[],uuid[],uuid[],text[],bigint[]) is
  'Raises SK202 when the version of a balance, less the lines just applied to it, is not the version that its line expects: DETAIL lists every such line.';
revoke execute on function inventory.raise_stale_balances(uuid,text[],text[],uuid[],uuid[],text[],bigint[]) from public;

-- inventory.read_aliases(jsonb,text[])
CREATE OR REPLACE FUNCTION inventory.read_aliases(p_aliases jsonb, p_kept text[])
 RETURNS jsonb
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
declare
  v_errors json;
begin
  select json_agg(
    json_build_object('field', format('aliases[%s]', given.n - 1), 'message', 'has a form that no code has')
    order by given.n
  )
  into v_errors
  from jsonb_array_elements_text(p_aliases) with ordinality as given (alias, n)
  where given.alias <> all (p_kept) and not inventory.is_code(normalize(given.alias));
  if v_errors is not null then
    raise exception 'an alias has a form that no code has' using errcode = 'SK301', detail = v_errors;
  end if;
  return (
    select coalesce(jsonb_agg(case when given.alias = any (p_kept) then given.alias else normalize(given.alias) end), '[]')
    from jsonb_array_elements_text(p_aliases) as given (alias)
  );
end
$function$;
alter function inventory.read_aliases(jsonb,text[]) owner to stockade_owner;
comment on function inventory.read_aliases(jsonb,text[]) is
  'A list of aliases in their normal form, except for those of p_kept: an alias that was moved in may have any form, and stays. Raises SK301, with each field, for a new one of a form that no code has.';
revoke execute on function inventory.read_aliases(jsonb,text[]) from public;

-- inventory.read_lines(jsonb)
CREATE OR REPLACE FUNCTION inventory.read_lines(p_lines jsonb, OUT items uuid[], OUT locations uuid[], OUT lots text[], OUT quantities numeric[])
 RETURNS record
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
declare
  v_fits boolean;
  v_is_exact boolean;
  v_lines jsonb;
begin
  select
    array_agg(i.id order by n), array_agg(l.id order by n), array_agg(coalesce(line.lot, '') order by n),
    array_agg(line.quantity order by n),
    bool_and(i.id is not null and l.id is not null and inventory.lot_fault(i.tracking, coalesce(line.lot, '')) is null),
    bool_and(inventory.is_exact(line.quantity) is true) and count(*) <= 1000
  into items, locations, lots, quantities, v_fits, v_is_exact
  from rows from (
    jsonb_to_recordset(p_lines) as (sku text, location text, lot text, quantity numeric)
  ) with ordinality as line (sku, location, lot, quantity, n)
  left join lateral (
    select i.id, i.tracking from inventory.items i where i.sku = line.sku offset 0
  ) as i on true
  left join lateral (
    select l.id from inventory.locations l where l.code = line.location offset 0
  ) as l on true;

  if v_fits is not true then
    -- Only a line without such a SKU or code may have an alias or another normal form. With the current codes, none has.
    v_lines := inventory.current_codes(p_lines);
    if v_lines <> p_lines then
      select r.* into items, locations, lots, quantities from inventory.read_lines(v_lines) as r;
      return;
    end if;
    perform inventory.raise_line_errors(p_lines);
    raise exception 'there are no lines' using errcode = 'SK301',
      detail = json_build_array(json_build_object('field', 'lines', 'message', 'is empty: name at least one line'));
  end if;

  if not v_is_exact then
    perform inventory.raise_out_of_bounds(p_lines);
  end if;
  if exists (select from unnest(quantities) as q (quantity) where q.quantity <= 0) then
    raise exception 'a quantity is not greater than zero' using errcode = 'SK303';
  end if;
end
$function$;
alter function inventory.read_lines(jsonb) owner to stockade_owner;
comment on function inventory.read_lines(jsonb) is
  'The lines [{sku, location, lot?, quantity}] of a request of the organization that was entered, with the ids that they name. Raises SK301 unknown item, location or lot, or no lines; SK303 a quantity that is not greater than zero; SK304 too many lines, or a quantity that would be rounded.';
revoke execute on function inventory.read_lines(jsonb) from public;

-- inventory.rebuild_balances(uuid,uuid[],uuid[],text[])
CREATE OR REPLACE FUNCTION inventory.rebuild_balances(p_org_id uuid, p_items uuid[], p_locations uuid[], p_lots text[])
 RETURNS TABLE(movements bigint, changed bigint)
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  v_movements bigint;
  v_wrong bigint[];
  v_on_hand numeric[];
  v_reserved numeric[];
  v_version bigint[];
  v_changed bigint;
begin
  -- Two statements: a single one would not see the rows that hold_balances() creates.
  select
    coalesce(sum(h.computed_version), 0),
    array_agg(h.n) filter (where differs),
    array_agg(h.computed_on_hand) filter (where differs),
    array_agg(h.computed_reserved) filter (where differs),
    array_agg(h.computed_version) filter (where differs)
  into v_movements, v_wrong, v_on_hand, v_reserved, v_version
  from inventory.hold_balances(p_org_id, p_items, p_locations, p_lots) h
  cross join lateral (
    select (h.stored_on_hand, h.stored_reserved, h.stored_version)
      <> (h.computed_on_hand, h.computed_reserved, h.computed_version) as differs
  ) as d;

  update inventory.balances b
  set on_hand = w.on_hand,
      reserved = w.reserved,
      version = w.version
  from unnest(v_wrong, v_on_hand, v_reserved, v_version) as w (n, on_hand, reserved, version)
  where b.org_id = p_org_id
    and b.item_id = p_items[w.n]
    and b.location_id = p_locations[w.n]
    and b.lot = p_lots[w.n];
  get diagnostics v_changed = row_count;
  return query select v_movements, v_changed;
end
$function$;
alter function inventory.rebuild_balances(uuid,uuid[],uuid[],text[]) owner to stockade_owner;
comment on function inventory.rebuild_balances(uuid,uuid[],uuid[],text[]) is
  'Sets the balances of some keys, given in their order, to what their history says. Returns how many movements they have, and how many of the balances were changed. For functions that have entered the organization. Raises 22003 when a balance cannot hold its sum, 25001 in a transaction that is not read committed.';
revoke execute on function inventory.rebuild_balances(uuid,uuid[],uuid[],text[]) from public;

-- inventory.reconciliation_lag()
CREATE OR REPLACE FUNCTION inventory.reconciliation_lag()
 RETURNS numeric
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
  select greatest(0, max(extract(epoch from clock_timestamp() - coalesce(s.proven_at, o.created_at))))
  from tenancy.organizations o
  left join inventory.reconciliation_state s on s.org_id = o.id
$function$;
alter function inventory.reconciliation_lag() owner to stockade_owner;
comment on function inventory.reconciliation_lag() is
  'For how many seconds an organization has gone without a run that found every balance right, or since it was created: of the organization for which that is longest, whether its runs find something, fail, or do not come.';
revoke execute on function inventory.reconciliation_lag() from public;
grant execute on function inventory.reconciliation_lag() to stockade_jobs;

-- inventory.record_reconciliation(uuid,jsonb)
CREATE OR REPLACE FUNCTION inventory.record_reconciliation(p_lease uuid, p_step jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_state inventory.reconciliation_state := inventory.leased_state(p_lease);
  v_numbered integer;
  v_found bigint;
begin
  select coalesce(max(number), 0) into v_numbered
  from inventory.discrepancies
  where org_id = v_state.org_id and run_id = v_state.run_id;
  -- A run may find the same key twice: among what has moved and in its bucket. It counts once.
  with kept as (
    insert into inventory.discrepancies (
      org_id, run_id, number, item_id, location_id, lot,
      stored_on_hand, stored_reserved, stored_version, computed_on_hand, computed_reserved, computed_version, cause, detail
    )
    select
      v_state.org_id, v_state.run_id, v_numbered + d.n, d.item, d.location, d.lot,
      d."storedOnHand", d."storedReserved", d."storedVersion", d."computedOnHand", d."computedReserved", d."computedVersion",
      d.cause, coalesce(d.detail, '{}')
    from rows from (
      jsonb_to_recordset(coalesce(p_step -> 'discrepancies', '[]')) as (
        item uuid, location uuid, lot text,
        "storedOnHand" numeric, "storedReserved" numeric, "storedVersion" bigint,
        "computedOnHand" numeric, "computedReserved" numeric, "computedVersion" bigint,
        cause text, detail jsonb
      )
    ) with ordinality as d (
      item, location, lot, "storedOnHand", "storedReserved", "storedVersion",
      "computedOnHand", "computedReserved", "computedVersion", cause, detail, n
    )
    on conflict (org_id, run_id, item_id, location_id, lot) do nothing
    returning item_id
  )
  -- Discrepancies beyond those that are kept count as well. Those about seals do not.
  select greatest(0, coalesce((p_step ->> 'found')::bigint, 0) - jsonb_array_length(coalesce(p_step -> 'discrepancies', '[]')))
    + count(kept.item_id)
  into v_found
  from kept;

  update inventory.reconciliation_runs r
  set keys_checked = r.keys_checked + coalesce((p_step ->> 'keys')::bigint, 0),
      movements_read = r.movements_read + coalesce((p_step ->> 'movements')::bigint, 0),
      found = r.found + v_found,
      seal_seq = coalesce((p_step ->> 'sealSeq')::bigint, r.seal_seq),
      newest_entry = coalesce((p_step ->> 'newestEntry')::uuid, r.newest_entry),
      -- From the first step: later ones have seen more.
      compared_through = coalesce(r.compared_through, (p_step ->> 'boundary')::uuid),
      trigger_faults = coalesce(p_step -> 'triggerFaults', r.trigger_faults)
  where r.org_id = v_state.org_id and r.id = v_state.run_id;

  update inventory.reconciliation_state
  set checkpoint = coalesce(p_step -> 'checkpoint', checkpoint),
      leased_until = clock_timestamp() + (p_step ->> 'leaseSeconds')::numeric * interval '1 second'
  where org_id = v_state.org_id;
end
$function$;
alter function inventory.record_reconciliation(uuid,jsonb) owner to stockade_owner;
comment on function inventory.record_reconciliation(uuid,jsonb) is
  'Adds a step to the run that is under way: {keys, movements, found, sealSeq, newestEntry, boundary, triggerFaults, discrepancies, checkpoint, leaseSeconds}, and keeps the lease for leaseSeconds from now. Raises SK601 when the lease is not held any more, SK902 when no organization was entered.';
revoke execute on function inventory.record_reconciliation(uuid,jsonb) from public;
grant execute on function inventory.record_reconciliation(uuid,jsonb) to stockade_jobs;

-- inventory.refuse_change()
CREATE OR REPLACE FUNCTION inventory.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  if tg_op = 'DELETE' and tenancy.current_actor() = 'erasure' and row_security_active(tg_relid) then
    if tg_when = 'BEFORE' then
      return null;
    end if;
    if not exists (select from removed where org_id is distinct from (select tenancy.current_org())) then
      return null;
    end if;
  end if;
  raise exception '% is append-only: its rows are never changed; in the ledger, a reversal entry corrects a mistake', tg_table_name
    using errcode = 'SK903';
end
$function$;
alter function inventory.refuse_change() owner to stockade_owner;
comment on function inventory.refuse_change() is
  'Refuses UPDATE and TRUNCATE of an append-only table, its owner''s too, and DELETE of all but rows of the organization that tenancy.erase_organization() erases. Raises SK903.';
revoke execute on function inventory.refuse_change() from public;

-- inventory.refuse_round_trip(uuid[],uuid[],text[],numeric[])
CREATE OR REPLACE FUNCTION inventory.refuse_round_trip(p_items uuid[], p_locations uuid[], p_lots text[], p_quantities numeric[])
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
declare
  v_line bigint;
begin
  select min(line.n) filter (where line.quantity > 0) into v_line
  from unnest(p_items, p_locations, p_lots, p_quantities) with ordinality as line (item_id, location_id, lot, quantity, n)
  group by line.item_id, line.location_id, line.lot
  having max(line.quantity) > 0 and min(line.quantity) < 0
  order by 1
  limit 1;
  if v_line is not null then
    raise exception 'a transfer brings stock to where it takes it from' using errcode = 'SK301',
      detail = json_build_array(json_build_object(
        'field', format('lines[%s].location', v_line - 1),
        'message', 'is where the transfer takes this stock from: name another location'
      ));
  end if;
end
$function$;
alter function inventory.refuse_round_trip(uuid[],uuid[],text[],numeric[]) owner to stockade_owner;
comment on function inventory.refuse_round_trip(uuid[],uuid[],text[],numeric[]) is
  'Raises SK301, with the line, when a transfer brings an item and a lot to a location that it takes them from, under whatever name.';
revoke execute on function inventory.refuse_round_trip(uuid[],uuid[],text[],numeric[]) from public;
grant execute on function inventory.refuse_round_trip(uuid[],uuid[],text[],numeric[]) to stockade_ledger;

-- inventory.refuse_sealed()
CREATE OR REPLACE FUNCTION inventory.refuse_sealed()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  -- The boundary stays where it is until this transaction ends. The signature of the context is not verified here, because
  -- every posting pays for it: with a forged context a session holds the wrong lock, and the wall refuses its rows.
  -- An assignment needs no executor, which PERFORM would start. Within the query below, the lock would be taken after its
  -- snapshot.
  v_held constant text := pg_advisory_xact_lock_shared(
    hashtextextended(split_part(current_setting('stockade.context', true), '|', 2), 7325)
  );
begin
  -- An older snapshot would show an older boundary.
  if current_setting('transaction_isolation') <> 'read committed' or exists (
    select
    from inventory.seal_boundaries b
    join added a on a.entry_id <= b.boundary or a.recorded_at <= b.settled_through
    where b.org_id = nullif(split_part(current_setting('stockade.context', true), '|', 2), '')::uuid
  ) then
    if current_setting('transaction_isolation') <> 'read committed' then
      raise exception 'movements are written in a read committed transaction, which sees where the ledger is sealed'
        using errcode = '25001';
    end if;
    raise exception 'the ledger was sealed while this entry was posted'
      using errcode = '40001', hint = 'Post it again: it gets a new id and a new time.';
  end if;
  return null;
end
$function$;
alter function inventory.refuse_sealed() owner to stockade_owner;
comment on function inventory.refuse_sealed() is
  'Keeps the seal boundary of the organization where it is until this transaction ends, together with other writers, and refuses movements before it: the boundary was drawn after their id or time, or the clock has gone back. Raises 40001, on which the caller posts again; 25001 in a transaction that is not read committed.';
revoke execute on function inventory.refuse_sealed() from public;

-- inventory.refuse_short(uuid[],uuid[],uuid[],text[],numeric[])
CREATE OR REPLACE FUNCTION inventory.refuse_short(p_orgs uuid[], p_items uuid[], p_locations uuid[], p_lots text[], p_changes numeric[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  -- The balances are locked already. What expires from here on cannot be committed any more.
  v_at constant timestamptz := clock_timestamp();
  v_short json;
begin
  select json_agg(
    json_build_object(
      'sku', i.sku,
      'location', l.code,
      'lot', nullif(k.lot, ''),
      'available', b.on_hand - r.reserved - k.change,
      'requested', - k.change
    )
    order by i.sku, l.code, k.lot
  )
  into v_short
  from unnest(p_orgs, p_items, p_locations, p_lots, p_changes) as k (org_id, item_id, location_id, lot, change)
  -- Looked up one at a time: a join could be planned for another number of lines.
  cross join lateral (
    select b.on_hand, b.reserved
    from inventory.balances b
    where b.org_id = k.org_id and b.item_id = k.item_id and b.location_id = k.location_id and b.lot = k.lot
    offset 0
  ) as b
  cross join lateral (
    select case
      when b.reserved = 0 then b.reserved
      else greatest(b.reserved - inventory.expired_holds(k.org_id, k.item_id, k.location_id, k.lot, v_at), 0)
    end as reserved
    offset 0
  ) as r
  cross join lateral (
    select i.sku, i.allow_negative from inventory.items i where i.org_id = k.org_id and i.id = k.item_id offset 0
  ) as i
  cross join lateral (
    select l.code from inventory.locations l where l.org_id = k.org_id and l.id = k.location_id offset 0
  ) as l
  where inventory.is_short(k.change, b.on_hand, r.reserved, i.allow_negative);

  if v_short is not null then
    raise exception 'not enough stock' using errcode = 'SK201', detail = v_short;
  end if;
end
$function$;
alter function inventory.refuse_short(uuid[],uuid[],uuid[],text[],numeric[]) owner to stockade_ledger;
comment on function inventory.refuse_short(uuid[],uuid[],uuid[],text[],numeric[]) is
  'Raises SK201 when the stock policy refuses a change of what is available of some balances. Each is given once, locked and with its change made; p_changes says by how much its available quantity changed. DETAIL lists every one that is short. A hold that has expired counts for nothing.';
revoke execute on function inventory.refuse_short(uuid[],uuid[],uuid[],text[],numeric[]) from public;

-- inventory.release_import_balances(uuid,uuid[],uuid[],integer[],integer[],text[])
CREATE OR REPLACE FUNCTION inventory.release_import_balances(p_org_id uuid, p_item_ids uuid[], p_location_ids uuid[], p_line_skus integer[], p_line_locations integer[], p_lots text[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  delete from inventory.balances b
  where b.org_id = p_org_id
    and b.version = 0
    and b.reserved = 0
    and (b.item_id, b.location_id, b.lot) in (
      select p_item_ids[line.sku], p_location_ids[line.location], line.lot
      from unnest(p_line_skus, p_line_locations, p_lots) as line (sku, location, lot)
    );
end
$function$;
alter function inventory.release_import_balances(uuid,uuid[],uuid[],integer[],integer[],text[]) owner to stockade_owner;
comment on function inventory.release_import_balances(uuid,uuid[],uuid[],integer[],integer[],text[]) is
  'Deletes the balances that were created only to be locked: those that nothing moved in, and nobody has reserved.';
revoke execute on function inventory.release_import_balances(uuid,uuid[],uuid[],integer[],integer[],text[]) from public;

-- inventory.release_reservation(uuid,jsonb)
CREATE OR REPLACE FUNCTION inventory.release_reservation(p_id uuid, p_lines jsonb)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_parts numeric[];
begin
  perform tenancy.require_scope('write');
  perform inventory.lock_reservation(p_id);
  v_parts := inventory.settled_parts(p_id, p_lines);
  update inventory.reservation_lines l
  set held = l.held - part.quantity,
      released = l.released + part.quantity
  from unnest(v_parts) with ordinality as part (quantity, line)
  where l.reservation_id = p_id and l.line = part.line and part.quantity > 0;
  perform inventory.close_when_settled(p_id);
  return inventory.show_reservation(p_id, clock_timestamp());
end
$function$;
alter function inventory.release_reservation(uuid,jsonb) owner to stockade_owner;
comment on function inventory.release_reservation(uuid,jsonb) is
  'Gives back what a reservation holds, all of it or the given lines, [{sku, location, lot?, quantity}]. Returns the reservation. Raises SK404 no such reservation, SK208 when it is not open any more, SK210 more than it holds; what inventory.read_lines() raises; SK104 write scope missing.';
revoke execute on function inventory.release_reservation(uuid,jsonb) from public;
grant execute on function inventory.release_reservation(uuid,jsonb) to stockade_api;

-- inventory.remember_response(text,json)
CREATE OR REPLACE FUNCTION inventory.remember_response(p_key text, p_response json)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
begin
  update inventory.idempotency_keys
  set response = p_response
  where org_id = (select tenancy.current_org()) and key = p_key;
  return p_response;
end
$function$;
alter function inventory.remember_response(text,json) owner to stockade_owner;
comment on function inventory.remember_response(text,json) is
  'Stores the response under the idempotency key this transaction has claimed, and returns it.';
revoke execute on function inventory.remember_response(text,json) from public;
grant execute on function inventory.remember_response(text,json) to stockade_api;

-- inventory.require_aliases(jsonb)
CREATE OR REPLACE FUNCTION inventory.require_aliases(p_aliases jsonb)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
begin
  if jsonb_array_length(p_aliases) > 100 then
    raise exception 'a list of aliases is out of its bounds' using errcode = 'SK304',
      detail = json_build_array(json_build_object('field', 'aliases', 'message', 'must have at most 100 codes'));
  end if;
end
$function$;
alter function inventory.require_aliases(jsonb) owner to stockade_owner;
comment on function inventory.require_aliases(jsonb) is
  'Raises SK304 when a list has more than 100 aliases.';
revoke execute on function inventory.require_aliases(jsonb) from public;

-- inventory.require_batch(text,jsonb)
CREATE OR REPLACE FUNCTION inventory.require_batch(p_mode text, p_entries jsonb)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
declare
  v_fault text[];
begin
  v_fault := case
    when p_mode is null or p_mode not in ('atomic', 'each') then array['mode', 'must be "atomic" or "each"']
    when jsonb_typeof(p_entries) is distinct from 'array' then array['entries', 'must be a list of entries']
    when jsonb_array_length(p_entries) not between 1 and 1000 then array['entries', 'must have 1 to 1000 entries']
    when (
      select coalesce(bool_and(jsonb_typeof(e.value -> 'lines') = 'array'), false) from jsonb_array_elements(p_entries) as e (value)
    ) is not true then array['entries', 'each must have a list of lines']
    when (select sum(jsonb_array_length(e.value -> 'lines')) from jsonb_array_elements(p_entries) as e (value)) > 5000
      then array['entries', 'must have at most 5000 lines together']
  end;
  if v_fault is not null then
    raise exception 'a batch is out of its bounds' using errcode = 'SK304',
      detail = json_build_array(json_build_object('field', v_fault[1], 'message', v_fault[2]));
  end if;
end
$function$;
alter function inventory.require_batch(text,jsonb) owner to stockade_owner;
comment on function inventory.require_batch(text,jsonb) is
  'Raises SK304 unless a batch has the mode atomic or each, 1 to 1,000 entries, and at most 5,000 lines together.';
revoke execute on function inventory.require_batch(text,jsonb) from public;
grant execute on function inventory.require_batch(text,jsonb) to stockade_ledger;

-- inventory.require_future(timestamp with time zone)
CREATE OR REPLACE FUNCTION inventory.require_future(p_expires_at timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  if not inventory.is_instant(p_expires_at) then
    raise exception 'the end of a hold is out of its bounds' using errcode = 'SK304',
      detail = json_build_array(json_build_object('field', 'expiresAt', 'message', 'must be a time in the years 1900 to 9999'));
  end if;
  if p_expires_at <= clock_timestamp() then
    raise exception 'a hold would have expired already' using errcode = 'SK301',
      detail = json_build_array(json_build_object(
        'field', 'expiresAt', 'message', format('must be in the future: it is %s now', inventory.iso(clock_timestamp()))
      ));
  end if;
end
$function$;
alter function inventory.require_future(timestamp with time zone) owner to stockade_owner;
comment on function inventory.require_future(timestamp with time zone) is
  'Raises SK301 when a hold that ends at an instant would have expired already, SK304 when the instant is none of the API. Null is never, and right.';
revoke execute on function inventory.require_future(timestamp with time zone) from public;

-- inventory.require_kinds(text[],text[])
CREATE OR REPLACE FUNCTION inventory.require_kinds(p_kinds text[], p_allowed text[])
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
begin
  if not p_kinds <@ p_allowed then
    raise exception 'the kind % cannot be posted', (array(select unnest(p_kinds) except select unnest(p_allowed)))[1]
      using errcode = 'SK301', detail = json_build_array(
        json_build_object('field', 'kind', 'message', 'is none of ' || array_to_string(p_allowed, ', '))
      );
  end if;
end
$function$;
alter function inventory.require_kinds(text[],text[]) owner to stockade_owner;
comment on function inventory.require_kinds(text[],text[]) is
  'Raises SK301 when one of the kinds of entry is not among those that are allowed.';
revoke execute on function inventory.require_kinds(text[],text[]) from public;
grant execute on function inventory.require_kinds(text[],text[]) to stockade_ledger;

-- inventory.require_open(text,timestamp with time zone)
CREATE OR REPLACE FUNCTION inventory.require_open(p_state text, p_expires_at timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  v_state constant text := inventory.reservation_state(p_state, p_expires_at, clock_timestamp());
begin
  if v_state <> 'open' then
    raise exception 'the reservation is %', v_state using errcode = 'SK208', detail = json_build_object('state', v_state);
  end if;
end
$function$;
alter function inventory.require_open(text,timestamp with time zone) owner to stockade_owner;
comment on function inventory.require_open(text,timestamp with time zone) is
  'Raises SK208, with the state, when a reservation is not open any more.';
revoke execute on function inventory.require_open(text,timestamp with time zone) from public;

-- inventory.require_reorder_point(jsonb)
CREATE OR REPLACE FUNCTION inventory.require_reorder_point(p_item jsonb)
 RETURNS numeric
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
declare
  v_reorder_point constant numeric := p_item ->> 'reorderPoint';
begin
  if inventory.is_exact(v_reorder_point) is false then
    raise exception 'a reorder point is out of its bounds' using errcode = 'SK304', detail = json_build_array(json_build_object(
      'field', 'reorderPoint', 'message', 'must be a number of at most fifteen digits, four of them decimals'
    ));
  end if;
  return v_reorder_point;
end
$function$;
alter function inventory.require_reorder_point(jsonb) owner to stockade_owner;
comment on function inventory.require_reorder_point(jsonb) is
  'The reorder point of an item as it is given. Raises SK304 when it would be rounded.';
revoke execute on function inventory.require_reorder_point(jsonb) from public;

-- inventory.reservation_state(text,timestamp with time zone,timestamp with time zone)
CREATE OR REPLACE FUNCTION inventory.reservation_state(p_state text, p_expires_at timestamp with time zone, p_at timestamp with time zone)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case when p_state = 'open' and p_expires_at <= p_at then 'expired' else p_state end
$function$;
alter function inventory.reservation_state(text,timestamp with time zone,timestamp with time zone) owner to stockade_owner;
comment on function inventory.reservation_state(text,timestamp with time zone,timestamp with time zone) is
  'The state of a reservation at an instant: an open one is expired from its end on, also before that is stored.';
revoke execute on function inventory.reservation_state(text,timestamp with time zone,timestamp with time zone) from public;

-- inventory.reserve(jsonb)
CREATE OR REPLACE FUNCTION inventory.reserve(p_reservation jsonb)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_context constant text[] := tenancy.require_context('write');
  v_org_id constant uuid := v_context[2];
  v_id constant uuid := inventory.new_id();
  v_given constant timestamptz(3) := (p_reservation ->> 'expiresAt')::timestamptz;
  v_expires_at constant timestamptz(3) := coalesce(v_given, 'infinity');
  v_is_partial constant boolean := coalesce((p_reservation ->> 'partial')::boolean, false);
  v_at timestamptz;
  v_items uuid[];
  v_locations uuid[];
  v_lots text[];
  v_quantities numeric[];
  v_held numeric[];
begin
  perform inventory.require_future(v_given);
  select r.items, r.locations, r.lots, r.quantities
  into v_items, v_locations, v_lots, v_quantities
  from inventory.read_lines(p_reservation -> 'lines') as r;

  perform inventory.lock_balances(v_items, v_locations, v_lots);
  v_at := clock_timestamp();
  perform inventory.tidy_holds(v_items, v_locations, v_lots, v_at);
  v_held := v_quantities;
  if v_is_partial then
    v_held := inventory.available_to_lines(v_items, v_locations, v_lots, v_quantities, v_at);
    -- Nothing at all is no reservation: the trigger says what is short.
    if 0 = all (v_held) then
      v_held := v_quantities;
    end if;
  end if;

  insert into inventory.reservations (org_id, id, reference, expires_at, created_at, actor, metadata)
  values (
    v_org_id, v_id, p_reservation ->> 'reference', v_expires_at, v_at, v_context[3],
    coalesce(p_reservation -> 'metadata', '{}')
  );
  insert into inventory.reservation_lines (
    org_id, reservation_id, line, item_id, location_id, lot, quantity, held, expires_at
  )
  select v_org_id, v_id, line.n, line.item_id, line.location_id, line.lot, line.quantity, line.held, v_expires_at
  from unnest(v_items, v_locations, v_lots, v_quantities, v_held)
    with ordinality as line (item_id, location_id, lot, quantity, held, n);
  return inventory.show_reservation(v_id, v_at);
end
$function$;
alter function inventory.reserve(jsonb) owner to stockade_owner;
comment on function inventory.reserve(jsonb) is
  'Holds stock, all of the lines or nothing: {reference?, expiresAt?, metadata?, partial?, lines: [{sku, location, lot?, quantity}]}, quantities greater than zero in the item''s own unit. With partial, of each line as much as is available. Without expiresAt it never expires. Returns the reservation. Raises SK201 insufficient stock, also when nothing at all is available; SK301 unknown item, location or lot, or an end that is not in the future; SK303 a quantity that is not greater than zero; SK304 or 23514 a value out of its bounds; SK104 write scope missing.';
revoke execute on function inventory.reserve(jsonb) from public;
grant execute on function inventory.reserve(jsonb) to stockade_api;

-- inventory.reserved_now(uuid,uuid,uuid,text,numeric)
CREATE OR REPLACE FUNCTION inventory.reserved_now(p_org_id uuid, p_item_id uuid, p_location_id uuid, p_lot text, p_reserved numeric)
 RETURNS numeric
 LANGUAGE sql
 STABLE
AS $function$
  -- Most balances have nothing reserved, and look nothing up.
  select case
    when p_reserved = 0 then p_reserved
    else greatest(p_reserved - inventory.expired_holds(p_org_id, p_item_id, p_location_id, p_lot, now()), 0)
  end
$function$;
alter function inventory.reserved_now(uuid,uuid,uuid,text,numeric) owner to stockade_ledger;
comment on function inventory.reserved_now(uuid,uuid,uuid,text,numeric) is
  'What is reserved of a balance since the transaction began: p_reserved, as the balance has it, without the holds that have expired.';
revoke execute on function inventory.reserved_now(uuid,uuid,uuid,text,numeric) from public;
grant execute on function inventory.reserved_now(uuid,uuid,uuid,text,numeric) to stockade_owner;

-- inventory.reverse_entry(uuid,text,jsonb)
CREATE OR REPLACE FUNCTION inventory.reverse_entry(p_entry_id uuid, p_reference text, p_metadata jsonb)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_context text[] := tenancy.require_context('write');
  v_org_id uuid := v_context[2];
  v_kind text;
  v_skus text[];
  v_codes text[];
  v_items uuid[];
  v_locations uuid[];
  v_lots text[];
  v_quantities numeric[];
  v_constraint text;
begin
  select kind into v_kind from inventory.entries where org_id = v_org_id and id = p_entry_id;
  if not found then
    raise exception 'there is no entry %', p_entry_id using errcode = 'SK404';
  end if;
  if v_kind = 'reversal' then
    raise exception 'a reversal cannot be reversed: post the entry again' using errcode = 'SK204';
  end if;

  -- Subselects: of two joins, either could be planned first.
  select
    array_agg((select i.sku from inventory.items i where i.org_id = m.org_id and i.id = m.item_id) order by m.line),
    array_agg((select l.code from inventory.locations l where l.org_id = m.org_id and l.id = m.location_id) order by m.line),
    array_agg(m.item_id order by m.line), array_agg(m.location_id order by m.line),
    array_agg(m.lot order by m.line), array_agg(- m.quantity order by m.line)
  into v_skus, v_codes, v_items, v_locations, v_lots, v_quantities
  from inventory.movements m
  where m.org_id = v_org_id and m.entry_id = p_entry_id;

  return inventory.insert_entry(
    v_org_id, v_context[3], 'reversal', p_reference, null, p_metadata, p_entry_id, v_skus, v_codes,
    v_items, v_locations, v_lots, v_quantities, array[]::bigint[]
  );
exception
  when unique_violation then
    get stacked diagnostics v_constraint = constraint_name;
    if v_constraint = 'entries_reverses' then
      raise exception 'the entry % is already reversed', p_entry_id using errcode = 'SK203';
    end if;
    raise;
end
$function$;
alter function inventory.reverse_entry(uuid,text,jsonb) owner to stockade_ledger;
comment on function inventory.reverse_entry(uuid,text,jsonb) is
  'Posts the opposite of an entry, once. Raises SK404 no such entry, SK203 already reversed, SK204 a reversal itself, SK201 when the stock to take back is gone, 23514 a value out of its bounds.';
revoke execute on function inventory.reverse_entry(uuid,text,jsonb) from public;
grant execute on function inventory.reverse_entry(uuid,text,jsonb) to stockade_api;

-- inventory.seal_leaves(uuid,uuid,uuid)
CREATE OR REPLACE FUNCTION inventory.seal_leaves(p_org_id uuid, p_after uuid, p_boundary uuid, OUT leaves bytea, OUT movements bigint, OUT recorded_through timestamp with time zone)
 RETURNS record
 LANGUAGE sql
 STABLE
 SET search_path TO ''
 SET plan_cache_mode TO 'force_custom_plan'
 SET enable_sort TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_nestloop TO 'off'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET jit TO 'off'
 SET client_encoding TO 'UTF8'
AS $function$
  select
    string_agg(
      uuid_send(m.entry_id) || int4send(m.line)
        || sha256(
          -- Each value with its length, and a null as a null: no two different rows have the same bytes.
          '\x00'::bytea || record_send(row(
            m.entry_id, m.line, m.item_id, m.location_id,
            m.occurred_at, m.recorded_at, e.occurred_at, e.recorded_at,
            m.quantity::text, m.lot, e.kind, e.reference, e.actor, e.reverses, e.metadata::text
          ))
        ),
      ''
      order by m.entry_id, m.line
    ),
    count(*),
    max(m.recorded_at)
  from inventory.movements m
  join inventory.entries e on e.org_id = m.org_id and e.id = m.entry_id
  where m.org_id = p_org_id
    and m.entry_id > p_after
    and m.entry_id <= p_boundary
    -- The bounds stand for both tables, so that only this range of both indexes is read.
    and e.org_id = p_org_id
    and e.id > p_after
    and e.id <= p_boundary
$function$;
alter function inventory.seal_leaves(uuid,uuid,uuid) owner to stockade_owner;
comment on function inventory.seal_leaves(uuid,uuid,uuid) is
  'The leaves of the Merkle tree over the movements after p_after up to and with p_boundary, by entry and line: entry id (16 bytes), line (4), hash (32) of each. A hash covers every column of the movement and of its entry, but for the organization, which the header of the seal names.';
revoke execute on function inventory.seal_leaves(uuid,uuid,uuid) from public;

-- inventory.seal_next(integer)
CREATE OR REPLACE FUNCTION inventory.seal_next(p_most_movements integer)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET plan_cache_mode TO 'force_custom_plan'
 SET jit TO 'off'
 SET work_mem TO '64MB'
AS $function$
declare
  v_org_id constant uuid := tenancy.require_scope('write');
  v_leaf_bytes constant integer := 52;
  -- 1024 leaves.
  v_page_levels constant integer := 10;
  v_drawn inventory.seal_boundaries;
  v_last inventory.seals;
  v_seal inventory.seals;
  v_after uuid;
  v_leaves bytea;
  v_nodes bytea;
  v_page_roots bytea;
  v_level integer := 1;
  v_closings inventory.seal_closings[];
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'a seal is made in a read committed transaction, which sees the last one'
      using errcode = '25001';
  end if;
  -- Of two at once the second waits here, and then seals what comes after the seal of the first.
  select * into v_drawn from inventory.seal_boundaries where org_id = v_org_id for update;
  select * into v_last from inventory.seals where org_id = v_org_id order by seq desc limit 1;
  v_after := coalesce(v_last.boundary, '00000000-0000-0000-0000-000000000000');

  -- An entry is sealed as a whole, so its lines may exceed the limit.
  select entry_id
  into v_seal.boundary
  from inventory.movements
  where org_id = v_org_id
    and entry_id > v_after
    and entry_id <= v_drawn.boundary
  order by entry_id, line
  offset p_most_movements - 1
  limit 1;
  v_seal.boundary := coalesce(v_seal.boundary, v_drawn.boundary);

  select l.leaves, l.movements, l.recorded_through
  into v_leaves, v_seal.movements, v_seal.recorded_through
  from inventory.seal_leaves(v_org_id, v_after, v_seal.boundary) as l;
  if v_leaves is null then
    return null;
  end if;
  -- Of the entries themselves: an entry without movements has no leaf.
  select count(*)
  into v_seal.entries
  from inventory.entries
  where org_id = v_org_id
    and id > v_after
    and id <= v_seal.boundary;

  v_nodes := inventory.merkle_level(v_leaves, v_leaf_bytes, v_leaf_bytes - 32);
  while length(v_nodes) > 32 loop
    if v_level = v_page_levels then
      v_page_roots := v_nodes;
    end if;
    v_nodes := inventory.merkle_level(v_nodes, 32, 0);
    v_level := v_level + 1;
  end loop;
  v_page_roots := coalesce(v_page_roots, v_nodes);

  v_seal.org_id := v_org_id;
  v_seal.version := 2;
  v_seal.seq := coalesce(v_last.seq, 0) + 1;
  v_seal.previous_hash := coalesce(v_last.hash, decode(repeat('00', 32), 'hex'));
  v_seal.after_entry := v_last.boundary;
  v_seal.merkle_root := v_nodes;
  v_seal.recorded_through := greatest(v_last.recorded_through, v_seal.recorded_through);
  v_seal.settled_through := case
    when v_seal.boundary = v_drawn.boundary then v_drawn.settled_through
    -- When the movements between this seal and the boundary were recorded is not known.
    else v_last.settled_through
  end;
  v_seal.sealed_at := date_trunc('milliseconds', clock_timestamp());

  select
    array_agg(row(closing.*)::inventory.seal_closings order by closing.item_id, closing.location_id, closing.lot collate "C"),
    count(*),
    sha256(
      string_agg(
        uuid_send(closing.item_id) || uuid_send(closing.location_id)
          || convert_to(concat(closing.lot, E'\n', closing.on_hand, E'\n', closing.version, E'\n'), 'UTF8'),
        ''
        order by closing.item_id, closing.location_id, closing.lot collate "C"
      )
    )
  into v_closings, v_seal.closings, v_seal.closing_digest
  from (
    select
      item_id, location_id, lot, sum(quantity) as quantity, count(*) as movements
    from (
      -- By the entry: these may be few, and the history is long.
      select * from inventory.movements where org_id = v_org_id and entry_id > v_after and entry_id <= v_seal.boundary offset 0
    ) as sealed
    group by item_id, location_id, lot
  ) as changed
  left join lateral (
    select c.on_hand, c.version
    from inventory.seal_closings c
    where c.org_id = v_org_id
      and c.item_id = changed.item_id
      and c.location_id = changed.location_id
      and c.lot = changed.lot
    order by c.seq desc
    limit 1
  ) as before on true
  cross join lateral (
    select
      v_org_id as org_id, changed.item_id, changed.location_id, changed.lot, v_seal.seq,
      (coalesce(before.on_hand, 0) + changed.quantity)::numeric(17, 4) as on_hand,
      coalesce(before.version, 0) + changed.movements as version
  ) as closing;

  v_seal.hash := sha256(convert_to(inventory.seal_header(v_seal), 'UTF8'));
  insert into inventory.seals select v_seal.*;
  insert into inventory.seal_pages (org_id, seq, page, last_leaf, root, leaves)
  select
    v_org_id,
    v_seal.seq,
    page,
    substring(leaves from length(leaves) - v_leaf_bytes + 1 for 20),
    substring(v_page_roots from page * 32 + 1 for 32),
    leaves
  from generate_series(0, length(v_page_roots) / 32 - 1) as page
  cross join lateral substring(v_leaves from page * 1024 * v_leaf_bytes + 1 for 1024 * v_leaf_bytes) as leaves;
  insert into inventory.seal_closings select * from unnest(v_closings);
  return inventory.seal_json(v_seal);
end
$function$;
alter function inventory.seal_next(integer) owner to stockade_owner;
comment on function inventory.seal_next(integer) is
  'Seals the next movements of the organization that was entered, up to the drawn boundary and about as many as asked for, and returns the seal; null when there is nothing to seal. Call it until then, a transaction each. Reads history alone, never the balances. Raises SK902 when no organization was entered, SK104 when the caller may not write, 25001 in a transaction that is not read committed.';
revoke execute on function inventory.seal_next(integer) from public;
grant execute on function inventory.seal_next(integer) to stockade_jobs;

-- inventory.settle_discrepancies(uuid,jsonb)
CREATE OR REPLACE FUNCTION inventory.settle_discrepancies(p_lease uuid, p_settled jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_state inventory.reconciliation_state := inventory.leased_state(p_lease);
begin
  update inventory.discrepancies d
  set cause = coalesce(s.cause, d.cause),
      detail = d.detail || coalesce(s.detail, '{}'),
      action = case when d.action = 'found' then coalesce(s.action, d.action) else d.action end,
      settled_at = case when d.action = 'found' and s.action <> 'found' then clock_timestamp() else d.settled_at end
  from jsonb_to_recordset(p_settled) as s (number integer, cause text, detail jsonb, action text)
  where d.org_id = v_state.org_id
    and d.run_id = v_state.run_id
    and d.number = s.number
    and s.action in ('found', 'alerted', 'gone');
end
$function$;
alter function inventory.settle_discrepancies(uuid,jsonb) owner to stockade_owner;
comment on function inventory.settle_discrepancies(uuid,jsonb) is
  'Records why balances of the run under way differ, and that they are left as they are: [{number, cause, detail, action}]; action is alerted, gone, or found when it is still to be settled. Raises SK601 when the lease is not held any more, SK902 when no organization was entered.';
revoke execute on function inventory.settle_discrepancies(uuid,jsonb) from public;
grant execute on function inventory.settle_discrepancies(uuid,jsonb) to stockade_jobs;

-- inventory.settled_parts(uuid,jsonb)
CREATE OR REPLACE FUNCTION inventory.settled_parts(p_id uuid, p_lines jsonb)
 RETURNS numeric[]
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  v_items uuid[];
  v_locations uuid[];
  v_lots text[];
  v_quantities numeric[];
  v_beyond json;
begin
  if p_lines is null then
    return array(select l.held from inventory.lines_of(p_id) as l order by l.line);
  end if;
  select r.items, r.locations, r.lots, r.quantities
  into v_items, v_locations, v_lots, v_quantities
  from inventory.read_lines(p_lines) as r;

  -- Each key once, however many lines the reservation and the request have of it.
  select json_agg(
    json_build_object(
      'sku', (select i.sku from inventory.items i where i.id = beyond.item_id),
      'location', (select l.code from inventory.locations l where l.id = beyond.location_id),
      'lot', nullif(beyond.lot, ''),
      'held', beyond.held,
      'requested', beyond.quantity
    )
    order by beyond.n
  )
  into v_beyond
  from (
    select k.item_id, k.location_id, k.lot, sum(k.held) as held, sum(k.quantity) as quantity, min(k.n) as n
    from (
      select l.item_id, l.location_id, l.lot, l.held, 0 as quantity, null::bigint as n from inventory.lines_of(p_id) as l
      union all
      select k.item_id, k.location_id, k.lot, 0, k.quantity, k.n
      from unnest(v_items, v_locations, v_lots, v_quantities) with ordinality as k (item_id, location_id, lot, quantity, n)
    ) as k
    group by k.item_id, k.location_id, k.lot
    having sum(k.quantity) > sum(k.held)
  ) as beyond;
  if v_beyond is not null then
    raise exception 'the reservation does not hold that much' using errcode = 'SK210', detail = v_beyond;
  end if;

  -- Lines of one key are taken from in their order.
  return array(
    select least(held.held, greatest(held.named - held.before, 0))
    from (
      select k.line, k.held, sum(k.quantity) over key as named, sum(k.held) over (key order by k.line) - k.held as before
      from (
        select l.item_id, l.location_id, l.lot, l.held, 0 as quantity, l.line from inventory.lines_of(p_id) as l
        union all
        select k.item_id, k.location_id, k.lot, 0, k.quantity, null
        from unnest(v_items, v_locations, v_lots, v_quantities) as k (item_id, location_id, lot, quantity)
      ) as k
      window key as (partition by k.item_id, k.location_id, k.lot)
    ) as held
    where held.line is not null
    order by held.line
  );
end
$function$;
alter function inventory.settled_parts(uuid,jsonb) owner to stockade_owner;
comment on function inventory.settled_parts(uuid,jsonb) is
  'How much of each line of a reservation, in their order, is meant by lines [{sku, location, lot?, quantity}] of a request; all that is held when it is null. Raises SK210 when a balance is to give more than the reservation holds of it: DETAIL lists each; and what inventory.read_lines() raises.';
revoke execute on function inventory.settled_parts(uuid,jsonb) from public;

-- inventory.show_reservation(uuid,timestamp with time zone)
CREATE OR REPLACE FUNCTION inventory.show_reservation(p_id uuid, p_at timestamp with time zone)
 RETURNS json
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
begin
  return (
    select json_build_object(
      'id', r.id,
      'state', s.state,
      'reference', r.reference,
      'expiresAt', case when r.expires_at < 'infinity' then inventory.iso(r.expires_at) end,
      'createdAt', inventory.iso(r.created_at),
      'closedAt', inventory.iso(case when s.state = 'expired' then r.expires_at else r.closed_at end),
      'actor', r.actor,
      'metadata', r.metadata,
      'entries', array(
        select e.entry_id from inventory.reservation_entries e where e.reservation_id = r.id order by e.entry_id
      ),
      'lines', (
        select json_agg(
          json_build_object(
            'sku', (select i.sku from inventory.items i where i.id = l.item_id),
            'location', (select p.code from inventory.locations p where p.id = l.location_id),
            'lot', nullif(l.lot, ''),
            'quantity', l.quantity,
            'held', case when s.state = 'open' then l.held else 0 end,
            'committed', l.committed,
            'released', case when s.state = 'open' then l.released else l.released + l.held end
          )
          order by l.line
        )
        from inventory.reservation_lines l
        where l.reservation_id = r.id
      )
    )
    from inventory.reservations r
    cross join lateral (
      select inventory.reservation_state(r.state, r.expires_at, p_at) as state offset 0
    ) as s
    where r.id = p_id
  );
end
$function$;
alter function inventory.show_reservation(uuid,timestamp with time zone) owner to stockade_owner;
comment on function inventory.show_reservation(uuid,timestamp with time zone) is
  'A reservation of the organization that was entered, as it is at an instant; null when there is no such reservation. Of each line quantity is what was asked for; what is neither held, committed nor released of it was never available.';
revoke execute on function inventory.show_reservation(uuid,timestamp with time zone) from public;

-- inventory.tell_reconciliation_failures(integer,interval)
CREATE OR REPLACE FUNCTION inventory.tell_reconciliation_failures(p_deaths integer, p_again_after interval)
 RETURNS TABLE(org_id uuid, slug text, failures integer, died boolean)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
#variable_conflict use_column
begin
  return query
  update inventory.reconciliation_state s
  set failure_told_at = clock_timestamp()
  where s.org_id = any (array(
    select failing.org_id
    from inventory.reconciliation_state failing
    where failing.failures >= case when failing.lease is null then 1 else p_deaths end
      and (failing.lease is null or failing.leased_until <= clock_timestamp())
      and (failing.failure_told_at is null or failing.failure_told_at <= clock_timestamp() - p_again_after)
    order by failing.org_id
    -- Locked until the alert is sent.
    for update skip locked
  ))
  returning
    s.org_id,
    (select o.slug from tenancy.organizations o where o.id = s.org_id),
    s.failures,
    s.lease is not null;
end
$function$;
alter function inventory.tell_reconciliation_failures(integer,interval) owner to stockade_owner;
comment on function inventory.tell_reconciliation_failures(integer,interval) is
  'The organizations about whose failing runs an alert is due: there was none for p_again_after, and the last run has failed, or p_deaths runs in a row did not give the organization back (died; failures says how often). Send the alert within the transaction that asks: after a rollback it counts as not sent.';
revoke execute on function inventory.tell_reconciliation_failures(integer,interval) from public;
grant execute on function inventory.tell_reconciliation_failures(integer,interval) to stockade_jobs;

-- inventory.tell_trigger_faults(jsonb,interval)
CREATE OR REPLACE FUNCTION inventory.tell_trigger_faults(p_faults jsonb, p_again_after interval)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
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
$function$;
alter function inventory.tell_trigger_faults(jsonb,interval) owner to stockade_owner;
comment on function inventory.tell_trigger_faults(jsonb,interval) is
  'Whether an alert about the faults [{trigger, fault}] of the ledger''s triggers is due: one of them is new, or the last alert was p_again_after ago. Send the alert within the transaction that asks: after a rollback it counts as not sent.';
revoke execute on function inventory.tell_trigger_faults(jsonb,interval) from public;
grant execute on function inventory.tell_trigger_faults(jsonb,interval) to stockade_jobs;

-- inventory.tidy_holds(uuid[],uuid[],text[],timestamp with time zone)
CREATE OR REPLACE FUNCTION inventory.tidy_holds(p_items uuid[], p_locations uuid[], p_lots text[], p_at timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  -- For each balance. A caller does not clean up after all others at once.
  v_most constant integer := 10;
  v_reservations uuid[];
  v_lines integer[];
begin
  select array_agg(expired.reservation_id), array_agg(expired.line)
  into v_reservations, v_lines
  from (select distinct * from unnest(p_items, p_locations, p_lots) as k (item_id, location_id, lot)) as k
  cross join lateral (
    select l.reservation_id, l.line
    from inventory.reservation_lines l
    where l.item_id = k.item_id
      and l.location_id = k.location_id
      and l.lot = k.lot
      and l.held > 0
      and l.expires_at <= p_at
    order by l.expires_at
    limit v_most
  ) as expired;

  if v_reservations is not null then
    update inventory.reservation_lines l
    set held = 0,
        released = l.released + l.held
    from unnest(v_reservations, v_lines) as expired (reservation_id, line)
    where l.reservation_id = expired.reservation_id
      and l.line = expired.line;
  end if;
end
$function$;
alter function inventory.tidy_holds(uuid[],uuid[],text[],timestamp with time zone) owner to stockade_owner;
comment on function inventory.tidy_holds(uuid[],uuid[],text[],timestamp with time zone) is
  'Ends some of the holds on balances that have expired, so that they do not pile up where stock is reserved and left again and again. The balances are locked.';
revoke execute on function inventory.tidy_holds(uuid[],uuid[],text[],timestamp with time zone) from public;

-- inventory.trigger_history()
CREATE OR REPLACE FUNCTION inventory.trigger_history()
 RETURNS json
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
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
$function$;
alter function inventory.trigger_history() owner to stockade_owner;
comment on function inventory.trigger_history() is
  'What is known of the ledger''s triggers over time: {watching, changes: [{at, kind, command, triggers}]}. Without a watch nothing is known of what came after the last change.';
revoke execute on function inventory.trigger_history() from public;
grant execute on function inventory.trigger_history() to stockade_jobs;

-- inventory.unseen_changes()
CREATE OR REPLACE FUNCTION inventory.unseen_changes()
 RETURNS TABLE(name text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
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
$function$;
alter function inventory.unseen_changes() owner to stockade_owner;
comment on function inventory.unseen_changes() is
  'The triggers of the ledger that were written, or whose function was, since the watch began and without a note of it: the event trigger was off. Until somebody migrates again, they stay here, whatever they are now.';
revoke execute on function inventory.unseen_changes() from public;
grant execute on function inventory.unseen_changes() to stockade_jobs;

-- inventory.update_item(text,jsonb)
CREATE OR REPLACE FUNCTION inventory.update_item(p_code text, p_patch jsonb)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_org_id constant uuid := tenancy.require_scope('write');
  v_id uuid;
  v_item inventory.items;
begin
  perform inventory.hold_item_codes(p_patch);
  v_id := inventory.find_item(p_code);
  -- Two changes of one item come one after the other, the aliases too.
  perform from inventory.items where org_id = v_org_id and id = v_id for no key update;
  if not found then
    return null;
  end if;
  if p_patch ? 'aliases' then
    p_patch := p_patch || jsonb_build_object('aliases', inventory.read_aliases(
      p_patch -> 'aliases',
      array(select a.alias from inventory.item_aliases a where a.org_id = v_org_id and a.item_id = v_id)
    ));
  end if;
  -- An alias that becomes the SKU of its own item is an alias no longer.
  delete from inventory.item_aliases
  where org_id = v_org_id
    and item_id = v_id
    and (p_patch ? 'aliases' and not p_patch -> 'aliases' ? alias or alias = p_patch ->> 'sku');
  update inventory.items
  set sku = coalesce(p_patch ->> 'sku', sku),
      name = coalesce(p_patch ->> 'name', name),
      unit = coalesce(p_patch ->> 'unit', unit),
      allow_negative = coalesce((p_patch ->> 'allowNegative')::boolean, allow_negative),
      reorder_point = case when p_patch ? 'reorderPoint' then inventory.require_reorder_point(p_patch) else reorder_point end,
      metadata = coalesce(p_patch -> 'metadata', metadata),
      updated_at = now()
  where org_id = v_org_id and id = v_id
  returning * into v_item;
  if p_patch ? 'aliases' then
    perform inventory.add_item_aliases(v_item, p_patch -> 'aliases');
  end if;
  return inventory.item_json(v_item);
end
$function$;
alter function inventory.update_item(text,jsonb) owner to stockade_owner;
comment on function inventory.update_item(text,jsonb) is
  'Changes the fields of an item that p_patch has, {sku?, aliases?, name?, unit?, allowNegative?, reorderPoint?, metadata?}, and returns it as the API shows it; null when p_code names none. The aliases are replaced as a whole. Raises SK902 when no organization was entered, SK104 when the caller may not write, 23505 when the SKU is taken, SK206 when a code is a SKU and an alias, SK301 for a new alias of a form that no code has, SK304 or 23514 for a value out of its bounds.';
revoke execute on function inventory.update_item(text,jsonb) from public;
grant execute on function inventory.update_item(text,jsonb) to stockade_api;

-- inventory.update_location(text,jsonb)
CREATE OR REPLACE FUNCTION inventory.update_location(p_code text, p_patch jsonb)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_org_id constant uuid := tenancy.require_scope('write');
  v_id uuid;
  v_location inventory.locations;
begin
  perform inventory.hold_location_codes(p_patch);
  v_id := inventory.find_location(p_code);
  -- Two changes of one location come one after the other, the aliases too.
  perform from inventory.locations where org_id = v_org_id and id = v_id for no key update;
  if not found then
    return null;
  end if;
  if p_patch ? 'aliases' then
    p_patch := p_patch || jsonb_build_object('aliases', inventory.read_aliases(
      p_patch -> 'aliases',
      array(select a.alias from inventory.location_aliases a where a.org_id = v_org_id and a.location_id = v_id)
    ));
  end if;
  -- An alias that becomes the code of its own location is an alias no longer.
  delete from inventory.location_aliases
  where org_id = v_org_id
    and location_id = v_id
    and (p_patch ? 'aliases' and not p_patch -> 'aliases' ? alias or alias = p_patch ->> 'code');
  update inventory.locations
  set code = coalesce(p_patch ->> 'code', code),
      name = coalesce(p_patch ->> 'name', name),
      kind = coalesce(p_patch ->> 'kind', kind),
      updated_at = now()
  where org_id = v_org_id and id = v_id
  returning * into v_location;
  if p_patch ? 'aliases' then
    perform inventory.add_location_aliases(v_location, p_patch -> 'aliases');
  end if;
  return inventory.location_json(v_location);
end
$function$;
alter function inventory.update_location(text,jsonb) owner to stockade_owner;
comment on function inventory.update_location(text,jsonb) is
  'Changes the fields of a location that p_patch has, {code?, aliases?, name?, kind?}, and returns it as the API shows it; null when p_code names none. The aliases are replaced as a whole. Raises SK902 when no organization was entered, SK104 when the caller may not write, 23505 when the code is taken, SK206 when a code is an alias, SK301 for a new alias of a form that no code has, SK304 or 23514 for a value out of its bounds.';
revoke execute on function inventory.update_location(text,jsonb) from public;
grant execute on function inventory.update_location(text,jsonb) to stockade_api;

-- inventory.watch_triggers()
CREATE OR REPLACE FUNCTION inventory.watch_triggers()
 RETURNS event_trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
  perform inventory.note_trigger_states('change', tg_tag);
exception
  when others then
    -- A watch that fails must not keep anybody from repairing the schema.
    raise warning 'the state of the ledger''s triggers was not noted: %', sqlerrm using errcode = '01000';
end
$function$;
alter function inventory.watch_triggers() owner to stockade_owner;
comment on function inventory.watch_triggers() is
  'Notes the state of the ledger''s triggers when a command has changed it, whatever the command was. Warns (01000), and lets the command pass, when it cannot.';
revoke execute on function inventory.watch_triggers() from public;

-- recovery.beat()
CREATE OR REPLACE FUNCTION recovery.beat()
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_at timestamptz(3) := clock_timestamp();
begin
  insert into recovery.heartbeats (at, organizations)
  select v_at, count(*)
  from tenancy.organizations
  on conflict (at) do nothing;
  -- A restored copy needs only the newest one. A few days of them show when they were missing.
  delete from recovery.heartbeats
  where at < v_at - interval '8 days';
  return v_at;
end
$function$;
alter function recovery.beat() owner to stockade_owner;
comment on function recovery.beat() is
  'Records that the database takes writes now, and how many organizations it has. Returns the time it recorded.';
revoke execute on function recovery.beat() from public;
grant execute on function recovery.beat() to stockade_jobs;

-- recovery.begin_alert_probe(timestamp with time zone,interval,interval)
CREATE OR REPLACE FUNCTION recovery.begin_alert_probe(p_at timestamp with time zone, p_every interval, p_retry interval)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_due_at timestamptz;
  v_id uuid;
begin
  -- Two runs at once send one alert.
  lock table recovery.alert_probes in share row exclusive mode;
  select made_at + case when received_at is null then p_retry else p_every end
  into v_due_at
  from recovery.alert_probes
  order by made_at desc, id desc
  limit 1;
  if v_due_at > p_at then
    return null;
  end if;
  insert into recovery.alert_probes (made_at) values (p_at) returning id into v_id;
  delete from recovery.alert_probes where made_at < p_at - interval '400 days';
  return v_id;
end
$function$;
alter function recovery.begin_alert_probe(timestamp with time zone,interval,interval) owner to stockade_owner;
comment on function recovery.begin_alert_probe(timestamp with time zone,interval,interval) is
  'The id of a test alert that must be sent now; null when none is due. One is due p_every after the last one that arrived, and p_retry after one that did not.';
revoke execute on function recovery.begin_alert_probe(timestamp with time zone,interval,interval) from public;
grant execute on function recovery.begin_alert_probe(timestamp with time zone,interval,interval) to stockade_jobs;

-- recovery.note_alert_probe(uuid,timestamp with time zone,text)
CREATE OR REPLACE FUNCTION recovery.note_alert_probe(p_id uuid, p_sent_at timestamp with time zone, p_failure text)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
  update recovery.alert_probes
  set sent_at = p_sent_at,
      failure = p_failure
  where id = p_id
$function$;
alter function recovery.note_alert_probe(uuid,timestamp with time zone,text) owner to stockade_owner;
comment on function recovery.note_alert_probe(uuid,timestamp with time zone,text) is
  'Notes when a test alert was sent, or why it could not be.';
revoke execute on function recovery.note_alert_probe(uuid,timestamp with time zone,text) from public;
grant execute on function recovery.note_alert_probe(uuid,timestamp with time zone,text) to stockade_jobs;

-- recovery.note_alert_received(uuid,timestamp with time zone)
CREATE OR REPLACE FUNCTION recovery.note_alert_received(p_id uuid, p_at timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
  -- SNS may deliver an alert more than once.
  update recovery.alert_probes
  set received_at = coalesce(received_at, p_at)
  where id = p_id;
  return found;
end
$function$;
alter function recovery.note_alert_received(uuid,timestamp with time zone) owner to stockade_owner;
comment on function recovery.note_alert_received(uuid,timestamp with time zone) is
  'Notes that a test alert has arrived. False when none of that id was sent.';
revoke execute on function recovery.note_alert_received(uuid,timestamp with time zone) from public;
grant execute on function recovery.note_alert_received(uuid,timestamp with time zone) to stockade_jobs;

-- recovery.note_alerted(jsonb,timestamp with time zone)
CREATE OR REPLACE FUNCTION recovery.note_alerted(p_alerted jsonb, p_at timestamp with time zone)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
  update recovery.monitor_states s
  set alerted_status = a.status,
      alerted_severity = a.severity,
      alerted_at = case when a.status is not null then p_at end
  from jsonb_to_recordset(p_alerted) as a (check_name text, status text, severity text)
  where s.check_name = a.check_name
$function$;
alter function recovery.note_alerted(jsonb,timestamp with time zone) owner to stockade_owner;
comment on function recovery.note_alerted(jsonb,timestamp with time zone) is
  'Notes the alerts that were sent about checks, [{check_name, status, severity}]; null and null when a check is well again.';
revoke execute on function recovery.note_alerted(jsonb,timestamp with time zone) from public;
grant execute on function recovery.note_alerted(jsonb,timestamp with time zone) to stockade_jobs;

-- recovery.note_checks(jsonb,timestamp with time zone)
CREATE OR REPLACE FUNCTION recovery.note_checks(p_results jsonb, p_at timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
  insert into recovery.monitor_states as s
    (check_name, title, status, reason, summary, facts, runbook, since, checked_at)
  select r.check_name, r.title, r.status, r.reason, r.summary, r.facts, r.runbook, p_at, p_at
  from jsonb_to_recordset(p_results) as r (
    check_name text,
    title text,
    status text,
    reason text,
    summary text,
    facts jsonb,
    runbook text
  )
  order by r.check_name
  on conflict (check_name) do update
    set title = excluded.title,
        status = excluded.status,
        reason = excluded.reason,
        summary = excluded.summary,
        facts = excluded.facts,
        runbook = excluded.runbook,
        since = case when s.status = excluded.status then s.since else excluded.since end,
        checked_at = excluded.checked_at
    -- Of two runs at once, the one that began later knows more.
    where s.checked_at <= excluded.checked_at;
  -- Checks that this release no longer has.
  delete from recovery.monitor_states s
  where s.checked_at < p_at
    and not exists (
      select from jsonb_to_recordset(p_results) as r (check_name text) where r.check_name = s.check_name
    );
end
$function$;
alter function recovery.note_checks(jsonb,timestamp with time zone) owner to stockade_owner;
comment on function recovery.note_checks(jsonb,timestamp with time zone) is
  'Notes the results of a run, [{check_name, title, status, reason, summary, facts, runbook}]. Raises 23514 for an unknown status, and for a check that could not run without a reason.';
revoke execute on function recovery.note_checks(jsonb,timestamp with time zone) from public;
grant execute on function recovery.note_checks(jsonb,timestamp with time zone) to stockade_jobs;

-- recovery.note_restoration(uuid,text,timestamp with time zone,bytea,bytea,bigint,bigint)
CREATE OR REPLACE FUNCTION recovery.note_restoration(p_org_id uuid, p_mode text, p_copied_at timestamp with time zone, p_replaced bytea, p_restored bytea, p_others bigint, p_others_changed bigint)
 RETURNS uuid
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
  insert into recovery.restorations (organization_id, mode, copied_at, replaced, restored, others, others_changed)
  values (p_org_id, p_mode, p_copied_at, p_replaced, p_restored, p_others, p_others_changed)
  returning id
$function$;
alter function recovery.note_restoration(uuid,text,timestamp with time zone,bytea,bytea,bigint,bigint) owner to stockade_owner;
comment on function recovery.note_restoration(uuid,text,timestamp with time zone,bytea,bytea,bigint,bigint) is
  'Records that an organization was brought back, in the transaction that does it. Raises 23514 for an unknown mode.';
revoke execute on function recovery.note_restoration(uuid,text,timestamp with time zone,bytea,bytea,bigint,bigint) from public;
grant execute on function recovery.note_restoration(uuid,text,timestamp with time zone,bytea,bytea,bigint,bigint) to stockade_admin;

-- recovery.observe_others(uuid)
CREATE OR REPLACE FUNCTION recovery.observe_others(p_org_id uuid)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_top constant bigint := pg_current_xact_id()::text::bigint;
  v_org_id uuid;
  v_table regclass;
  v_rows bigint;
  v_written bigint;
  v_deleted jsonb := '{}';
  v_others jsonb := '{}';
begin
  if tenancy.verified_context() is not null and tenancy.current_actor() <> 'import' then
    raise exception 'this transaction has entered an organization' using errcode = 'SK902';
  end if;
  for v_org_id in
    select id from tenancy.organizations where id <> p_org_id order by id
  loop
    perform tenancy.sign_context(v_org_id, 'observation', array['read'], null);
    v_written := 0;
    foreach v_table in array tenancy.tenant_tables() loop
      -- A visible row whose transaction is still under way was written by this transaction, or by one of its savepoints,
      -- which have higher numbers of their own.
      execute format(
        'select count(*) from %s t where t.org_id = $1 and age(t.xmin) <= age($2::text::xid) and pg_xact_status('
        '($3 + (t.xmin::text::bigint - $2 + 4294967296) %% 4294967296)::text::xid8) = ''in progress''',
        v_table
      )
      into v_rows
      using v_org_id, v_top % 4294967296, v_top;
      v_written := v_written + v_rows;
    end loop;
    v_others := v_others || jsonb_build_object(
      v_org_id,
      jsonb_build_object('receipt', (select encode(r.receipt, 'hex') from tenancy.receipt(v_org_id) as r), 'written', v_written)
    );
  end loop;
  -- Deleted rows cannot be seen any more, so they are counted.
  foreach v_table in array 'tenancy.organizations'::regclass || tenancy.tenant_tables() loop
    v_deleted := v_deleted || jsonb_build_object(v_table::text, pg_stat_get_xact_tuples_deleted(v_table));
  end loop;
  perform set_config('stockade.context', '', true);
  return json_build_object('others', v_others, 'deleted', v_deleted);
end
$function$;
alter function recovery.observe_others(uuid) owner to stockade_owner;
comment on function recovery.observe_others(uuid) is
  'For every other organization the digest of all its rows, as in an export, and how many of its rows this transaction has written: {others: {id: {receipt, written}}, deleted: {table: rows}}; deleted is a counter that only goes up. The transaction no longer has an organization entered afterwards, the imported one included. Raises SK902 when another one was entered.';
revoke execute on function recovery.observe_others(uuid) from public;
grant execute on function recovery.observe_others(uuid) to stockade_admin;

-- tenancy.active_organizations(uuid,integer)
CREATE OR REPLACE FUNCTION tenancy.active_organizations(p_after uuid, p_most integer)
 RETURNS SETOF uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
  select id
  from tenancy.organizations
  where status = 'active'
    and id > p_after
  order by id
  limit p_most
$function$;
alter function tenancy.active_organizations(uuid,integer) owner to stockade_owner;
comment on function tenancy.active_organizations(uuid,integer) is
  'The ids of the active organizations, in order: at most p_most of those after p_after. For jobs that go through all of them.';
revoke execute on function tenancy.active_organizations(uuid,integer) from public;
grant execute on function tenancy.active_organizations(uuid,integer) to stockade_jobs;

-- tenancy.appearance(text)
CREATE OR REPLACE FUNCTION tenancy.appearance(p_text text)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
begin
  -- What is plain ASCII pays for nothing else.
  if octet_length(p_text) <> length(p_text) then
    -- Of Unicode's confusables.txt: each letter of the Latin, Greek, Cyrillic and Armenian scripts, each dash, quotation mark and
    -- slash that looks like a character of ASCII. A letter and its accents stand apart; full width and ligatures are resolved.
    p_text := translate(
      normalize(p_text, NFKD),
      'ǃꝸ՚՝‘’′ꞌ〔〕‐‒–—―⁃−⁄∕ƧꙄꝚƷȜЗӠꝪꞫƼбȢȣꝮ։ɁʔΑАΒВꞴСΕЕϜꞘԌΗНƖΙІӀͿЈꞲΚКΜϺМΝΟОՕΡРƦЅՏΤТՍѴԜΧХꞳΥУҮΖɑαаƄЬсᴄԁеҽꬲքẝꞙꬵƍɡց'
      'ᶃһհıɩɪιіӏꙇϳјǀոռοσоօᴏᴑꬽρрԛգզгᴦꭇꭈƽѕꜱʋυսᴜꞟꭎꭒνѵᴠɯѡԝաᴡхɣʏγуүᶌỿꭚᴢ',
      '!&''''''''''''()-------//22233333356889:??AABBBCEEFFGHHIIIIJJJKKMMMNOOOPPRSSTTUVWXXXYYYZaaabbccdeeeffffggg'
      'ghhiiiiiiijjlnnoooooooppqqqrrrrsssuuuuuuuvvvwwwwwxyyyyyyyyz'
    );
  end if;
  -- Within ASCII, m and rn look alike, 0 and o, 1 and l. Somebody who copies a code does not always keep its case.
  return translate(replace(lower(p_text collate "C"), 'm', 'rn'), '01', 'ol');
end
$function$;
alter function tenancy.appearance(text) owner to stockade_owner;
comment on function tenancy.appearance(text) is
  'What a slug, an address or a code looks like: two that could be taken for each other have the same. Nothing is stored of it: it may change with each release.';
revoke execute on function tenancy.appearance(text) from public;
grant execute on function tenancy.appearance(text) to stockade_admin, stockade_jobs;

-- tenancy.assert_can_write()
CREATE OR REPLACE FUNCTION tenancy.assert_can_write()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
 SET work_mem TO '64kB'
AS $function$
begin
  if current_setting('transaction_read_only')::boolean then
    raise exception 'the database takes no writes' using errcode = '25006';
  end if;
  -- More than work_mem holds: it goes to a temporary file. That is the one write that needs room on the disk and keeps
  -- no row, so it fails while the disk is full and costs about a millisecond otherwise.
  perform count(*) from generate_series(1, 8192);
end
$function$;
alter function tenancy.assert_can_write() owner to stockade_owner;
comment on function tenancy.assert_can_write() is
  'Fails with 25006 when the database is read-only, and with 53100 when its disk is full. GET /ready calls it.';
revoke execute on function tenancy.assert_can_write() from public;
grant execute on function tenancy.assert_can_write() to stockade_api;

-- tenancy.await_requests(interval)
CREATE OR REPLACE FUNCTION tenancy.await_requests(p_longest interval)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  v_until constant timestamptz := clock_timestamp() + p_longest;
  v_open text[];
begin
  perform pg_stat_clear_snapshot();
  v_open := array(
    select l.virtualtransaction
    from pg_locks l
    join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'virtualxid'
      and l.granted
      and a.usename = 'stockade_api'
      and a.datname = current_database()
  );
  while exists (
    select from pg_locks where locktype = 'virtualxid' and granted and virtualtransaction = any (v_open)
  ) loop
    if clock_timestamp() > v_until then
      raise exception 'requests that began before now are still under way after %', p_longest
        using errcode = 'SK503', hint = 'Run it again in a moment.';
    end if;
    perform pg_sleep(0.02);
  end loop;
end
$function$;
alter function tenancy.await_requests(interval) owner to stockade_owner;
comment on function tenancy.await_requests(interval) is
  'Waits for every transaction of the API that is open now: a request that entered before the suspension may still write. Raises SK503 when one is still open after p_longest.';
revoke execute on function tenancy.await_requests(interval) from public;

-- tenancy.begin_export()
CREATE OR REPLACE FUNCTION tenancy.begin_export()
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_org_id uuid := tenancy.require_scope('read');
  v_table regclass;
  v_rows bigint;
  v_counts jsonb := '{}';
begin
  perform tenancy.use_export_settings();
  foreach v_table in array tenancy.portable_tables() loop
    execute format('select count(*) from (%s) as l', tenancy.export_statement(v_table, v_org_id, null, '{}')) into v_rows;
    v_counts := v_counts || jsonb_build_object(v_table::text, v_rows);
  end loop;
  return (
    select json_build_object(
      'organization', json_build_object('id', o.id, 'slug', o.slug, 'name', o.name, 'status', o.status),
      'takenAt', inventory.iso(now()),
      'schema', tenancy.portable_schema(),
      'counts', v_counts
    )
    from tenancy.organizations o
    where o.id = v_org_id
  );
end
$function$;
alter function tenancy.begin_export() owner to stockade_owner;
comment on function tenancy.begin_export() is
  'Prepares a transaction that has entered an organization for exporting it: {organization, takenAt, schema, counts: {table: rows}}. The transaction must be repeatable read, or tables will not fit together. Raises SK902 when no organization was entered, SK104 when the caller may not read.';
revoke execute on function tenancy.begin_export() from public;
grant execute on function tenancy.begin_export() to stockade_jobs;

-- tenancy.begin_import(text,text)
CREATE OR REPLACE FUNCTION tenancy.begin_import(p_organization text, p_slug text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_org_id uuid := p_organization::json ->> 'id';
  v_slug text := coalesce(p_slug, p_organization::json ->> 'slug');
begin
  if tenancy.verified_context() is not null then
    raise exception 'this transaction has entered an organization' using errcode = 'SK902';
  end if;
  if v_org_id is null or v_slug is null then
    raise exception 'the line is not that of an organization: %', p_organization using errcode = 'SK505';
  end if;
  -- Rows can only be imported into an organization that did not exist before. The wall stays up around it: every row
  -- must belong to it.
  begin
    if exists (select from tenancy.organizations where id = v_org_id or slug = v_slug) then
      raise unique_violation;
    end if;
    perform tenancy.sign_context(v_org_id, 'import', array['import'], null);
    perform tenancy.write_lines('tenancy.organizations', array[p_organization], p_slug, '{}');
  exception
    when unique_violation then
      if exists (select from tenancy.organizations where id = v_org_id) then
        raise exception 'the organization % is here already', v_org_id using errcode = 'SK504';
      end if;
      raise exception 'there is another organization of the slug %', v_slug
        using errcode = 'SK504', hint = 'Import it under another slug: --slug NEW.';
  end;
  return v_org_id;
end
$function$;
alter function tenancy.begin_import(text,text) owner to stockade_owner;
comment on function tenancy.begin_import(text,text) is
  'Creates the organization of an export from its line, under its own slug or p_slug, and prepares this transaction for importing its rows. Raises SK504 when its id or slug is taken, SK505 when the line is not that of an organization, SK902 when the transaction has entered one.';
revoke execute on function tenancy.begin_import(text,text) from public;
grant execute on function tenancy.begin_import(text,text) to stockade_admin;

-- tenancy.book_digest()
CREATE OR REPLACE FUNCTION tenancy.book_digest()
 RETURNS text
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
  select encode(
    sha256(
      convert_to(
        concat(
          (select a.chain from stockade_migrations.applied a order by a.number desc limit 1), E'\n',
          (
            select string_agg(format(E'%s %s\n', f.name, f.sha256), '' order by f.name collate "C")
            from stockade_migrations.functions f
          )
        ),
        'UTF8'
      )
    ),
    'hex'
  )
$function$;
alter function tenancy.book_digest() owner to stockade_owner;
comment on function tenancy.book_digest() is
  'The digest of the whole schema: SHA-256, in hex, over the chain of the migrations and the digest of every function file that this database has. Databases with the same one have the same tables and functions.';
revoke execute on function tenancy.book_digest() from public;

-- tenancy.clear_statistics()
CREATE OR REPLACE FUNCTION tenancy.clear_statistics()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  v_table regclass;
begin
  -- Earlier versions have no function for it, and only a superuser may delete the rows.
  if current_setting('server_version_num')::integer < 180000 then
    return;
  end if;
  foreach v_table in array 'tenancy.organizations'::regclass || tenancy.tenant_tables() loop
    perform pg_clear_attribute_stats(n.nspname::text, c.relname::text, a.attname::text, false)
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.oid = v_table;
  end loop;
end
$function$;
alter function tenancy.clear_statistics() owner to stockade_owner;
comment on function tenancy.clear_statistics() is
  'Removes the statistics of every column of the tables of organizations. Before Postgres 18 it removes nothing.';
revoke execute on function tenancy.clear_statistics() from public;

-- tenancy.create_api_key(text,bytea,text,text[],timestamp with time zone)
CREATE OR REPLACE FUNCTION tenancy.create_api_key(p_key_id text, p_secret_digest bytea, p_name text, p_scopes text[], p_expires_at timestamp with time zone)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_org_id uuid := tenancy.require_grantable(p_scopes);
  v_key tenancy.api_keys;
begin
  if p_expires_at <= now() then
    raise exception 'a key would expire before it is used' using errcode = 'SK304',
      detail = json_build_array(json_build_object('field', 'expiresAt', 'message', 'must be in the future'));
  end if;
  insert into tenancy.api_keys (org_id, key_id, secret_digest, name, scopes, expires_at)
  values (v_org_id, p_key_id, p_secret_digest, p_name, p_scopes, p_expires_at)
  returning * into v_key;
  return tenancy.api_key_json(v_key);
end
$function$;
alter function tenancy.create_api_key(text,bytea,text,text[],timestamp with time zone) owner to stockade_owner;
comment on function tenancy.create_api_key(text,bytea,text,text[],timestamp with time zone) is
  'Adds a key to the organization that was entered and shows it without its secret, which never gets here. Raises SK902 when none was entered, SK104 when the caller lacks admin or a scope that the key would carry, SK304 or 23514 for a value out of its bounds.';
revoke execute on function tenancy.create_api_key(text,bytea,text,text[],timestamp with time zone) from public;
grant execute on function tenancy.create_api_key(text,bytea,text,text[],timestamp with time zone) to stockade_api;

-- tenancy.current_actor()
CREATE OR REPLACE FUNCTION tenancy.current_actor()
 RETURNS text
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
  return (tenancy.verified_context())[3];
end
$function$;
alter function tenancy.current_actor() owner to stockade_owner;
comment on function tenancy.current_actor() is
  'Who acts in this transaction: key:<id>, user:<id> or job; null when no organization was entered.';
revoke execute on function tenancy.current_actor() from public;
grant execute on function tenancy.current_actor() to stockade_jobs;

-- tenancy.current_org()
CREATE OR REPLACE FUNCTION tenancy.current_org()
 RETURNS uuid
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_context text := current_setting('stockade.context', true);
  v_inner_pad bytea;
  v_outer_pad bytea;
begin
  if v_context <> '' then
    select inner_pad, outer_pad
    into v_inner_pad, v_outer_pad
    from tenancy.context_keys
    where id = split_part(v_context, '|', 1);
    if right(v_context, 64) = encode(
      sha256(v_outer_pad || sha256(v_inner_pad || convert_to(
        concat_ws('|', left(v_context, -65), pg_backend_pid(), encode(timestamptz_send(now()), 'hex')), 'UTF8'
      ))),
      'hex'
    ) then
      return split_part(v_context, '|', 2);
    end if;
    raise exception 'the context of this transaction was not signed by tenancy.enter_*()'
      using errcode = 'SK901';
  end if;
  return null;
end
$function$;
alter function tenancy.current_org() owner to stockade_owner;
comment on function tenancy.current_org() is
  'The organization this transaction has entered; null when it has entered none. Raises SK901 when the context is forged, or copied from another transaction or connection.';
revoke execute on function tenancy.current_org() from public;
grant execute on function tenancy.current_org() to stockade_admin, stockade_api, stockade_jobs, stockade_ledger;

-- tenancy.digest_tables(uuid,text,jsonb)
CREATE OR REPLACE FUNCTION tenancy.digest_tables(p_org_id uuid, p_slug text, p_users jsonb)
 RETURNS TABLE(name text, row_count bigint, digest bytea)
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  v_line text;
begin
  perform tenancy.use_export_settings();
  foreach name in array tenancy.portable_tables()::text[] loop
    row_count := 0;
    digest := decode(repeat('00', 32), 'hex');
    for v_line in execute tenancy.export_statement(name::regclass, p_org_id, p_slug, p_users) loop
      digest := sha256(digest || convert_to(v_line, 'UTF8'));
      row_count := row_count + 1;
    end loop;
    return next;
  end loop;
end
$function$;
alter function tenancy.digest_tables(uuid,text,jsonb) owner to stockade_owner;
comment on function tenancy.digest_tables(uuid,text,jsonb) is
  'The number of rows and the digest of each table of an organization. The digest is a chain: SHA-256 over the digest so far (first 32 zero bytes) and the next line, so that no line has to be kept.';
revoke execute on function tenancy.digest_tables(uuid,text,jsonb) from public;

-- tenancy.drop_pass_key(text)
CREATE OR REPLACE FUNCTION tenancy.drop_pass_key(p_id text)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
  delete from tenancy.pass_keys where id = p_id;
  return found;
end
$function$;
alter function tenancy.drop_pass_key(text) owner to stockade_owner;
comment on function tenancy.drop_pass_key(text) is
  'Makes every pass that was minted with this key worthless. Returns whether there was such a key.';
revoke execute on function tenancy.drop_pass_key(text) from public;
grant execute on function tenancy.drop_pass_key(text) to stockade_admin;

-- tenancy.email_of_pass(text)
CREATE OR REPLACE FUNCTION tenancy.email_of_pass(p_pass text)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
declare
  v_part text[] := string_to_array(p_pass, '|');
  v_key tenancy.pass_keys;
begin
  select * into v_key from tenancy.pass_keys where id = v_part[1];
  if cardinality(v_part) = 4
    and v_part[4] = encode(
      sha256(v_key.outer_pad || sha256(v_key.inner_pad || convert_to(left(p_pass, -65), 'UTF8'))),
      'hex'
    )
    and v_part[2]::bigint > extract(epoch from clock_timestamp())
  then
    return v_part[3];
  end if;
  return null;
end
$function$;
alter function tenancy.email_of_pass(text) owner to stockade_owner;
comment on function tenancy.email_of_pass(text) is
  'The e-mail address that a pass vouches for; null when it is forged, expired or malformed. A pass is <pass key>|<expiry, Unix seconds>|<email>|<HMAC-SHA256, hex>.';
revoke execute on function tenancy.email_of_pass(text) from public;

-- tenancy.enter_as_job(uuid)
CREATE OR REPLACE FUNCTION tenancy.enter_as_job(p_org_id uuid)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
  if not exists (select from tenancy.organizations where id = p_org_id) then
    raise exception 'there is no organization %', p_org_id using errcode = 'SK404';
  end if;
  perform tenancy.sign_context(p_org_id, 'job', array['read', 'write'], null);
  if current_setting('transaction_read_only') = 'off' then
    perform from tenancy.organizations where id = p_org_id for key share;
    if not found then
      raise exception 'there is no organization %', p_org_id using errcode = 'SK404';
    end if;
  end if;
  return p_org_id;
end
$function$;
alter function tenancy.enter_as_job(uuid) owner to stockade_owner;
comment on function tenancy.enter_as_job(uuid) is
  'Enters an organization for this transaction on behalf of a job; suspended ones too, since their books stay proven. Raises SK404 when there is none of that id.';
revoke execute on function tenancy.enter_as_job(uuid) from public;
grant execute on function tenancy.enter_as_job(uuid) to stockade_jobs;

-- tenancy.enter_with_key(text,bytea,text,text[],boolean)
CREATE OR REPLACE PROCEDURE tenancy.enter_with_key(IN p_key_id text, IN p_secret_digest bytea, IN p_scope text, IN p_selectors text[], IN p_read_only boolean DEFAULT false)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $procedure$
declare
  v_signed text;
begin
  -- Everything but the plain case (a refusal, a second entry, a slot that is taken) leaves this statement without a context.
  select
    case
      when tenancy.take_slot(s.inner_pad, k.org_id, pg_backend_pid() % o.max_concurrency, now())
      then set_config(
        'stockade.context',
        concat_ws('|', s.id, k.org_id, 'key:' || p_key_id, array_to_string(k.scopes, ','), encode(
          sha256(s.outer_pad || sha256(s.inner_pad || convert_to(
            concat_ws(
              '|', s.id, k.org_id, 'key:' || p_key_id, array_to_string(k.scopes, ','),
              pg_backend_pid(), encode(timestamptz_send(now()), 'hex')
            ),
            'UTF8'
          ))),
          'hex'
        )),
        true
      ) || case when p_read_only then left(set_config('transaction_read_only', 'on', true), 0) else '' end
    end
  into v_signed
  from tenancy.api_keys k
  -- By its id alone, with OFFSET 0 as a fence: a session may turn plans round, and selectors that are compared with every slug tell by the
  -- time whether there is one.
  cross join lateral (
    select o.id, o.slug, o.status, o.max_concurrency from tenancy.organizations o where o.id = k.org_id offset 0
  ) as o
  join tenancy.context_keys s on s.active
  where k.key_id = p_key_id
    and k.secret_digest = p_secret_digest
    and k.revoked_at is null
    and (k.expires_at is null or k.expires_at > now())
    and p_selectors <@ array[o.slug, o.id::text]
    and o.status = 'active'
    and p_scope = any (k.scopes)
    and coalesce(current_setting('stockade.context', true), '') = '';

  if v_signed is null then
    v_signed := tenancy.examine_key(p_key_id, p_secret_digest, p_scope, p_selectors);
    if p_read_only then
      v_signed := set_config('transaction_read_only', 'on', true);
    end if;
  end if;
end
$procedure$;
alter procedure tenancy.enter_with_key(text,bytea,text,text[],boolean) owner to stockade_owner;
comment on procedure tenancy.enter_with_key(text,bytea,text,text[],boolean) is
  'Enters the organization of an API key for this transaction. p_scope is what the request needs, p_selectors are the organizations it names (slug or id). With p_read_only the transaction writes nothing from here on. Raises SK101 unknown, revoked or expired key; SK102 another organization named or already entered; SK103 suspended; SK104 scope missing; SK106 too many transactions of the organization under way.';
revoke execute on procedure tenancy.enter_with_key(text,bytea,text,text[],boolean) from public;
grant execute on procedure tenancy.enter_with_key(text,bytea,text,text[],boolean) to stockade_api;

-- tenancy.enter_with_pass(text,text,text[],boolean)
CREATE OR REPLACE PROCEDURE tenancy.enter_with_pass(IN p_pass text, IN p_scope text, IN p_selectors text[], IN p_read_only boolean DEFAULT false)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $procedure$
declare
  v_entered text[] := tenancy.verified_context();
  v_email text := tenancy.email_of_pass(p_pass);
  v_member record;
  v_scopes text[];
  v_signed text;
begin
  if v_email is null then
    raise exception 'this pass is not valid' using errcode = 'SK101';
  end if;

  select count(*) over () as n, m.org_id, m.user_id, m.role, o.status, o.max_concurrency
  into v_member
  -- One after the other, with OFFSET 0 as a fence, as tenancy.enter_with_key() does.
  from (select u.id from tenancy.users u where u.email = v_email offset 0) as u
  cross join lateral (
    select m.org_id, m.user_id, m.role from tenancy.memberships m where m.user_id = u.id offset 0
  ) as m
  cross join lateral (
    select o.id, o.slug, o.status, o.max_concurrency from tenancy.organizations o where o.id = m.org_id offset 0
  ) as o
  where not exists (
      select from unnest(p_selectors) as selector
      where selector is distinct from o.slug and lower(selector) is distinct from o.id::text
    )
    and (v_entered is null or o.id::text = v_entered[2])
  limit 1;

  if not found then
    raise exception 'this user is not a member of the organization the request names' using errcode = 'SK102';
  end if;
  if v_member.n > 1 then
    raise exception 'this user is a member of several organizations' using errcode = 'SK105';
  end if;
  if v_member.status <> 'active' then
    raise exception 'this organization is suspended' using errcode = 'SK103';
  end if;
  v_scopes := case v_member.role
    when 'viewer' then array['read']
    when 'clerk' then array['read', 'write']
    when 'admin' then array['read', 'write', 'admin']
  end;
  -- Entered with a key as well: only the scopes that both carry.
  if v_entered is not null then
    v_scopes := array(
      select unnest(v_scopes) intersect select unnest(string_to_array(v_entered[4], ',')) order by 1
    );
  end if;
  if not p_scope = any (v_scopes) then
    raise exception 'this membership does not carry the scope %', p_scope
      using errcode = 'SK104', detail = json_build_object('scope', p_scope);
  end if;
  v_signed := tenancy.sign_context(
    v_member.org_id,
    'user:' || v_member.user_id,
    v_scopes,
    case when v_entered is null then v_member.max_concurrency end
  );
  if p_read_only then
    v_signed := set_config('transaction_read_only', 'on', true);
  end if;
end
$procedure$;
alter procedure tenancy.enter_with_pass(text,text,text[],boolean) owner to stockade_owner;
comment on procedure tenancy.enter_with_pass(text,text,text[],boolean) is
  'Enters an organization for this transaction on behalf of a user. p_pass is <pass key>|<expiry, Unix seconds>|<email>|<HMAC-SHA256, hex>, minted by the API for a verified token. With p_read_only the transaction writes nothing from here on. Raises SK101 forged or expired pass; SK102 not a member of what is named; SK103 suspended; SK104 scope missing; SK105 several organizations and none named; SK106 too many transactions of the organization under way.';
revoke execute on procedure tenancy.enter_with_pass(text,text,text[],boolean) from public;
grant execute on procedure tenancy.enter_with_pass(text,text,text[],boolean) to stockade_api;

-- tenancy.entered_organization()
CREATE OR REPLACE FUNCTION tenancy.entered_organization()
 RETURNS json
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_org_id uuid := tenancy.require_scope('read');
begin
  return (
    select json_build_object(
      'id', id,
      'slug', slug,
      'name', name,
      'status', status,
      'createdAt', inventory.iso(created_at)
    )
    from tenancy.organizations
    where id = v_org_id
  );
end
$function$;
alter function tenancy.entered_organization() owner to stockade_owner;
comment on function tenancy.entered_organization() is
  'The organization that was entered. Raises SK902 when none was, SK104 when the caller lacks read.';
revoke execute on function tenancy.entered_organization() from public;
grant execute on function tenancy.entered_organization() to stockade_api;

-- tenancy.erase_organization(uuid,bytea)
CREATE OR REPLACE FUNCTION tenancy.erase_organization(p_org_id uuid, p_receipt bytea)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_status text;
  v_taken record;
  v_table regclass;
  v_deleted bigint;
  v_users uuid[];
  v_user uuid;
  v_users_deleted bigint := 0;
begin
  if tenancy.verified_context() is not null then
    raise exception 'this transaction has entered an organization' using errcode = 'SK902';
  end if;
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'an organization is erased in a read committed transaction, which sees what was committed before it'
      using errcode = '25001';
  end if;
  -- With this context inventory.refuse_change() lets the transaction delete rows of this organization, and of no other.
  perform tenancy.sign_context(p_org_id, 'erasure', array['read'], null);
  select status into v_status from tenancy.organizations where id = p_org_id for update;
  if not found then
    raise exception 'there is no organization %', p_org_id using errcode = 'SK404';
  end if;
  if v_status <> 'suspended' then
    raise exception 'this organization is %', v_status
      using errcode = 'SK501', hint = 'Suspend it, export it again, and erase it with the receipt of that export.';
  end if;
  perform tenancy.await_requests('45 seconds');

  select * into v_taken from tenancy.receipt(p_org_id);
  if v_taken.receipt is distinct from p_receipt then
    raise exception 'this organization is not what the receipt is of'
      using errcode = 'SK502', hint = 'It has changed since that export, or the schema has: export it again.';
  end if;

  execute format(
    'select array_agg(u.id) from (select (l.line::json ->> ''id'')::uuid as id from (%s) as l) as u',
    tenancy.export_statement('tenancy.users', p_org_id, null, '{}')
  )
  into v_users;
  for v_table in
    select r.relation from unnest(tenancy.tenant_tables()) with ordinality as r (relation, n) order by r.n desc
  loop
    execute format('delete from %s where org_id = $1', v_table) using p_org_id;
    get diagnostics v_deleted = row_count;
    if v_deleted <> (v_taken.row_counts ->> v_table::text)::bigint then
      raise exception '% rows of % were exported, but % deleted', v_taken.row_counts ->> v_table::text, v_table, v_deleted
        using errcode = 'SK502', hint = 'It has changed while it was erased: export it again.';
    end if;
  end loop;
  delete from tenancy.organizations where id = p_org_id;

  foreach v_user in array coalesce(v_users, '{}') loop
    begin
      delete from tenancy.users where id = v_user;
      get diagnostics v_deleted = row_count;
      v_users_deleted := v_users_deleted + v_deleted;
    exception
      when foreign_key_violation then
        -- A membership or another row of another organization names this user.
        null;
    end;
  end loop;

  v_taken.row_counts := v_taken.row_counts || jsonb_build_object('tenancy.users', v_users_deleted);
  insert into tenancy.erasures (organization_id, receipt, row_counts)
  values (p_org_id, p_receipt, v_taken.row_counts);
  perform set_config('stockade.context', '', true);
  return v_taken.row_counts;
end
$function$;
alter function tenancy.erase_organization(uuid,bytea) owner to stockade_owner;
comment on function tenancy.erase_organization(uuid,bytea) is
  'Deletes everything of a suspended organization, append-only tables too, and users who belong to no other; leaves a row in tenancy.erasures. p_receipt is that of an export which holds exactly what is there now. Returns {table: rows deleted}. Raises SK404 no such organization, SK501 not suspended, SK502 not what was exported, SK503 requests still under way, SK902 when the transaction has entered an organization, 25001 when it is not read committed.';
revoke execute on function tenancy.erase_organization(uuid,bytea) from public;
grant execute on function tenancy.erase_organization(uuid,bytea) to stockade_admin;

-- tenancy.examine_key(text,bytea,text,text[])
CREATE OR REPLACE FUNCTION tenancy.examine_key(p_key_id text, p_secret_digest bytea, p_scope text, p_selectors text[])
 RETURNS text
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  v_entered text[] := tenancy.verified_context();
  v_key record;
  v_organization record;
begin
  select org_id, scopes
  into v_key
  from tenancy.api_keys
  where key_id = p_key_id
    and secret_digest = p_secret_digest
    and revoked_at is null
    and (expires_at is null or expires_at > now());

  if not found then
    raise exception 'this API key is not valid' using errcode = 'SK101';
  end if;
  select status, slug, max_concurrency into v_organization from tenancy.organizations where id = v_key.org_id;
  -- The key is the authority. A selector only chooses, and each one must name the key's own organization.
  if v_entered[2] <> v_key.org_id::text
    or p_selectors <> '{}' and exists (
      select from unnest(p_selectors) as selector
      where selector is distinct from v_organization.slug and lower(selector) is distinct from v_key.org_id::text
    )
  then
    raise exception 'this API key belongs to another organization than the request names' using errcode = 'SK102';
  end if;
  if v_organization.status <> 'active' then
    raise exception 'this organization is suspended' using errcode = 'SK103';
  end if;
  if not p_scope = any (v_key.scopes) then
    raise exception 'this API key does not carry the scope %', p_scope
      using errcode = 'SK104', detail = json_build_object('scope', p_scope);
  end if;
  return tenancy.sign_context(
    v_key.org_id,
    'key:' || p_key_id,
    v_key.scopes,
    case when v_entered is null then v_organization.max_concurrency end
  );
end
$function$;
alter function tenancy.examine_key(text,bytea,text,text[]) owner to stockade_owner;
comment on function tenancy.examine_key(text,bytea,text,text[]) is
  'Checks a key in the order in which refusals are answered, and signs the context: for the requests that tenancy.enter_with_key() does not settle in its one statement. Returns the context; raises what that procedure raises.';
revoke execute on function tenancy.examine_key(text,bytea,text,text[]) from public;

-- tenancy.export_statement(regclass,uuid,text,jsonb)
CREATE OR REPLACE FUNCTION tenancy.export_statement(p_table regclass, p_org_id uuid, p_slug text, p_users jsonb)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
declare
  v_source text;
  v_fields text;
  v_order text;
  v_where text;
begin
  select
    string_agg(
      case
        when c.names_user and p_users <> '{}'
          then format('coalesce((%1$L::jsonb ->> t.%2$I::text)::uuid, t.%2$I) as %2$I', p_users, c.name)
        when p_table = 'tenancy.organizations'::regclass and c.name = 'slug' and p_slug is not null
          then format('%L::text as slug', p_slug)
        else format('t.%I', c.name)
      end,
      ', '
      order by c.n
    ),
    string_agg(format('%s as %I', c.as_json, c.name), ', ' order by c.n),
    -- Text is ordered by its bytes, because collations differ between servers.
    string_agg(
      format(case when a.attcollation <> 0 then 't.%I collate "C"' else 't.%I' end, c.name),
      ', '
      order by c.key_place
    ) filter (where c.key_place is not null)
  into v_source, v_fields, v_order
  from tenancy.portable_columns(p_table) with ordinality as c (name, type, as_json, key_place, names_user, n)
  join pg_attribute a on a.attrelid = p_table and a.attname = c.name;

  v_where := case p_table
    when 'tenancy.organizations'::regclass then format('t.id = %L', p_org_id)
    when 'tenancy.users'::regclass then (
      select format('t.id in (%s)', string_agg(format('select %I from %s where org_id = %L', c.name, r.relation, p_org_id), ' union '))
      from unnest(tenancy.tenant_tables()) as r (relation)
      cross join lateral tenancy.portable_columns(r.relation) as c
      where c.names_user
    )
    else format('t.org_id = %L', p_org_id)
  end;

  if v_order is null then
    return format(
      'select l.line from (select row_to_json(r)::text as line from '
      '(select %s from (select %s from %s t where %s) t) r) l order by l.line collate "C"',
      v_fields, v_source, p_table, v_where
    );
  end if;
  return format(
    'select row_to_json(r)::text as line from (select %s from (select %s from %s t where %s) t order by %s) r',
    v_fields, v_source, p_table, v_where, v_order
  );
end
$function$;
alter function tenancy.export_statement(regclass,uuid,text,jsonb) owner to stockade_owner;
comment on function tenancy.export_statement(regclass,uuid,text,jsonb) is
  'The statement that reads the rows of one organization in one table, as one line of json each, in the order of their keys: the same rows give the same lines in every database. p_slug and p_users, {id here: id there}, write them as the database did that they came from.';
revoke execute on function tenancy.export_statement(regclass,uuid,text,jsonb) from public;

-- tenancy.finish_import(text,jsonb)
CREATE OR REPLACE FUNCTION tenancy.finish_import(p_slug text, p_users jsonb)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_org_id uuid := tenancy.require_import();
  v_numbered record;
  v_highest bigint;
  v_last bigint;
begin
  -- A number that this database gives later must not be one that was imported.
  for v_numbered in
    select r.relation, c.name, pg_get_serial_sequence(r.relation::text, c.name) as sequence
    from unnest(tenancy.tenant_tables()) as r (relation)
    cross join lateral tenancy.portable_columns(r.relation) as c
    where pg_get_serial_sequence(r.relation::text, c.name) is not null
  loop
    execute format('select max(%I) from %s where org_id = $1', v_numbered.name, v_numbered.relation)
    into v_highest
    using v_org_id;
    execute format('select last_value from %s', v_numbered.sequence) into v_last;
    if v_highest >= v_last then
      execute format('alter sequence %s restart with %s', v_numbered.sequence, v_highest + 1);
    end if;
  end loop;

  return (
    select json_object_agg(d.name, json_build_object('rows', d.row_count, 'digest', encode(d.digest, 'hex')))
    from tenancy.digest_tables(
      v_org_id,
      p_slug,
      coalesce((select jsonb_object_agg(u.value, u.key) from jsonb_each_text(p_users) as u), '{}')
    ) as d
  );
end
$function$;
alter function tenancy.finish_import(text,jsonb) owner to stockade_owner;
comment on function tenancy.finish_import(text,jsonb) is
  'Digests what was imported as the export wrote it, under the slug it had there and with the ids its users had: {table: {rows, digest}}. The importer compares them with the export before it commits. Raises SK902 when no import was begun.';
revoke execute on function tenancy.finish_import(text,jsonb) from public;
grant execute on function tenancy.finish_import(text,jsonb) to stockade_admin;

-- tenancy.forget_security_events(interval,integer)
CREATE OR REPLACE FUNCTION tenancy.forget_security_events(p_older_than interval, p_most integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_org_id constant uuid := tenancy.require_scope('write');
  v_forgotten integer;
begin
  -- Instants are compared: an interval of months and days may be longer than 90 days and still lead into the future.
  if (now() - p_older_than <= now() - interval '90 days') is not true then
    raise exception 'security events are kept for 90 days at least, not for %', p_older_than using errcode = '22023';
  end if;
  delete from tenancy.security_events e
  where e.org_id = v_org_id
    and e.minute <= (
      select max(oldest.minute)
      from (
        select o.minute
        from tenancy.security_events o
        where o.org_id = v_org_id
          and o.minute < now() - p_older_than
        order by o.minute
        limit p_most
      ) as oldest
    );
  get diagnostics v_forgotten = row_count;
  return v_forgotten;
end
$function$;
alter function tenancy.forget_security_events(interval,integer) owner to stockade_owner;
comment on function tenancy.forget_security_events(interval,integer) is
  'Deletes the oldest security events of the organization that was entered that are older than p_older_than: p_most, and the rest of the last minute. Returns how many; 0 when there are none. Raises 22023 when p_older_than is less than 90 days.';
revoke execute on function tenancy.forget_security_events(interval,integer) from public;
grant execute on function tenancy.forget_security_events(interval,integer) to stockade_jobs;

-- tenancy.hmac_pad(bytea,integer)
CREATE OR REPLACE FUNCTION tenancy.hmac_pad(p_key bytea, p_pad integer)
 RETURNS bytea
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
declare
  v_padded bytea := p_key || decode(repeat('00', 64 - length(p_key)), 'hex');
begin
  for i in 0..63 loop
    v_padded := set_byte(v_padded, i, get_byte(v_padded, i) # p_pad);
  end loop;
  return v_padded;
end
$function$;
alter function tenancy.hmac_pad(bytea,integer) owner to stockade_owner;
comment on function tenancy.hmac_pad(bytea,integer) is
  'One of the two padded keys of HMAC (RFC 2104): p_pad is 54 (0x36) for the inner one, 92 (0x5c) for the outer one.';
revoke execute on function tenancy.hmac_pad(bytea,integer) from public;

-- tenancy.import_rows(text,text[],jsonb)
CREATE OR REPLACE FUNCTION tenancy.import_rows(p_table text, p_lines text[], p_users jsonb)
 RETURNS integer[]
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_org_id uuid := tenancy.require_import();
begin
  if p_table <> all (tenancy.tenant_tables()::text[]) then
    raise exception 'the table % holds nothing of an organization', p_table using errcode = 'SK505';
  end if;
  return tenancy.write_lines(p_table::regclass, p_lines, null, p_users);
exception
  when not_null_violation then
    raise exception 'a line of % lacks a value, or names a user whom the export does not name: %', p_table, sqlerrm
      using errcode = 'SK505', hint = 'It is not what an export wrote: export the organization again.';
end
$function$;
alter function tenancy.import_rows(text,text[],jsonb) owner to stockade_owner;
comment on function tenancy.import_rows(text,text[],jsonb) is
  'Writes lines of an export into a table, through all of its constraints, triggers and policies; p_users are the users of import_users(), and no line may name another one. Returns which lines (the first is 1) refer to a row of the same table that does not exist yet: send them again. Balances come from their movements and must equal their lines. Items may go below zero until their lines are sent a second time, after the movements. Raises SK505 for an unknown table, or balances that are not the sum of their movements; SK902 when no import was begun.';
revoke execute on function tenancy.import_rows(text,text[],jsonb) from public;
grant execute on function tenancy.import_rows(text,text[],jsonb) to stockade_admin;

-- tenancy.import_users(text[])
CREATE OR REPLACE FUNCTION tenancy.import_users(p_lines text[])
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_org_id uuid := tenancy.require_import();
  v_users jsonb;
  v_missing text[];
begin
  for v_attempt in 1..5 loop
    -- The address identifies a user. An id that belongs to another address here is replaced by a new one.
    select
      jsonb_object_agg(e.id, case when taken.id is null then e.id else inventory.new_id() end),
      array_agg(l.line order by e.email)
    into v_users, v_missing
    from unnest(p_lines) as l (line)
    cross join lateral json_to_record(l.line::json) as e (id uuid, email text)
    left join tenancy.users taken on taken.id = e.id
    where not exists (select from tenancy.users here where here.email = e.email);
    begin
      -- In the order of their addresses, so that two imports of the same users cannot deadlock.
      perform tenancy.write_lines('tenancy.users', coalesce(v_missing, '{}'), null, coalesce(v_users, '{}'));
      exit;
    exception
      when unique_violation then
        -- Another import has created one of them in the meantime: the next attempt finds it.
        if v_attempt = 5 then
          raise;
        end if;
    end;
  end loop;

  select jsonb_object_agg(e.id, here.id)
  into v_users
  from unnest(p_lines) as l (line)
  cross join lateral json_to_record(l.line::json) as e (id uuid, email text)
  join tenancy.users here on here.email = e.email;
  return json_build_object('created', coalesce(cardinality(v_missing), 0), 'users', coalesce(v_users, '{}'));
end
$function$;
alter function tenancy.import_users(text[]) owner to stockade_owner;
comment on function tenancy.import_users(text[]) is
  'Finds the users of an export by their addresses and creates those that are missing: {created, users: {id there: id here}}. Users that exist stay as they are. Raises SK902 when no import was begun.';
revoke execute on function tenancy.import_users(text[]) from public;
grant execute on function tenancy.import_users(text[]) to stockade_admin;

-- tenancy.is_email(text)
CREATE OR REPLACE FUNCTION tenancy.is_email(p_text text)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
begin
  return length(p_text) <= 320
    and p_text ~ ('^[a-z0-9.!#$%&''*+/=?^_`{}~-]+@'
      '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$');
end
$function$;
alter function tenancy.is_email(text) owner to stockade_owner;
comment on function tenancy.is_email(text) is
  'Whether a text is the one form of an e-mail address: ASCII in lower case, what HTML calls valid, without bars, which separate the parts of a pass. A domain in another script is in its ASCII form (IDNA).';
revoke execute on function tenancy.is_email(text) from public;
grant execute on function tenancy.is_email(text) to stockade_admin;

-- tenancy.known_organizations(uuid,integer)
CREATE OR REPLACE FUNCTION tenancy.known_organizations(p_after uuid, p_most integer)
 RETURNS SETOF uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
  select id
  from tenancy.organizations
  where id > p_after
  order by id
  limit p_most
$function$;
alter function tenancy.known_organizations(uuid,integer) owner to stockade_owner;
comment on function tenancy.known_organizations(uuid,integer) is
  'The ids of all organizations, suspended ones too, in order: at most p_most of those after p_after. For jobs that compare a restored copy with production: it may not lose a suspended organization either.';
revoke execute on function tenancy.known_organizations(uuid,integer) from public;
grant execute on function tenancy.known_organizations(uuid,integer) to stockade_jobs;

-- tenancy.lines_statement(regclass,text)
CREATE OR REPLACE FUNCTION tenancy.lines_statement(p_table regclass, p_slug text)
 RETURNS text
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
  select format(
    'select l.n, %s from unnest($1) with ordinality as l (line, n) cross join lateral json_to_record(l.line::json) as r (%s)',
    string_agg(
      case
        -- Only the users of the export: the id of any other user of this database would make that one a member.
        when c.names_user then format('($2 ->> r.%1$I)::%2$s as %1$I', c.name, c.type)
        when p_table = 'tenancy.organizations'::regclass and c.name = 'slug' and p_slug is not null
          then format('%L::text as slug', p_slug)
        else format('r.%1$I::%2$s as %1$I', c.name, c.type)
      end,
      ', '
    ),
    string_agg(format('%I text', c.name), ', ')
  )
  from tenancy.portable_columns(p_table) as c
$function$;
alter function tenancy.lines_statement(regclass,text) owner to stockade_owner;
comment on function tenancy.lines_statement(regclass,text) is
  'The statement that reads lines of an export ($1 text[], $2 {user there: user here}) as numbered rows of a table.';
revoke execute on function tenancy.lines_statement(regclass,text) from public;

-- tenancy.list_api_keys(integer,timestamp with time zone,text)
CREATE OR REPLACE FUNCTION tenancy.list_api_keys(p_limit integer, p_after_created_at timestamp with time zone, p_after_key_id text)
 RETURNS SETOF json
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_org_id uuid := tenancy.require_scope('admin');
begin
  perform tenancy.require_page(p_limit);
  return query
  select tenancy.api_key_json(k)
  from tenancy.api_keys k
  -- The owner sees the keys of every organization, so the condition stands here.
  where k.org_id = v_org_id
    and (p_after_key_id is null or (k.created_at, k.key_id) < (p_after_created_at, p_after_key_id))
  order by k.created_at desc, k.key_id desc
  limit p_limit;
end
$function$;
alter function tenancy.list_api_keys(integer,timestamp with time zone,text) owner to stockade_owner;
comment on function tenancy.list_api_keys(integer,timestamp with time zone,text) is
  'The keys of the organization that was entered, newest first, starting after the one that is named. Raises SK902 when none was entered, SK104 when the caller lacks admin, SK304 when the page is none.';
revoke execute on function tenancy.list_api_keys(integer,timestamp with time zone,text) from public;
grant execute on function tenancy.list_api_keys(integer,timestamp with time zone,text) to stockade_api;

-- tenancy.list_members(integer,text)
CREATE OR REPLACE FUNCTION tenancy.list_members(p_limit integer, p_after_email text)
 RETURNS SETOF json
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_org_id uuid := tenancy.require_scope('admin');
begin
  perform tenancy.require_page(p_limit);
  return query
  select json_build_object(
    'id', u.id,
    'email', u.email,
    'name', u.name,
    'role', m.role,
    'since', inventory.iso(m.created_at)
  )
  from tenancy.memberships m
  -- Users are those of all organizations: looked up by their ids, not along the addresses.
  cross join lateral (select u.id, u.email, u.name from tenancy.users u where u.id = m.user_id offset 0) u
  -- The owner sees the members of every organization, so the condition stands here.
  where m.org_id = v_org_id
    and (p_after_email is null or u.email > p_after_email)
  order by u.email
  limit p_limit;
end
$function$;
alter function tenancy.list_members(integer,text) owner to stockade_owner;
comment on function tenancy.list_members(integer,text) is
  'The members of the organization that was entered, by e-mail address, starting after the one that is named. Raises SK902 when none was entered, SK104 when the caller lacks admin, SK304 when the page is none.';
revoke execute on function tenancy.list_members(integer,text) from public;
grant execute on function tenancy.list_members(integer,text) to stockade_api;

-- tenancy.note_key_use()
CREATE OR REPLACE FUNCTION tenancy.note_key_use()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_org_id uuid := tenancy.current_org();
begin
  if v_org_id is null then
    raise exception 'no organization was entered in this transaction' using errcode = 'SK902';
  end if;
  update tenancy.api_keys
  set last_used_at = now()
  where org_id = v_org_id
    and 'key:' || key_id = tenancy.current_actor()
    and (last_used_at is null or last_used_at < now() - interval '1 minute');
end
$function$;
alter function tenancy.note_key_use() owner to stockade_owner;
comment on function tenancy.note_key_use() is
  'Notes that the key of this transaction is in use, at most once a minute. Call it in a transaction of its own, so that no request waits for the note of another one. Raises SK902 when no organization was entered.';
revoke execute on function tenancy.note_key_use() from public;
grant execute on function tenancy.note_key_use() to stockade_api;

-- tenancy.open_export(text)
CREATE OR REPLACE FUNCTION tenancy.open_export(p_table text)
 RETURNS refcursor
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_org_id uuid := tenancy.require_scope('read');
  v_rows refcursor := 'export';
begin
  if p_table <> all (tenancy.portable_tables()::text[]) then
    raise exception 'the table % holds nothing of an organization', p_table using errcode = 'SK505';
  end if;
  open v_rows no scroll for execute tenancy.export_statement(p_table::regclass, v_org_id, null, '{}');
  return v_rows;
end
$function$;
alter function tenancy.open_export(text) owner to stockade_owner;
comment on function tenancy.open_export(text) is
  'Opens the cursor "export" over the rows of a table that belong to the organization that was entered, as lines of json in the order of their keys; for the users those its rows name. Digests of API keys are among them, secrets are not. Raises SK505 no such table, SK902 when no organization was entered, SK104 when the caller may not read.';
revoke execute on function tenancy.open_export(text) from public;
grant execute on function tenancy.open_export(text) to stockade_jobs;

-- tenancy.portable_columns(regclass)
CREATE OR REPLACE FUNCTION tenancy.portable_columns(p_table regclass)
 RETURNS TABLE(name text, type text, as_json text, key_place integer, names_user boolean)
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
  select
    a.attname,
    format_type(a.atttypid, a.atttypmod),
    format(
      case
        when b.base in (
          'boolean'::regtype, 'smallint'::regtype, 'integer'::regtype, 'bigint'::regtype, 'numeric'::regtype,
          'text'::regtype, 'uuid'::regtype, 'date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype
        ) then 'to_json(t.%1$I)'
        -- A jsonb null by itself would be read back as SQL null.
        when b.base = 'jsonb'::regtype then
          'case when jsonb_typeof(t.%1$I) in (''object'', ''array'') then t.%1$I::json else to_json(t.%1$I::text) end'
        else 'to_json(t.%1$I::text)'
      end,
      a.attname
    ),
    array_position(k.conkey, a.attnum),
    (a.attrelid = 'tenancy.users'::regclass and a.attname = 'id') or exists (
      select from pg_constraint f
      where f.contype = 'f'
        and f.conrelid = a.attrelid
        and f.confrelid = 'tenancy.users'::regclass
        and f.conkey = array[a.attnum]
    )
  from pg_attribute a
  join pg_type t on t.oid = a.atttypid
  cross join lateral (select case t.typtype when 'd' then t.typbasetype else t.oid end as base) as b
  left join pg_constraint k on k.conrelid = a.attrelid and k.contype = 'p'
  where a.attrelid = p_table
    and a.attnum > 0
    and not a.attisdropped
    and a.attgenerated = ''
  order by a.attnum
$function$;
alter function tenancy.portable_columns(regclass) owner to stockade_owner;
comment on function tenancy.portable_columns(regclass) is
  'The columns of a table that an export writes, in order, without generated ones. as_json is the expression for column t.<name>: a value that json holds without loss as itself, any other value as its text. A value of type json is written as text too, because it keeps blanks and duplicate keys that jsonb does not.';
revoke execute on function tenancy.portable_columns(regclass) from public;

-- tenancy.portable_schema()
CREATE OR REPLACE FUNCTION tenancy.portable_schema()
 RETURNS json
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_last stockade_migrations.applied;
begin
  select * into strict v_last from stockade_migrations.applied order by number desc limit 1;
  return json_build_object(
    'migration', v_last.name,
    'book', tenancy.book_digest(),
    'tables', (
      select json_agg(
        json_build_object(
          'name', r.relation::text,
          'columns', (select json_agg(c.name order by c.n)
            from tenancy.portable_columns(r.relation) with ordinality as c (name, type, as_json, key_place, names_user, n))
        )
        order by r.n
      )
      from unnest(tenancy.portable_tables()) with ordinality as r (relation, n)
    ),
    -- Items come a second time, after the movements: see tenancy.import_rows().
    'steps', to_json(tenancy.tenant_tables()::text[] || 'inventory.items'::text)
  );
end
$function$;
alter function tenancy.portable_schema() owner to stockade_owner;
comment on function tenancy.portable_schema() is
  'What an export of this database looks like: {migration, book, tables: [{name, columns}], steps: [table]}, steps being the order in which rows are imported. Says nothing of any organization.';
revoke execute on function tenancy.portable_schema() from public;
grant execute on function tenancy.portable_schema() to stockade_admin, stockade_jobs;

-- tenancy.portable_tables()
CREATE OR REPLACE FUNCTION tenancy.portable_tables()
 RETURNS regclass[]
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
  select array['tenancy.organizations', 'tenancy.users']::regclass[] || tenancy.tenant_tables()
$function$;
alter function tenancy.portable_tables() owner to stockade_owner;
comment on function tenancy.portable_tables() is
  'The tables of an export: the organization itself, the users its rows name, and every tenant table, parents first.';
revoke execute on function tenancy.portable_tables() from public;

-- tenancy.receipt(uuid)
CREATE OR REPLACE FUNCTION tenancy.receipt(p_org_id uuid)
 RETURNS TABLE(receipt bytea, row_counts jsonb)
 LANGUAGE sql
 SET search_path TO ''
AS $function$
  select
    sha256(
      convert_to(
        concat(
          'stockade organization 1', E'\n',
          p_org_id, E'\n',
          tenancy.book_digest(), E'\n',
          string_agg(format(E'%s %s %s\n', d.name, d.row_count, encode(d.digest, 'hex')), '' order by d.name collate "C")
        ),
        'UTF8'
      )
    ),
    jsonb_object_agg(d.name, d.row_count)
  from tenancy.digest_tables(p_org_id, null, '{}') as d
$function$;
alter function tenancy.receipt(uuid) owner to stockade_owner;
comment on function tenancy.receipt(uuid) is
  'The receipt of an organization: SHA-256 over its id, the digest of the schema and the digests of all its tables, as in an export; and the number of rows of each table.';
revoke execute on function tenancy.receipt(uuid) from public;

-- tenancy.record_mismatch(text,bytea,text,text[],text)
CREATE OR REPLACE FUNCTION tenancy.record_mismatch(p_key_id text, p_secret_digest bytea, p_pass text, p_selectors text[], p_request_id text)
 RETURNS TABLE(org_id uuid, actor text, named text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
#variable_conflict use_column
declare
  -- How many different things one credential may name in a minute before the rest is counted together.
  v_most_named constant integer := 10;
  v_minute constant timestamptz := date_trunc('minute', now());
  v_email constant text := tenancy.email_of_pass(p_pass);
  v_presented text[];
  v_proven record;
  v_named text;
begin
  if current_setting('stockade.context', true) <> '' then
    raise exception 'a refusal is recorded in a transaction of its own' using errcode = 'SK902';
  end if;

  select array_agg(
    case when selector ~ '^([a-z0-9.-]{1,100}|[0-9A-Fa-f-]{36})$' then selector else '?' end
    order by n
  )
  into v_presented
  from unnest(p_selectors) with ordinality as presented (selector, n);
  if p_key_id is not null then
    v_presented := v_presented || ('key:' || left(p_key_id, 32));
  end if;
  if v_email is not null then
    v_presented := v_presented
      || coalesce((select 'user:' || u.id from tenancy.users u where u.email = v_email), 'user:unknown');
  end if;

  -- The credential is checked as for entering, so that nobody can add events to another organization.
  for v_proven in
    select k.org_id, 'key:' || k.key_id as actor
    from tenancy.api_keys k
    where k.key_id = p_key_id
      and k.secret_digest = p_secret_digest
      and k.revoked_at is null
      and (k.expires_at is null or k.expires_at > now())
    union all
    select m.org_id, 'user:' || m.user_id
    from tenancy.users u
    join tenancy.memberships m on m.user_id = u.id
    where u.email = v_email
    order by org_id, actor
  loop
    v_named := left(array_to_string(array_remove(v_presented, v_proven.actor), ' '), 500);
    -- The row is written under the policy of every tenant row. The context carries no scope and ends with the statement.
    perform tenancy.sign_context(v_proven.org_id, v_proven.actor, '{}', null);
    if v_most_named <= (
      select count(*)
      from tenancy.security_events e
      where e.org_id = v_proven.org_id
        and e.minute = v_minute
        and e.actor = v_proven.actor
        and e.named not in (v_named, '*')
    ) then
      v_named := '*';
    end if;
    insert into tenancy.security_events as e (org_id, minute, kind, actor, named, first_request_id)
    values (v_proven.org_id, v_minute, 'organization_mismatch', v_proven.actor, v_named, p_request_id)
    on conflict (org_id, minute, actor, kind, named) do update
      set requests = e.requests + 1,
          last_at = excluded.last_at;
    perform set_config('stockade.context', '', true);

    org_id := v_proven.org_id;
    actor := v_proven.actor;
    named := v_named;
    return next;
  end loop;
end
$function$;
alter function tenancy.record_mismatch(text,bytea,text,text[],text) owner to stockade_owner;
comment on function tenancy.record_mismatch(text,bytea,text,text[],text) is
  'Records that a request was refused because of the organization it names, with every organization whose credential it presents: the key''s own, and those the user is a member of. A credential that proves nothing records nothing. Returns what was recorded. Raises SK902 inside a transaction that has entered an organization.';
revoke execute on function tenancy.record_mismatch(text,bytea,text,text[],text) from public;
grant execute on function tenancy.record_mismatch(text,bytea,text,text[],text) to stockade_api;

-- tenancy.refuse_command()
CREATE OR REPLACE FUNCTION tenancy.refuse_command()
 RETURNS event_trigger
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  -- Within a function of the owner, the role is the owner's.
  if current_user in ('stockade_api', 'stockade_jobs', 'stockade_admin') then
    raise exception '% may not run %', current_user, tg_tag using errcode = '42501';
  end if;
end
$function$;
alter function tenancy.refuse_command() owner to stockade_owner;
comment on function tenancy.refuse_command() is
  'Refuses a command on the schema when a login role of Stockade runs it: 42501. sql/watch.sql creates the event trigger that calls it, before the command takes a lock. CREATE RULE and CREATE TRIGGER lock their table, and wait for the lock, before they find that the caller may not run them.';
revoke execute on function tenancy.refuse_command() from public;

-- tenancy.require_context(text)
CREATE OR REPLACE FUNCTION tenancy.require_context(p_scope text)
 RETURNS text[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_context text[] := tenancy.verified_context();
begin
  if v_context is null then
    raise exception 'no organization was entered in this transaction' using errcode = 'SK902';
  end if;
  if not p_scope = any (string_to_array(v_context[4], ',')) then
    raise exception 'this credential does not carry the scope %', p_scope
      using errcode = 'SK104', detail = json_build_object('scope', p_scope);
  end if;
  return v_context;
end
$function$;
alter function tenancy.require_context(text) owner to stockade_owner;
comment on function tenancy.require_context(text) is
  'The verified context of this transaction, {key, organization, actor, scopes, MAC}, for functions that write. Raises SK902 when no organization was entered, SK104 when the caller lacks the scope.';
revoke execute on function tenancy.require_context(text) from public;
grant execute on function tenancy.require_context(text) to stockade_ledger;

-- tenancy.require_grantable(text[])
CREATE OR REPLACE FUNCTION tenancy.require_grantable(p_scopes text[])
 RETURNS uuid
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
declare
  v_org_id uuid := tenancy.require_scope('admin');
  v_scope text;
begin
  foreach v_scope in array p_scopes loop
    perform tenancy.require_scope(v_scope);
  end loop;
  return v_org_id;
end
$function$;
alter function tenancy.require_grantable(text[]) owner to stockade_owner;
comment on function tenancy.require_grantable(text[]) is
  'The organization that was entered, if the caller may manage its keys and carries each of these scopes. Raises SK902 when none was entered, SK104 when the caller lacks admin or one of the scopes.';
revoke execute on function tenancy.require_grantable(text[]) from public;

-- tenancy.require_import()
CREATE OR REPLACE FUNCTION tenancy.require_import()
 RETURNS uuid
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
declare
  v_context text[] := tenancy.verified_context();
begin
  if v_context[3] is distinct from 'import' then
    raise exception 'no import was begun in this transaction' using errcode = 'SK902';
  end if;
  return v_context[2]::uuid;
end
$function$;
alter function tenancy.require_import() owner to stockade_owner;
comment on function tenancy.require_import() is
  'The organization that this transaction imports. Raises SK902 when no import was begun.';
revoke execute on function tenancy.require_import() from public;

-- tenancy.require_page(integer)
CREATE OR REPLACE FUNCTION tenancy.require_page(p_limit integer)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
begin
  -- A page has at most 200 rows, and one more is asked for to see whether it is the last.
  if p_limit between 1 and 201 is not true then
    raise exception 'a page has 1 to 200 rows, not %', p_limit using errcode = 'SK304',
      detail = json_build_array(json_build_object('field', 'limit', 'message', 'must be 1 to 200'));
  end if;
end
$function$;
alter function tenancy.require_page(integer) owner to stockade_owner;
comment on function tenancy.require_page(integer) is
  'Raises SK304 unless a number of rows is that of a page.';
revoke execute on function tenancy.require_page(integer) from public;

-- tenancy.require_scope(text)
CREATE OR REPLACE FUNCTION tenancy.require_scope(p_scope text)
 RETURNS uuid
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
  return (tenancy.require_context(p_scope))[2];
end
$function$;
alter function tenancy.require_scope(text) owner to stockade_owner;
comment on function tenancy.require_scope(text) is
  'The organization this transaction has entered, for functions that write. Raises SK902 when none was entered, SK104 when the caller lacks the scope.';
revoke execute on function tenancy.require_scope(text) from public;
grant execute on function tenancy.require_scope(text) to stockade_jobs;

-- tenancy.revoke_api_key(text)
CREATE OR REPLACE FUNCTION tenancy.revoke_api_key(p_key_id text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
begin
  update tenancy.api_keys
  set revoked_at = coalesce(revoked_at, now())
  where org_id = tenancy.require_scope('admin') and key_id = p_key_id;
  if not found then
    raise exception 'this organization has no key %', p_key_id using errcode = 'SK404';
  end if;
end
$function$;
alter function tenancy.revoke_api_key(text) owner to stockade_owner;
comment on function tenancy.revoke_api_key(text) is
  'Revokes a key of the organization that was entered, from the next transaction on; revoking it again changes nothing. Raises SK902 when none was entered, SK104 when the caller lacks admin, SK404 when it has no such key.';
revoke execute on function tenancy.revoke_api_key(text) from public;
grant execute on function tenancy.revoke_api_key(text) to stockade_api;

-- tenancy.rotate_api_key(text,text,bytea,integer)
CREATE OR REPLACE FUNCTION tenancy.rotate_api_key(p_key_id text, p_new_key_id text, p_new_secret_digest bytea, p_overlap_seconds integer)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'on'
 SET random_page_cost TO '4'
 SET cpu_tuple_cost TO '0.01'
 SET cpu_index_tuple_cost TO '0.005'
 SET cpu_operator_cost TO '0.0025'
AS $function$
declare
  v_org_id uuid := tenancy.require_scope('admin');
  -- Truncated, not rounded: with an overlap of zero the old key must not work in the next transaction.
  v_now timestamptz(3) := date_trunc('milliseconds', now());
  v_old tenancy.api_keys;
  v_new tenancy.api_keys;
  v_refusal text;
begin
  if p_overlap_seconds between 0 and 2592000 is not true then
    raise exception 'the overlap of a rotation is out of its bounds' using errcode = 'SK304',
      detail = json_build_array(json_build_object('field', 'overlapSeconds', 'message', 'must be 0 to 2592000, which is 30 days'));
  end if;
  -- Locked: of several rotations at once, one creates the new key and the others find it.
  select * into v_old from tenancy.api_keys where org_id = v_org_id and key_id = p_key_id for update;
  if not found then
    raise exception 'this organization has no key %', p_key_id using errcode = 'SK404';
  end if;
  perform tenancy.require_grantable(v_old.scopes);

  v_refusal := case
    when v_old.replaced_by is not null then 'was rotated already: rotate or revoke ' || v_old.replaced_by || ', which replaces it'
    when v_old.revoked_at is not null then 'is revoked: create a new key'
    when v_old.expires_at <= now() then 'has expired: create a new key'
  end;
  if v_refusal is not null then
    raise exception 'key % %', p_key_id, v_refusal
      using errcode = 'SK301', detail = json_build_array(json_build_object('field', 'id', 'message', v_refusal));
  end if;

  insert into tenancy.api_keys (org_id, key_id, secret_digest, name, scopes, expires_at)
  values (
    v_org_id, p_new_key_id, p_new_secret_digest, v_old.name, v_old.scopes,
    case
      when v_old.expires_at is not null
        then least(v_now + (v_old.expires_at - v_old.created_at), '9999-12-31 23:59:59.999Z')
    end
  )
  returning * into v_new;
  update tenancy.api_keys
  set expires_at = least(expires_at, v_now + make_interval(secs => p_overlap_seconds)), replaced_by = p_new_key_id
  where org_id = v_org_id and key_id = p_key_id;
  return tenancy.api_key_json(v_new);
end
$function$;
alter function tenancy.rotate_api_key(text,text,bytea,integer) owner to stockade_owner;
comment on function tenancy.rotate_api_key(text,text,bytea,integer) is
  'Creates a key with the name, scopes and lifetime of an existing key of the organization that was entered. The old key expires after the overlap, in seconds, or as before if that is sooner. Shows the new key without its secret. Raises SK902 when none was entered, SK104 when the caller lacks admin or a scope of the key, SK404 when there is no such key, SK301 when it is revoked, expired or was rotated already, SK304 when the overlap is not 0 to 30 days.';
revoke execute on function tenancy.rotate_api_key(text,text,bytea,integer) from public;
grant execute on function tenancy.rotate_api_key(text,text,bytea,integer) to stockade_api;

-- tenancy.rotate_context_key()
CREATE OR REPLACE FUNCTION tenancy.rotate_context_key()
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_key bytea := ''::bytea;
  v_id text;
begin
  lock table tenancy.context_keys in share row exclusive mode;
  -- gen_random_uuid() draws from the server's strong random source, 122 bits at a time; hashed, they are evenly spread.
  for i in 1..2 loop
    v_key := v_key || sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
  end loop;
  -- No transaction lives for a day, so nothing that such a key has signed is still in use.
  delete from tenancy.context_keys where not active and created_at < now() - interval '1 day';
  update tenancy.context_keys set active = false, created_at = now() where active;
  select (coalesce(max(id::bigint), 0) + 1)::text into v_id from tenancy.context_keys;
  insert into tenancy.context_keys (id, inner_pad, outer_pad, active)
  values (v_id, tenancy.hmac_pad(v_key, 54), tenancy.hmac_pad(v_key, 92), true);
  return v_id;
end
$function$;
alter function tenancy.rotate_context_key() owner to stockade_owner;
comment on function tenancy.rotate_context_key() is
  'Creates the key that signs contexts from the next transaction on, and returns its id. Contexts signed before stay valid; keys replaced more than a day ago are deleted.';
revoke execute on function tenancy.rotate_context_key() from public;
grant execute on function tenancy.rotate_context_key() to stockade_admin;

-- tenancy.set_pass_key(text,bytea)
CREATE OR REPLACE FUNCTION tenancy.set_pass_key(p_id text, p_secret bytea)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
  if length(p_secret) not between 32 and 64 then
    raise exception 'a pass key has 32 to 64 bytes, not %', length(p_secret) using errcode = '22023';
  end if;
  insert into tenancy.pass_keys (id, inner_pad, outer_pad)
  values (p_id, tenancy.hmac_pad(p_secret, 54), tenancy.hmac_pad(p_secret, 92))
  on conflict (id) do update set inner_pad = excluded.inner_pad, outer_pad = excluded.outer_pad;
end
$function$;
alter function tenancy.set_pass_key(text,bytea) owner to stockade_owner;
comment on function tenancy.set_pass_key(text,bytea) is
  'Lets the database verify passes that were minted with this key. To rotate: set the new one, give it to the API, drop the old one with tenancy.drop_pass_key(). Raises 22023 when the secret has not 32 to 64 bytes.';
revoke execute on function tenancy.set_pass_key(text,bytea) from public;
grant execute on function tenancy.set_pass_key(text,bytea) to stockade_admin;

-- tenancy.sign_context(uuid,text,text[],integer)
CREATE OR REPLACE FUNCTION tenancy.sign_context(p_org_id uuid, p_actor text, p_scopes text[], p_max_concurrency integer)
 RETURNS text
 LANGUAGE plpgsql
AS $function$
declare
  v_key tenancy.context_keys;
  v_text text;
begin
  select * into strict v_key from tenancy.context_keys where active;
  if p_max_concurrency is not null then
    for i in 0..p_max_concurrency - 1 loop
      exit when tenancy.take_slot(v_key.inner_pad, p_org_id, (pg_backend_pid() + i) % p_max_concurrency, now());
      if i = p_max_concurrency - 1 then
        raise exception 'this organization has % transactions under way', p_max_concurrency using errcode = 'SK106';
      end if;
    end loop;
  end if;
  v_text := concat_ws('|', v_key.id, p_org_id, p_actor, array_to_string(p_scopes, ','));
  return set_config(
    'stockade.context',
    concat_ws('|', v_text, encode(
      sha256(v_key.outer_pad || sha256(v_key.inner_pad || convert_to(
        concat_ws('|', v_text, pg_backend_pid(), encode(timestamptz_send(now()), 'hex')), 'UTF8'
      ))),
      'hex'
    )),
    true
  );
end
$function$;
alter function tenancy.sign_context(uuid,text,text[],integer) owner to stockade_owner;
comment on function tenancy.sign_context(uuid,text,text[],integer) is
  'Signs the context of this transaction and takes one of the organization''s slots; with null for p_max_concurrency it takes none. Only the entering functions may call it. Raises SK106 when every slot is taken.';
revoke execute on function tenancy.sign_context(uuid,text,text[],integer) from public;

-- tenancy.take_slot(bytea,uuid,integer,timestamp with time zone)
CREATE OR REPLACE FUNCTION tenancy.take_slot(p_secret bytea, p_org_id uuid, p_slot integer, p_began_at timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
AS $function$
  -- One expression, which becomes a part of the statement that calls it.
  select pg_try_advisory_xact_lock(
      hashtextextended(concat(encode(p_secret, 'hex'), p_org_id, floor(extract(epoch from p_began_at) / 60)), p_slot)
    )
    and pg_try_advisory_xact_lock(
      hashtextextended(concat(encode(p_secret, 'hex'), p_org_id, floor(extract(epoch from p_began_at) / 60) + 1), p_slot)
    )
$function$;
alter function tenancy.take_slot(bytea,uuid,integer,timestamp with time zone) owner to stockade_owner;
comment on function tenancy.take_slot(bytea,uuid,integer,timestamp with time zone) is
  'Takes one of the concurrency slots of an organization; false when it is taken. A slot is two advisory locks that end with the transaction, one for the minute in which it began and one for the next: transactions of two neighbouring minutes share one, and none takes as long as a minute. A caller who could name the locks could take them from others, so the names come from the secret, and from the minute in case somebody has seen one held.';
revoke execute on function tenancy.take_slot(bytea,uuid,integer,timestamp with time zone) from public;

-- tenancy.tenant_tables()
CREATE OR REPLACE FUNCTION tenancy.tenant_tables()
 RETURNS regclass[]
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
declare
  v_waiting oid[] := array(
    select c.oid
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped
    where c.relkind in ('r', 'p')
      and not c.relispartition
      and c.oid >= 16384
    order by c.oid
  );
  v_ready oid[];
  v_placed regclass[] := '{}';
begin
  while v_waiting <> '{}' loop
    v_ready := array(
      select w.child
      from unnest(v_waiting) with ordinality as w (child, n)
      where not exists (
        select from pg_constraint k
        where k.contype = 'f' and k.conrelid = w.child and k.confrelid <> w.child and k.confrelid = any (v_waiting)
      )
      -- No foreign key of the movements says what the balance trigger needs and writes.
      and not exists (
        select
        from (
          values
            ('inventory.movements', 'inventory.items'),
            ('inventory.movements', 'inventory.locations'),
            ('inventory.balances', 'inventory.movements'),
            ('inventory.balances', 'inventory.reservation_lines'),
            -- Movements before the boundary are refused, so it comes after them.
            ('inventory.seal_boundaries', 'inventory.movements')
        ) as needs (child, parent)
        where to_regclass(needs.child) = w.child and to_regclass(needs.parent) = any (v_waiting)
      )
      order by w.n
    );
    if v_ready = '{}' then
      raise exception 'tables with org_id refer to each other in a circle: %', v_waiting::regclass[] using errcode = 'SK506';
    end if;
    v_placed := v_placed || v_ready::regclass[];
    v_waiting := array(
      select w.child from unnest(v_waiting) with ordinality as w (child, n) where w.child <> all (v_ready) order by w.n
    );
  end loop;
  return v_placed;
end
$function$;
alter function tenancy.tenant_tables() owner to stockade_owner;
comment on function tenancy.tenant_tables() is
  'Every table with an org_id, in the order in which rows can be inserted. Raises SK506 when foreign keys form a circle.';
revoke execute on function tenancy.tenant_tables() from public;

-- tenancy.use_export_settings()
CREATE OR REPLACE FUNCTION tenancy.use_export_settings()
 RETURNS void
 LANGUAGE sql
 SET search_path TO ''
AS $function$
  select
    set_config('timezone', 'UTC', true),
    set_config('datestyle', 'ISO, YMD', true),
    set_config('intervalstyle', 'postgres', true),
    set_config('bytea_output', 'hex', true),
    set_config('extra_float_digits', '1', true)
$function$;
alter function tenancy.use_export_settings() owner to stockade_owner;
comment on function tenancy.use_export_settings() is
  'Sets, until the end of the transaction, the settings that decide how values become text in an export.';
revoke execute on function tenancy.use_export_settings() from public;

-- tenancy.verified_context()
CREATE OR REPLACE FUNCTION tenancy.verified_context()
 RETURNS text[]
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  v_context text := current_setting('stockade.context', true);
  v_inner_pad bytea;
  v_outer_pad bytea;
begin
  if v_context <> '' then
    -- The MAC is an expression of its own: as a condition of the query it takes longer.
    select inner_pad, outer_pad
    into v_inner_pad, v_outer_pad
    from tenancy.context_keys
    where id = split_part(v_context, '|', 1);
    if right(v_context, 64) = encode(
      sha256(v_outer_pad || sha256(v_inner_pad || convert_to(
        concat_ws('|', left(v_context, -65), pg_backend_pid(), encode(timestamptz_send(now()), 'hex')), 'UTF8'
      ))),
      'hex'
    ) then
      return string_to_array(v_context, '|');
    end if;
    raise exception 'the context of this transaction was not signed by tenancy.enter_*()'
      using errcode = 'SK901';
  end if;
  return null;
end
$function$;
alter function tenancy.verified_context() owner to stockade_owner;
comment on function tenancy.verified_context() is
  'The verified context of this transaction, {key, organization, actor, scopes, MAC}; null when no organization was entered. Raises SK901 when the context is forged, or copied from another transaction or connection.';
revoke execute on function tenancy.verified_context() from public;

-- tenancy.write_lines(regclass,text[],text,jsonb)
CREATE OR REPLACE FUNCTION tenancy.write_lines(p_table regclass, p_lines text[], p_slug text, p_users jsonb)
 RETURNS integer[]
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  v_lines text := tenancy.lines_statement(p_table, p_slug);
  v_columns text;
  v_values text;
  v_same_key text;
  v_is_present text;
  v_differs text;
  v_changes text;
  v_complete text;
  v_waiting bigint[];
  v_present bigint;
  v_wrong json;
begin
  select
    string_agg(format('%I', c.name), ', '),
    -- History was posted under earlier settings. Whether an item may go below zero is restored after its movements.
    string_agg(
      case when p_table = to_regclass('inventory.items') and c.name = 'allow_negative' then 'true' else format('b.%I', c.name) end,
      ', '
    ),
    string_agg(format('t.%1$I = b.%1$I', c.name), ' and ') filter (where c.key_place is not null),
    string_agg(format('t.%1$I::text is distinct from b.%1$I::text', c.name), ' or ') filter (where c.key_place is null),
    string_agg(format('%1$I = b.%1$I', c.name), ', ') filter (where c.key_place is null and a.attidentity <> 'a')
  into v_columns, v_values, v_same_key, v_differs, v_changes
  from tenancy.portable_columns(p_table) as c
  join pg_attribute a on a.attrelid = p_table and a.attname = c.name;

  select string_agg(
    format(
      '(%1$s or (%2$s) or exists (select from %3$s t where %4$s))',
      pair.is_null,
      pair.is_itself,
      p_table,
      pair.is_there
    ),
    ' and '
  )
  into v_complete
  from pg_constraint f
  cross join lateral (
    select
      string_agg(format('b.%I is null', here.attname), ' or ') as is_null,
      string_agg(format('b.%I = b.%I', there.attname, here.attname), ' and ') as is_itself,
      string_agg(format('t.%I = b.%I', there.attname, here.attname), ' and ') as is_there
    from unnest(f.confkey, f.conkey) as k (there, here)
    join pg_attribute there on there.attrelid = p_table and there.attnum = k.there
    join pg_attribute here on here.attrelid = p_table and here.attnum = k.here
  ) as pair
  where f.contype = 'f' and f.conrelid = p_table and f.confrelid = p_table;

  v_is_present := case
    when v_same_key is null then 'false'
    else format('exists (select from %s t where %s)', p_table, v_same_key)
  end;
  execute format(
    'select array_agg(b.n order by b.n) filter (where not (%s)), '
    'count(*) filter (where %s) from (%s) as b',
    coalesce(v_complete, 'true'),
    v_is_present,
    v_lines
  )
  into v_waiting, v_present
  using p_lines, p_users;
  v_waiting := coalesce(v_waiting, '{}');

  if p_table = to_regclass('inventory.balances') then
    execute format(
      'select json_agg(json_build_object(''item'', b.item_id, ''location'', b.location_id, ''lot'', b.lot, '
      '''onHand'', b.on_hand, ''reserved'', b.reserved, ''version'', b.version, '
      '''movementsOnHand'', t.on_hand, ''linesReserve'', t.reserved, ''movements'', t.version)) '
      'from (%s) as b '
      'left join inventory.balances t on %s '
      'where (b.on_hand, b.reserved, b.version) '
      'is distinct from (coalesce(t.on_hand, 0), coalesce(t.reserved, 0), coalesce(t.version, 0))',
      v_lines, v_same_key
    )
    into v_wrong
    using p_lines, p_users;
    if v_wrong is not null then
      raise exception 'the movements and reservations of this export do not add up to its balances'
        using errcode = 'SK505', detail = v_wrong,
          hint = 'Reconcile the organization where it was exported, and export it again.';
    end if;
  end if;

  if v_present > 0 and v_changes is not null then
    execute format(
      'update %s as t set %s from (%s) as b where %s and (%s)',
      p_table, v_changes, v_lines, v_same_key, v_differs
    )
    using p_lines, p_users;
  end if;

  execute format(
    'insert into %s (%s) overriding system value select %s from (%s) as b where b.n <> all ($3) and not %s order by b.n',
    p_table, v_columns, v_values, v_lines,
    case when v_present > 0 then v_is_present else 'false' end
  )
  using p_lines, p_users, v_waiting;
  return v_waiting;
end
$function$;
alter function tenancy.write_lines(regclass,text[],text,jsonb) owner to stockade_owner;
comment on function tenancy.write_lines(regclass,text[],text,jsonb) is
  'Inserts lines of an export. When the row exists already, because a trigger created it or because the line comes a second time, it is changed to what the line says. Returns the numbers of the lines whose row refers to a row of the same table that does not exist yet: send them again. Raises SK505 when the balances are not the sums of their movements and reservations.';
revoke execute on function tenancy.write_lines(regclass,text[],text,jsonb) from public;

-- inventory.balance_backfills
create table inventory.balance_backfills (
  org_id uuid not null,
  started_at timestamp(3) with time zone default clock_timestamp() not null,
  finished_at timestamp(3) with time zone,
  checkpoint jsonb,
  walked boolean default false not null,
  keys bigint default 0 not null,
  movements bigint default 0 not null,
  changed bigint default 0 not null,
  total_movements bigint not null,
  constraint balance_backfills_pkey PRIMARY KEY (org_id),
  constraint balance_backfills_changed_check CHECK (changed >= 0),
  constraint balance_backfills_finished_at_check CHECK (inventory.is_instant(finished_at)),
  constraint balance_backfills_keys_check CHECK (keys >= 0),
  constraint balance_backfills_movements_check CHECK (movements >= 0),
  constraint balance_backfills_started_at_check CHECK (inventory.is_instant(started_at)),
  constraint balance_backfills_total_movements_check CHECK (total_movements >= 0)
);
alter table inventory.balance_backfills owner to stockade_owner;
alter table inventory.balance_backfills alter column org_id set statistics 0;
alter table inventory.balance_backfills alter column started_at set statistics 0;
alter table inventory.balance_backfills alter column finished_at set statistics 0;
alter table inventory.balance_backfills alter column checkpoint set statistics 0;
alter table inventory.balance_backfills alter column walked set statistics 0;
alter table inventory.balance_backfills alter column keys set statistics 0;
alter table inventory.balance_backfills alter column movements set statistics 0;
alter table inventory.balance_backfills alter column changed set statistics 0;
alter table inventory.balance_backfills alter column total_movements set statistics 0;
comment on table inventory.balance_backfills is
  'Tenant data: how far the rebuilding of the balances from history has come.';
grant select on table inventory.balance_backfills to stockade_jobs;

-- inventory.balances
create table inventory.balances (
  org_id uuid not null,
  item_id uuid not null,
  location_id uuid not null,
  lot text not null,
  on_hand numeric(15,4) default 0 not null,
  reserved numeric(15,4) default 0 not null,
  version bigint not null,
  constraint balances_pkey PRIMARY KEY (org_id, item_id, location_id, lot),
  constraint balances_on_hand_check CHECK (on_hand <> 'NaN'::numeric),
  constraint balances_reserved_check CHECK (reserved >= 0::numeric AND reserved <> 'NaN'::numeric),
  constraint balances_version_check CHECK (version >= 0)
)
with (fillfactor = 80);
alter table inventory.balances owner to stockade_owner;
alter table inventory.balances alter column org_id set statistics 0;
alter table inventory.balances alter column item_id set statistics 0;
alter table inventory.balances alter column location_id set statistics 0;
alter table inventory.balances alter column lot set statistics 0;
alter table inventory.balances alter column on_hand set statistics 0;
alter table inventory.balances alter column reserved set statistics 0;
alter table inventory.balances alter column version set statistics 0;
comment on table inventory.balances is
  'Tenant data (derived): the sums of the movements of each item, location and lot.';
comment on column inventory.balances.version is
  'The number of movements in this balance.';
grant select on table inventory.balances to stockade_jobs;
grant select, insert, update on table inventory.balances to stockade_ledger;

-- inventory.balance_page(integer,text,text,text,text,text,text)
CREATE OR REPLACE FUNCTION inventory.balance_page(p_limit integer, p_after_sku text, p_after_location text, p_after_lot text, p_sku text, p_location text, p_lot text, OUT o_page inventory.balances[], OUT o_reached text)
 RETURNS record
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  -- How many balances, or items, one page looks at.
  v_most_looked constant integer := 500;
  v_after_sku constant text := coalesce(p_after_sku, '');
  v_item_id uuid;
  -- The locations, as a range: it is read from the index, and is everything when none is named.
  v_first_location uuid := '00000000-0000-0000-0000-000000000000';
  v_last_location uuid := 'ffffffff-ffff-ffff-ffff-ffffffffffff';
  v_items uuid[];
begin
  perform tenancy.require_page(p_limit);
  if p_location is not null then
    v_first_location := inventory.find_location(p_location);
    v_last_location := v_first_location;
    if v_first_location is null then
      return;
    end if;
  end if;

  -- Most items may have no balance, or none at a location. So a page looks at a bounded number of rows, from one of two sides:
  -- the items of all balances, if these are few,
  if p_sku is not null then
    v_item_id := inventory.find_item(p_sku);
    if v_item_id is null then
      return;
    end if;
    v_items := array[v_item_id];
  elsif p_location is null then
    v_items := array(
      select b.item_id from inventory.balances b order by b.item_id, b.location_id, b.lot limit v_most_looked + 1
    );
  else
    -- With `=`, the order of two indexes would be the same, and Postgres could read the wrong one.
    v_items := array(
      select b.item_id
      from inventory.balances b
      where b.location_id >= v_first_location and b.location_id <= v_last_location
      order by b.location_id, b.item_id, b.lot
      limit v_most_looked + 1
    );
  end if;
  if cardinality(v_items) <= v_most_looked then
    -- `offset 0` keeps Postgres from reading the balances of all items first.
    o_page := array(
      select found.b
      from (
        select i.org_id, i.id, i.sku
        from (select distinct id from unnest(v_items) as given (id)) as given
        cross join lateral (
          select i.org_id, i.id, i.sku from inventory.items i where i.id = given.id offset 0
        ) as i
        where i.sku >= v_after_sku
        order by i.sku
      ) as i
      cross join lateral (
        select
          b,
          b.lot,
          (select l.code from inventory.locations l where l.org_id = b.org_id and l.id = b.location_id) as location
        from inventory.balances b
        where b.org_id = i.org_id
          and b.item_id = i.id
          and b.location_id >= v_first_location
          and b.location_id <= v_last_location
          and (p_lot is null or b.lot = p_lot)
        offset 0
      ) as found
      where i.sku > v_after_sku
      or p_after_location is not null and (found.location, found.lot) > (p_after_location, p_after_lot)
      order by i.sku, found.location, found.lot
      limit p_limit
    );
    return;
  end if;

  -- otherwise the next items. A page that is not full then ends at the last of them.
  o_page := array(
    select found.b
    from (
      select i.org_id, i.id, i.sku from inventory.items i where i.sku >= v_after_sku order by i.sku limit v_most_looked
    ) as i
    cross join lateral (
      select
        b,
        b.lot,
        (select l.code from inventory.locations l where l.org_id = b.org_id and l.id = b.location_id) as location
      from inventory.balances b
      where b.org_id = i.org_id
        and b.item_id = i.id
        and b.location_id >= v_first_location
        and b.location_id <= v_last_location
        and (p_lot is null or b.lot = p_lot)
      offset 0
    ) as found
    where i.sku > v_after_sku
      or p_after_location is not null and (found.location, found.lot) > (p_after_location, p_after_lot)
    order by i.sku, found.location, found.lot
    limit p_limit
  );
  if cardinality(o_page) < p_limit then
    select i.sku
    into o_reached
    from inventory.items i
    where i.sku >= v_after_sku
    order by i.sku
    offset v_most_looked - 1
    limit 1;
  end if;
end
$function$;
alter function inventory.balance_page(integer,text,text,text,text,text,text) owner to stockade_owner;
comment on function inventory.balance_page(integer,text,text,text,text,text,text) is
  'At most p_limit balances in the order of SKU, location and lot: those after one that is named by the three, or after all of a SKU when its location is null, of an item, at a location, of a lot; null for any. A page that is not full although the list may go on has the SKU that it ends at. Raises SK304 when p_limit is not that of a page.';
revoke execute on function inventory.balance_page(integer,text,text,text,text,text,text) from public;

-- inventory.balances_then(inventory.balances[],timestamp with time zone,text)
CREATE OR REPLACE FUNCTION inventory.balances_then(p_page inventory.balances[], p_as_of timestamp with time zone, p_basis text)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  -- What one answer may add up: on a small server, about half a second of work.
  v_most_added_up constant bigint := 500000;
  v_is_recorded constant boolean := p_basis = 'recorded';
  v_nearest inventory.seals;
  v_settled inventory.seals;
  v_sealed boolean := false;
  v_after uuid;
  v_through uuid;
  v_movements bigint;
  v_on_hand numeric[];
  v_versions bigint[];
begin
  if p_as_of is null or not p_basis in ('recorded', 'effective') then
    raise exception 'there is no basis %', p_basis using errcode = '22023';
  end if;
  if v_is_recorded then
    select * into v_nearest from inventory.seals where recorded_through <= p_as_of order by seq desc limit 1;
    select * into v_settled from inventory.seals where settled_through >= p_as_of order by seq limit 1;
    -- No seal is settled through an earlier instant than those before it.
    select coalesce(settled_through >= p_as_of, false) into v_sealed from inventory.seals order by seq desc limit 1;
  end if;
  v_after := coalesce(v_nearest.boundary, '00000000-0000-0000-0000-000000000000');
  v_through := coalesce(v_settled.boundary, 'ffffffff-ffff-ffff-ffff-ffffffffffff');

  -- Known from the versions before anything is added up.
  select sum(coalesce(
    case when v_settled.seq is null then b.version else (
      select c.version
      from inventory.seal_closings c
      where c.org_id = b.org_id and c.item_id = b.item_id and c.location_id = b.location_id and c.lot = b.lot
        and c.seq <= v_settled.seq
      order by c.seq desc
      limit 1
    ) end, 0
  ) - coalesce((
    select c.version
    from inventory.seal_closings c
    where c.org_id = b.org_id and c.item_id = b.item_id and c.location_id = b.location_id and c.lot = b.lot
      and c.seq <= v_nearest.seq
    order by c.seq desc
    limit 1
  ), 0))
  into v_movements
  from unnest(p_page) as b;
  if v_movements > v_most_added_up then
    raise exception 'the answer would add up % movements', v_movements using errcode = 'SK209',
      detail = json_build_object('movements', v_movements, 'most', v_most_added_up);
  end if;

  -- The lot and the entry are compared as one row: only the index that has them both after the key is read from there.
  if v_is_recorded then
    select
      array_agg(coalesce(closing.on_hand, 0) + coalesce(tail.on_hand, 0) order by b.ordinality),
      array_agg(coalesce(closing.version, 0) + tail.version order by b.ordinality)
    into v_on_hand, v_versions
    from unnest(p_page) with ordinality as b
    left join lateral (
      select c.on_hand, c.version
      from inventory.seal_closings c
      where c.org_id = b.org_id and c.item_id = b.item_id and c.location_id = b.location_id and c.lot = b.lot
        and c.seq <= v_nearest.seq
      order by c.seq desc
      limit 1
    ) as closing on true
    cross join lateral (
      select
        sum(m.quantity) filter (where m.recorded_at <= p_as_of) as on_hand,
        count(*) filter (where m.recorded_at <= p_as_of) as version
      from inventory.movements m
      where m.org_id = b.org_id
        and m.item_id = b.item_id
        and m.location_id = b.location_id
        and (m.lot, m.entry_id) > (b.lot, v_after)
        and (m.lot, m.entry_id) <= (b.lot, v_through)
    ) as tail;
  else
    select
      array_agg(coalesce(tail.on_hand, 0) order by b.ordinality),
      array_agg(tail.version order by b.ordinality)
    into v_on_hand, v_versions
    from unnest(p_page) with ordinality as b
    cross join lateral (
      select
        sum(m.quantity) filter (where m.occurred_at <= p_as_of) as on_hand,
        count(*) filter (where m.occurred_at <= p_as_of) as version
      from inventory.movements m
      where m.org_id = b.org_id and m.item_id = b.item_id and m.location_id = b.location_id and m.lot = b.lot
    ) as tail;
  end if;

  return jsonb_build_object('sealed', coalesce(v_sealed, false), 'movements', coalesce(v_movements, 0), 'rows', (
    select coalesce(jsonb_agg(
      jsonb_build_object(
        'sku', (select i.sku from inventory.items i where i.org_id = b.org_id and i.id = b.item_id),
        'location', (select l.code from inventory.locations l where l.org_id = b.org_id and l.id = b.location_id),
        'lot', nullif(b.lot, ''),
        'onHand', v_on_hand[b.ordinality],
        'version', v_versions[b.ordinality]
      )
      order by b.ordinality
    ), '[]')
    from unnest(p_page) with ordinality as b
  ));
end
$function$;
alter function inventory.balances_then(inventory.balances[],timestamp with time zone,text) owner to stockade_owner;
comment on function inventory.balances_then(inventory.balances[],timestamp with time zone,text) is
  'Balances as they were at an instant, by the time of recording or of effect, {sealed, movements, rows}: sealed when that never changes, how many movements were added up, one row for each balance, of version 0 when it had no movement by then. Raises SK209 when they would add up too many movements, 22023 for another basis.';
revoke execute on function inventory.balances_then(inventory.balances[],timestamp with time zone,text) from public;

-- inventory.discrepancies
create table inventory.discrepancies (
  org_id uuid not null,
  run_id uuid not null,
  number integer not null,
  item_id uuid,
  location_id uuid,
  lot text,
  stored_on_hand numeric,
  stored_reserved numeric,
  stored_version bigint,
  computed_on_hand numeric,
  computed_reserved numeric,
  computed_version bigint,
  cause text,
  detail jsonb default '{}'::jsonb not null,
  action text default 'found'::text not null,
  settled_at timestamp(3) with time zone,
  constraint discrepancies_pkey PRIMARY KEY (org_id, run_id, number),
  constraint discrepancies_org_id_run_id_item_id_location_id_lot_key UNIQUE (org_id, run_id, item_id, location_id, lot),
  constraint discrepancies_action_check CHECK (action = ANY (ARRAY['found'::text, 'corrected'::text, 'alerted'::text, 'applied'::text, 'gone'::text])),
  constraint discrepancies_cause_check CHECK (cause = ANY (ARRAY['direct_write'::text, 'trigger_disabled'::text, 'movement_deleted'::text, 'movement_altered'::text, 'movement_inserted'::text, 'partial_backfill'::text, 'restored_to_older_point'::text, 'seal_altered'::text, 'anchor_missing'::text, 'impossible_value'::text, 'unknown'::text])),
  constraint discrepancies_check CHECK (num_nulls(item_id, location_id, lot) = ANY (ARRAY[0, 3])),
  constraint discrepancies_detail_check CHECK (jsonb_typeof(detail) = 'object'::text),
  constraint discrepancies_number_check CHECK (number >= 1),
  constraint discrepancies_settled_at_check CHECK (inventory.is_instant(settled_at))
);
alter table inventory.discrepancies owner to stockade_owner;
alter table inventory.discrepancies alter column org_id set statistics 0;
alter table inventory.discrepancies alter column run_id set statistics 0;
alter table inventory.discrepancies alter column number set statistics 0;
alter table inventory.discrepancies alter column item_id set statistics 0;
alter table inventory.discrepancies alter column location_id set statistics 0;
alter table inventory.discrepancies alter column lot set statistics 0;
alter table inventory.discrepancies alter column stored_on_hand set statistics 0;
alter table inventory.discrepancies alter column stored_reserved set statistics 0;
alter table inventory.discrepancies alter column stored_version set statistics 0;
alter table inventory.discrepancies alter column computed_on_hand set statistics 0;
alter table inventory.discrepancies alter column computed_reserved set statistics 0;
alter table inventory.discrepancies alter column computed_version set statistics 0;
alter table inventory.discrepancies alter column cause set statistics 0;
alter table inventory.discrepancies alter column detail set statistics 0;
alter table inventory.discrepancies alter column action set statistics 0;
alter table inventory.discrepancies alter column settled_at set statistics 0;
comment on table inventory.discrepancies is
  'Tenant data: what the passes found, why, and what was done about it.';
grant select on table inventory.discrepancies to stockade_jobs;

-- inventory.entries
create table inventory.entries (
  org_id uuid not null,
  id uuid not null,
  kind text not null,
  reference text,
  occurred_at timestamp(3) with time zone not null,
  recorded_at timestamp(3) with time zone not null,
  actor text not null,
  metadata jsonb default '{}'::jsonb not null,
  reverses uuid,
  constraint entries_pkey PRIMARY KEY (org_id, id),
  constraint entries_actor_check CHECK (length(actor) >= 1 AND length(actor) <= 200),
  constraint entries_check CHECK ((reverses IS NOT NULL) = (kind = 'reversal'::text)),
  constraint entries_kind_check CHECK (inventory.kind_sign(kind) IS NOT NULL),
  constraint entries_metadata_check CHECK (metadata = '{}'::jsonb OR inventory.is_metadata(metadata)),
  constraint entries_occurred_at_check CHECK (inventory.is_instant(occurred_at)),
  constraint entries_recorded_at_check CHECK (inventory.is_instant(recorded_at)),
  constraint entries_reference_check CHECK (inventory.is_visible(reference, 200))
);
alter table inventory.entries owner to stockade_owner;
alter table inventory.entries alter column org_id set statistics 0;
alter table inventory.entries alter column id set statistics 0;
alter table inventory.entries alter column kind set statistics 0;
alter table inventory.entries alter column reference set statistics 0;
alter table inventory.entries alter column occurred_at set statistics 0;
alter table inventory.entries alter column recorded_at set statistics 0;
alter table inventory.entries alter column actor set statistics 0;
alter table inventory.entries alter column metadata set statistics 0;
alter table inventory.entries alter column reverses set statistics 0;
comment on table inventory.entries is
  'Tenant data (append-only): the postings of the ledger.';
grant select on table inventory.entries to stockade_jobs;
grant select, insert on table inventory.entries to stockade_ledger;

-- inventory.idempotency_keys
create table inventory.idempotency_keys (
  org_id uuid not null,
  key text not null,
  fingerprint bytea not null,
  response json,
  created_at timestamp(3) with time zone default now() not null,
  constraint idempotency_keys_pkey PRIMARY KEY (org_id, key),
  constraint idempotency_keys_created_at_check CHECK (inventory.is_instant(created_at)),
  constraint idempotency_keys_fingerprint_check CHECK (length(fingerprint) = 32),
  constraint idempotency_keys_key_check CHECK (key ~ '^[!-~]{1,255}$'::text),
  constraint idempotency_keys_response_check CHECK (octet_length(response::text) <= 6291456)
);
alter table inventory.idempotency_keys owner to stockade_owner;
alter table inventory.idempotency_keys alter column org_id set statistics 0;
alter table inventory.idempotency_keys alter column key set statistics 0;
alter table inventory.idempotency_keys alter column fingerprint set statistics 0;
alter table inventory.idempotency_keys alter column response set statistics 0;
alter table inventory.idempotency_keys alter column created_at set statistics 0;
comment on table inventory.idempotency_keys is
  'Tenant data: the answers to requests that may be sent again.';

-- inventory.import_rejects
create table inventory.import_rejects (
  org_id uuid not null,
  import_id uuid not null,
  line bigint not null,
  reason text not null,
  constraint import_rejects_pkey PRIMARY KEY (org_id, import_id, line),
  constraint import_rejects_line_check CHECK (line >= 1),
  constraint import_rejects_reason_check CHECK (length(reason) >= 1 AND length(reason) <= 2000)
);
alter table inventory.import_rejects owner to stockade_owner;
alter table inventory.import_rejects alter column org_id set statistics 0;
alter table inventory.import_rejects alter column import_id set statistics 0;
alter table inventory.import_rejects alter column line set statistics 0;
alter table inventory.import_rejects alter column reason set statistics 0;
comment on table inventory.import_rejects is
  'Tenant data: the lines of imported files that were rejected.';
grant select on table inventory.import_rejects to stockade_jobs;

-- inventory.imports
create table inventory.imports (
  org_id uuid not null,
  id uuid default inventory.new_id() not null,
  file_digest bytea not null,
  profile_digest bytea not null,
  file_name text not null,
  lines_through bigint default 0 not null,
  applied bigint default 0 not null,
  rejected bigint default 0 not null,
  entries bigint default 0 not null,
  started_at timestamp(3) with time zone default now() not null,
  finished_at timestamp(3) with time zone,
  constraint imports_pkey PRIMARY KEY (org_id, id),
  constraint imports_org_id_file_digest_profile_digest_key UNIQUE (org_id, file_digest, profile_digest),
  constraint imports_applied_check CHECK (applied >= 0),
  constraint imports_entries_check CHECK (entries >= 0),
  constraint imports_file_digest_check CHECK (length(file_digest) = 32),
  constraint imports_file_name_check CHECK (length(file_name) >= 1 AND length(file_name) <= 255),
  constraint imports_finished_at_check CHECK (inventory.is_instant(finished_at)),
  constraint imports_lines_through_check CHECK (lines_through >= 0),
  constraint imports_profile_digest_check CHECK (length(profile_digest) = 32),
  constraint imports_rejected_check CHECK (rejected >= 0),
  constraint imports_started_at_check CHECK (inventory.is_instant(started_at))
);
alter table inventory.imports owner to stockade_owner;
alter table inventory.imports alter column org_id set statistics 0;
alter table inventory.imports alter column id set statistics 0;
alter table inventory.imports alter column file_digest set statistics 0;
alter table inventory.imports alter column profile_digest set statistics 0;
alter table inventory.imports alter column file_name set statistics 0;
alter table inventory.imports alter column lines_through set statistics 0;
alter table inventory.imports alter column applied set statistics 0;
alter table inventory.imports alter column rejected set statistics 0;
alter table inventory.imports alter column entries set statistics 0;
alter table inventory.imports alter column started_at set statistics 0;
alter table inventory.imports alter column finished_at set statistics 0;
comment on table inventory.imports is
  'Tenant data: the files that were imported, and how far each has come.';
grant select on table inventory.imports to stockade_jobs;

-- inventory.settle_import_lines(inventory.imports,jsonb,bigint[],text[],bigint,bigint)
CREATE OR REPLACE FUNCTION inventory.settle_import_lines(p_import inventory.imports, p_options jsonb, p_lines bigint[], p_reasons text[], p_applied bigint, p_entries bigint)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  if (p_options ->> 'retryRejects')::boolean then
    delete from inventory.import_rejects
    where org_id = p_import.org_id
      and import_id = p_import.id
      and line in (
        select applied.line
        from unnest(p_lines, p_reasons) as applied (line, reason)
        where applied.reason is null
      );
  end if;

  insert into inventory.import_rejects (org_id, import_id, line, reason)
  select p_import.org_id, p_import.id, rejected.line, rejected.reason
  from unnest(p_lines, p_reasons) as rejected (line, reason)
  where rejected.reason <> ''
  on conflict (org_id, import_id, line) do update set reason = excluded.reason;

  update inventory.imports i
  set lines_through = greatest(i.lines_through, batch.lines_through),
      applied = i.applied + p_applied,
      entries = i.entries + p_entries,
      rejected = i.rejected + batch.newly_rejected - batch.retried,
      finished_at = case when (p_options ->> 'finished')::boolean then coalesce(i.finished_at, now()) else i.finished_at end
  from (
    select
      coalesce(max(line.line), 0) as lines_through,
      count(*) filter (where line.reason <> '' and line.line > p_import.lines_through) as newly_rejected,
      count(*) filter (where line.reason is null and line.line <= p_import.lines_through) as retried
    from unnest(p_lines, p_reasons) as line (line, reason)
  ) as batch
  where i.org_id = p_import.org_id and i.id = p_import.id;
end
$function$;
alter function inventory.settle_import_lines(inventory.imports,jsonb,bigint[],text[],bigint,bigint) owner to stockade_owner;
comment on function inventory.settle_import_lines(inventory.imports,jsonb,bigint[],text[],bigint,bigint) is
  'Records that the lines of a batch are settled: those without a reason were applied, those with one are rejected, and those with an empty one were settled before. p_import is the import as it was before the batch.';
revoke execute on function inventory.settle_import_lines(inventory.imports,jsonb,bigint[],text[],bigint,bigint) from public;

-- inventory.item_aliases
create table inventory.item_aliases (
  org_id uuid not null,
  alias text not null,
  item_id uuid not null,
  constraint item_aliases_pkey PRIMARY KEY (org_id, alias),
  constraint item_aliases_alias_check CHECK (length(alias) >= 1 AND length(alias) <= 64)
);
alter table inventory.item_aliases owner to stockade_owner;
alter table inventory.item_aliases alter column org_id set statistics 0;
alter table inventory.item_aliases alter column alias set statistics 0;
alter table inventory.item_aliases alter column item_id set statistics 0;
comment on table inventory.item_aliases is
  'Tenant data: the further codes that find an item.';
grant select on table inventory.item_aliases to stockade_jobs, stockade_ledger;

-- inventory.items
create table inventory.items (
  id uuid default inventory.new_id() not null,
  sku text not null,
  name text not null,
  unit text default 'each'::text not null,
  created_at timestamp(3) with time zone default now() not null,
  org_id uuid not null,
  tracking text default 'none'::text not null,
  allow_negative boolean default false not null,
  reorder_point numeric(15,4),
  metadata jsonb default '{}'::jsonb not null,
  updated_at timestamp(3) with time zone default now() not null,
  constraint items_pkey PRIMARY KEY (org_id, id),
  constraint items_org_id_sku_key UNIQUE (org_id, sku),
  constraint items_created_at_check CHECK (inventory.is_instant(created_at)),
  constraint items_metadata_check CHECK (metadata = '{}'::jsonb OR inventory.is_metadata(metadata)),
  constraint items_name_check CHECK (length(name) >= 1 AND length(name) <= 200),
  constraint items_reorder_point_check CHECK (reorder_point >= 0::numeric AND reorder_point <> 'NaN'::numeric),
  constraint items_sku_check CHECK (inventory.is_code(sku)),
  constraint items_tracking_check CHECK (tracking = ANY (ARRAY['none'::text, 'lot'::text])),
  constraint items_unit_check CHECK (length(unit) >= 1 AND length(unit) <= 32),
  constraint items_updated_at_check CHECK (inventory.is_instant(updated_at))
);
alter table inventory.items owner to stockade_owner;
alter table inventory.items alter column id set statistics 0;
alter table inventory.items alter column sku set statistics 0;
alter table inventory.items alter column name set statistics 0;
alter table inventory.items alter column unit set statistics 0;
alter table inventory.items alter column created_at set statistics 0;
alter table inventory.items alter column org_id set statistics 0;
alter table inventory.items alter column tracking set statistics 0;
alter table inventory.items alter column allow_negative set statistics 0;
alter table inventory.items alter column reorder_point set statistics 0;
alter table inventory.items alter column metadata set statistics 0;
alter table inventory.items alter column updated_at set statistics 0;
comment on table inventory.items is
  'Tenant data: what is kept in stock.';
grant select on table inventory.items to stockade_jobs, stockade_ledger;

-- inventory.add_item_aliases(inventory.items,jsonb)
CREATE OR REPLACE FUNCTION inventory.add_item_aliases(p_item inventory.items, p_aliases jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  v_taken text;
begin
  perform inventory.require_aliases(p_aliases);
  -- In the order of the codes: two writers that give the same ones cannot deadlock.
  insert into inventory.item_aliases (org_id, alias, item_id)
  select p_item.org_id, given.alias, p_item.id
  from jsonb_array_elements_text(p_aliases) as given (alias)
  order by given.alias
  on conflict (org_id, alias) do nothing;

  select given.alias into v_taken
  from jsonb_array_elements_text(p_aliases) as given (alias)
  where not exists (
    select from inventory.item_aliases a where a.org_id = p_item.org_id and a.alias = given.alias and a.item_id = p_item.id
  )
  limit 1;
  if found then
    raise exception 'the alias % is that of another item', v_taken using errcode = 'SK206', detail = to_json(v_taken);
  end if;
end
$function$;
alter function inventory.add_item_aliases(inventory.items,jsonb) owner to stockade_owner;
comment on function inventory.add_item_aliases(inventory.items,jsonb) is
  'Gives an item the aliases of a list that it does not have yet. Raises SK206, with the code, when one is a SKU or the alias of another item, SK304 when one is no code.';
revoke execute on function inventory.add_item_aliases(inventory.items,jsonb) from public;

-- inventory.item_json(inventory.items)
CREATE OR REPLACE FUNCTION inventory.item_json(p_item inventory.items)
 RETURNS json
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
  select json_build_object(
    'id', p_item.id,
    'sku', p_item.sku,
    'aliases', (
      select coalesce(json_agg(a.alias order by a.alias), '[]')
      from (
        -- Before they are ordered: for the order, Postgres could read all aliases.
        select alias from inventory.item_aliases where org_id = p_item.org_id and item_id = p_item.id offset 0
      ) as a
    ),
    'name', p_item.name,
    'unit', p_item.unit,
    'tracking', p_item.tracking,
    'allowNegative', p_item.allow_negative,
    'reorderPoint', p_item.reorder_point,
    'metadata', p_item.metadata,
    'createdAt', inventory.iso(p_item.created_at),
    'updatedAt', inventory.iso(p_item.updated_at)
  )
$function$;
alter function inventory.item_json(inventory.items) owner to stockade_owner;
comment on function inventory.item_json(inventory.items) is
  'An item as the API shows it.';
revoke execute on function inventory.item_json(inventory.items) from public;

-- inventory.location_aliases
create table inventory.location_aliases (
  org_id uuid not null,
  alias text not null,
  location_id uuid not null,
  constraint location_aliases_pkey PRIMARY KEY (org_id, alias),
  constraint location_aliases_alias_check CHECK (length(alias) >= 1 AND length(alias) <= 64)
);
alter table inventory.location_aliases owner to stockade_owner;
alter table inventory.location_aliases alter column org_id set statistics 0;
alter table inventory.location_aliases alter column alias set statistics 0;
alter table inventory.location_aliases alter column location_id set statistics 0;
comment on table inventory.location_aliases is
  'Tenant data: the further codes that find a location.';
grant select on table inventory.location_aliases to stockade_jobs, stockade_ledger;

-- inventory.locations
create table inventory.locations (
  id uuid default inventory.new_id() not null,
  code text not null,
  name text not null,
  kind text default 'warehouse'::text not null,
  created_at timestamp(3) with time zone default now() not null,
  org_id uuid not null,
  updated_at timestamp(3) with time zone default now() not null,
  constraint locations_pkey PRIMARY KEY (org_id, id),
  constraint locations_org_id_code_key UNIQUE (org_id, code),
  constraint locations_code_check CHECK (inventory.is_code(code)),
  constraint locations_created_at_check CHECK (inventory.is_instant(created_at)),
  constraint locations_kind_check CHECK (kind = ANY (ARRAY['warehouse'::text, 'store'::text, 'supplier'::text, 'customer'::text, 'transit'::text, 'other'::text])),
  constraint locations_name_check CHECK (length(name) >= 1 AND length(name) <= 200),
  constraint locations_updated_at_check CHECK (inventory.is_instant(updated_at))
);
alter table inventory.locations owner to stockade_owner;
alter table inventory.locations alter column id set statistics 0;
alter table inventory.locations alter column code set statistics 0;
alter table inventory.locations alter column name set statistics 0;
alter table inventory.locations alter column kind set statistics 0;
alter table inventory.locations alter column created_at set statistics 0;
alter table inventory.locations alter column org_id set statistics 0;
alter table inventory.locations alter column updated_at set statistics 0;
comment on table inventory.locations is
  'Tenant data: where stock is kept.';
grant select on table inventory.locations to stockade_jobs, stockade_ledger;

-- inventory.add_location_aliases(inventory.locations,jsonb)
CREATE OR REPLACE FUNCTION inventory.add_location_aliases(p_location inventory.locations, p_aliases jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  v_taken text;
begin
  perform inventory.require_aliases(p_aliases);
  -- In the order of the codes: two writers that give the same ones cannot deadlock.
  insert into inventory.location_aliases (org_id, alias, location_id)
  select p_location.org_id, given.alias, p_location.id
  from jsonb_array_elements_text(p_aliases) as given (alias)
  order by given.alias
  on conflict (org_id, alias) do nothing;

  select given.alias into v_taken
  from jsonb_array_elements_text(p_aliases) as given (alias)
  where not exists (
    select
    from inventory.location_aliases a
    where a.org_id = p_location.org_id and a.alias = given.alias and a.location_id = p_location.id
  )
  limit 1;
  if found then
    raise exception 'the alias % is that of another location', v_taken using errcode = 'SK206', detail = to_json(v_taken);
  end if;
end
$function$;
alter function inventory.add_location_aliases(inventory.locations,jsonb) owner to stockade_owner;
comment on function inventory.add_location_aliases(inventory.locations,jsonb) is
  'Gives a location the aliases of a list that it does not have yet. Raises SK206, with the code, when one is the code or the alias of another location, SK304 when one is no code.';
revoke execute on function inventory.add_location_aliases(inventory.locations,jsonb) from public;

-- inventory.location_json(inventory.locations)
CREATE OR REPLACE FUNCTION inventory.location_json(p_location inventory.locations)
 RETURNS json
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
  select json_build_object(
    'id', p_location.id,
    'code', p_location.code,
    'aliases', (
      select coalesce(json_agg(a.alias order by a.alias), '[]')
      from (
        -- Before they are ordered: for the order, Postgres could read all aliases.
        select alias from inventory.location_aliases where org_id = p_location.org_id and location_id = p_location.id offset 0
      ) as a
    ),
    'name', p_location.name,
    'kind', p_location.kind,
    'createdAt', inventory.iso(p_location.created_at),
    'updatedAt', inventory.iso(p_location.updated_at)
  )
$function$;
alter function inventory.location_json(inventory.locations) owner to stockade_owner;
comment on function inventory.location_json(inventory.locations) is
  'A location as the API shows it.';
revoke execute on function inventory.location_json(inventory.locations) from public;

-- inventory.movements
create table inventory.movements (
  item_id uuid not null,
  location_id uuid not null,
  quantity numeric(15,4) not null,
  occurred_at timestamp(3) with time zone not null,
  recorded_at timestamp(3) with time zone not null,
  org_id uuid not null,
  entry_id uuid not null,
  line integer not null,
  lot text default ''::text not null,
  constraint movements_pkey PRIMARY KEY (org_id, entry_id, line),
  constraint movements_line_check CHECK (line >= 1 AND line <= 1000),
  constraint movements_lot_check CHECK (lot = ''::text OR inventory.is_visible(lot, 64)),
  constraint movements_occurred_at_check CHECK (inventory.is_instant(occurred_at)),
  constraint movements_quantity_check CHECK (quantity <> 0::numeric),
  constraint movements_quantity_check_number CHECK (quantity <> 'NaN'::numeric),
  constraint movements_recorded_at_check CHECK (inventory.is_instant(recorded_at))
);
alter table inventory.movements owner to stockade_owner;
alter table inventory.movements alter column item_id set statistics 0;
alter table inventory.movements alter column location_id set statistics 0;
alter table inventory.movements alter column quantity set statistics 0;
alter table inventory.movements alter column occurred_at set statistics 0;
alter table inventory.movements alter column recorded_at set statistics 0;
alter table inventory.movements alter column org_id set statistics 0;
alter table inventory.movements alter column entry_id set statistics 0;
alter table inventory.movements alter column line set statistics 0;
alter table inventory.movements alter column lot set statistics 0;
comment on table inventory.movements is
  'Tenant data (append-only): the lines of the postings.';
grant select on table inventory.movements to stockade_jobs;
grant select, insert on table inventory.movements to stockade_ledger;

-- inventory.movements_of_all(integer,timestamp with time zone,uuid,uuid,integer,timestamp with time zone,text)
CREATE OR REPLACE FUNCTION inventory.movements_of_all(p_limit integer, p_at timestamp with time zone, p_entry_id uuid, p_after_id uuid, p_after_line integer, p_since timestamp with time zone, p_kind text)
 RETURNS inventory.movements[]
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
begin
  -- A page needs at most as many entries as it has rows, each with a line that is not shown yet.
  if p_kind is null then
    return array(
      select line.m
      from (
        select e.org_id, e.id, e.recorded_at
        from inventory.entries e
        where (e.recorded_at, e.id) <= (p_at, p_entry_id)
          and exists (
            select
            from inventory.movements m
            where m.org_id = e.org_id and m.entry_id = e.id and (m.entry_id <> p_after_id or m.line > p_after_line)
            offset 0
          )
        order by e.recorded_at desc, e.id desc
        limit p_limit
      ) as e
      cross join lateral (
        select m
        from inventory.movements m
        where m.org_id = e.org_id and m.entry_id = e.id and (m.entry_id <> p_after_id or m.line > p_after_line)
        order by m.line
        limit p_limit
      ) as line
      where e.recorded_at >= p_since
      order by e.recorded_at desc, e.id desc, (line.m).line
      limit p_limit
    );
  end if;
  return array(
    select line.m
    from (
      select e.org_id, e.kind, e.id, e.recorded_at
      from inventory.entries e
      where (e.kind, e.recorded_at, e.id) <= (p_kind, p_at, p_entry_id)
        and exists (
          select
          from inventory.movements m
          where m.org_id = e.org_id and m.entry_id = e.id and (m.entry_id <> p_after_id or m.line > p_after_line)
          offset 0
        )
      order by e.kind desc, e.recorded_at desc, e.id desc
      limit p_limit
    ) as e
    cross join lateral (
      select m
      from inventory.movements m
      where m.org_id = e.org_id and m.entry_id = e.id and (m.entry_id <> p_after_id or m.line > p_after_line)
      order by m.line
      limit p_limit
    ) as line
    where e.kind = p_kind and e.recorded_at >= p_since
    order by e.kind desc, e.recorded_at desc, e.id desc, (line.m).line
    limit p_limit
  );
end
$function$;
alter function inventory.movements_of_all(integer,timestamp with time zone,uuid,uuid,integer,timestamp with time zone,text) owner to stockade_owner;
comment on function inventory.movements_of_all(integer,timestamp with time zone,uuid,uuid,integer,timestamp with time zone,text) is
  'The newest movements of all items and locations, or with p_kind those of entries of one kind, with the limits of inventory.movements_of_key().';
revoke execute on function inventory.movements_of_all(integer,timestamp with time zone,uuid,uuid,integer,timestamp with time zone,text) from public;

-- inventory.movements_of_key(integer,timestamp with time zone,uuid,uuid,integer,timestamp with time zone,uuid,uuid)
CREATE OR REPLACE FUNCTION inventory.movements_of_key(p_limit integer, p_at timestamp with time zone, p_entry_id uuid, p_after_id uuid, p_after_line integer, p_since timestamp with time zone, p_item_id uuid, p_location_id uuid)
 RETURNS inventory.movements[]
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
begin
  if p_location_id is null then
    return array(
      select newest.m
      from (
        select m
        from inventory.movements m
        where (m.item_id, m.recorded_at, m.entry_id) <= (p_item_id, p_at, p_entry_id)
          and (m.entry_id <> p_after_id or m.line > p_after_line)
        order by m.item_id desc, m.recorded_at desc, m.entry_id desc, m.line
        limit p_limit
      ) as newest
      where (newest.m).item_id = p_item_id and (newest.m).recorded_at >= p_since
    );
  elsif p_item_id is null then
    return array(
      select newest.m
      from (
        select m
        from inventory.movements m
        where (m.location_id, m.recorded_at, m.entry_id) <= (p_location_id, p_at, p_entry_id)
          and (m.entry_id <> p_after_id or m.line > p_after_line)
        order by m.location_id desc, m.recorded_at desc, m.entry_id desc, m.line
        limit p_limit
      ) as newest
      where (newest.m).location_id = p_location_id and (newest.m).recorded_at >= p_since
    );
  end if;
  return array(
    select newest.m
    from (
      select m
      from inventory.movements m
      where (m.item_id, m.location_id, m.recorded_at, m.entry_id) <= (p_item_id, p_location_id, p_at, p_entry_id)
        and (m.entry_id <> p_after_id or m.line > p_after_line)
      order by m.item_id desc, m.location_id desc, m.recorded_at desc, m.entry_id desc, m.line
      limit p_limit
    ) as newest
    where (newest.m).item_id = p_item_id
      and (newest.m).location_id = p_location_id
      and (newest.m).recorded_at >= p_since
  );
end
$function$;
alter function inventory.movements_of_key(integer,timestamp with time zone,uuid,uuid,integer,timestamp with time zone,uuid,uuid) owner to stockade_owner;
comment on function inventory.movements_of_key(integer,timestamp with time zone,uuid,uuid,integer,timestamp with time zone,uuid,uuid) is
  'The newest movements of an item, at a location, or both: at most p_limit, from an entry recorded at p_at on, without the lines of p_after_id up to p_after_line, and none recorded before p_since.';
revoke execute on function inventory.movements_of_key(integer,timestamp with time zone,uuid,uuid,integer,timestamp with time zone,uuid,uuid) from public;

-- inventory.reconciliation_runs
create table inventory.reconciliation_runs (
  org_id uuid not null,
  id uuid default inventory.new_id() not null,
  kind text not null,
  status text default 'running'::text not null,
  started_at timestamp(3) with time zone default clock_timestamp() not null,
  finished_at timestamp(3) with time zone,
  bucket integer,
  keys_checked bigint default 0 not null,
  movements_read bigint default 0 not null,
  found bigint default 0 not null,
  corrected bigint default 0 not null,
  alerted bigint default 0 not null,
  seal_seq bigint,
  newest_entry uuid,
  compared_through uuid,
  lag_seconds numeric(12,3),
  trigger_faults jsonb default '[]'::jsonb not null,
  error text,
  constraint reconciliation_runs_pkey PRIMARY KEY (org_id, id),
  constraint reconciliation_runs_alerted_check CHECK (alerted >= 0),
  constraint reconciliation_runs_bucket_check CHECK (bucket >= 0),
  constraint reconciliation_runs_check CHECK ((finished_at IS NULL) = (status = 'running'::text)),
  constraint reconciliation_runs_corrected_check CHECK (corrected >= 0),
  constraint reconciliation_runs_finished_at_check CHECK (inventory.is_instant(finished_at)),
  constraint reconciliation_runs_found_check CHECK (found >= 0),
  constraint reconciliation_runs_keys_checked_check CHECK (keys_checked >= 0),
  constraint reconciliation_runs_kind_check CHECK (kind = ANY (ARRAY['daily'::text, 'full'::text])),
  constraint reconciliation_runs_lag_seconds_check CHECK (lag_seconds >= 0::numeric AND lag_seconds <> 'NaN'::numeric),
  constraint reconciliation_runs_movements_read_check CHECK (movements_read >= 0),
  constraint reconciliation_runs_started_at_check CHECK (inventory.is_instant(started_at)),
  constraint reconciliation_runs_status_check CHECK (status = ANY (ARRAY['running'::text, 'finished'::text, 'failed'::text])),
  constraint reconciliation_runs_trigger_faults_check CHECK (jsonb_typeof(trigger_faults) = 'array'::text)
);
alter table inventory.reconciliation_runs owner to stockade_owner;
alter table inventory.reconciliation_runs alter column org_id set statistics 0;
alter table inventory.reconciliation_runs alter column id set statistics 0;
alter table inventory.reconciliation_runs alter column kind set statistics 0;
alter table inventory.reconciliation_runs alter column status set statistics 0;
alter table inventory.reconciliation_runs alter column started_at set statistics 0;
alter table inventory.reconciliation_runs alter column finished_at set statistics 0;
alter table inventory.reconciliation_runs alter column bucket set statistics 0;
alter table inventory.reconciliation_runs alter column keys_checked set statistics 0;
alter table inventory.reconciliation_runs alter column movements_read set statistics 0;
alter table inventory.reconciliation_runs alter column found set statistics 0;
alter table inventory.reconciliation_runs alter column corrected set statistics 0;
alter table inventory.reconciliation_runs alter column alerted set statistics 0;
alter table inventory.reconciliation_runs alter column seal_seq set statistics 0;
alter table inventory.reconciliation_runs alter column newest_entry set statistics 0;
alter table inventory.reconciliation_runs alter column compared_through set statistics 0;
alter table inventory.reconciliation_runs alter column lag_seconds set statistics 0;
alter table inventory.reconciliation_runs alter column trigger_faults set statistics 0;
alter table inventory.reconciliation_runs alter column error set statistics 0;
comment on table inventory.reconciliation_runs is
  'Tenant data: the passes that compared balances with history.';
grant select on table inventory.reconciliation_runs to stockade_jobs;

-- inventory.reconciliation_state
create table inventory.reconciliation_state (
  org_id uuid not null,
  due_at timestamp(3) with time zone default '-infinity'::timestamp with time zone not null,
  lease uuid,
  leased_until timestamp(3) with time zone,
  next_bucket integer default 0 not null,
  run_id uuid,
  checkpoint jsonb,
  failures integer default 0 not null,
  compared_through uuid,
  failure_told_at timestamp(3) with time zone,
  proven_at timestamp(3) with time zone,
  constraint reconciliation_state_pkey PRIMARY KEY (org_id),
  constraint reconciliation_state_due_at_check CHECK (due_at = '-infinity'::timestamp with time zone OR inventory.is_instant(due_at)),
  constraint reconciliation_state_failure_told_at_check CHECK (inventory.is_instant(failure_told_at)),
  constraint reconciliation_state_failures_check CHECK (failures >= 0),
  constraint reconciliation_state_leased_until_check CHECK (inventory.is_instant(leased_until)),
  constraint reconciliation_state_next_bucket_check CHECK (next_bucket >= 0),
  constraint reconciliation_state_proven_at_check CHECK (inventory.is_instant(proven_at))
);
alter table inventory.reconciliation_state owner to stockade_owner;
alter table inventory.reconciliation_state alter column org_id set statistics 0;
alter table inventory.reconciliation_state alter column due_at set statistics 0;
alter table inventory.reconciliation_state alter column lease set statistics 0;
alter table inventory.reconciliation_state alter column leased_until set statistics 0;
alter table inventory.reconciliation_state alter column next_bucket set statistics 0;
alter table inventory.reconciliation_state alter column run_id set statistics 0;
alter table inventory.reconciliation_state alter column checkpoint set statistics 0;
alter table inventory.reconciliation_state alter column failures set statistics 0;
alter table inventory.reconciliation_state alter column compared_through set statistics 0;
alter table inventory.reconciliation_state alter column failure_told_at set statistics 0;
alter table inventory.reconciliation_state alter column proven_at set statistics 0;
comment on table inventory.reconciliation_state is
  'Tenant data: when an organization is due for its next pass, and which run has taken it.';
grant select on table inventory.reconciliation_state to stockade_jobs;

-- inventory.leased_state(uuid)
CREATE OR REPLACE FUNCTION inventory.leased_state(p_lease uuid)
 RETURNS inventory.reconciliation_state
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  v_org_id constant uuid := tenancy.require_scope('write');
  v_state inventory.reconciliation_state;
begin
  select * into v_state from inventory.reconciliation_state where org_id = v_org_id and lease = p_lease for update;
  if not found then
    raise exception 'the reconciliation of this organization was taken over by somebody else' using errcode = 'SK601';
  end if;
  return v_state;
end
$function$;
alter function inventory.leased_state(uuid) owner to stockade_owner;
comment on function inventory.leased_state(uuid) is
  'The state of the organization that was entered, locked. Raises SK601 when the lease is not held any more, SK902 when no organization was entered, SK104 when the caller may not write.';
revoke execute on function inventory.leased_state(uuid) from public;

-- inventory.reservation_entries
create table inventory.reservation_entries (
  org_id uuid not null,
  reservation_id uuid not null,
  entry_id uuid not null,
  constraint reservation_entries_pkey PRIMARY KEY (org_id, reservation_id, entry_id)
);
alter table inventory.reservation_entries owner to stockade_owner;
alter table inventory.reservation_entries alter column org_id set statistics 0;
alter table inventory.reservation_entries alter column reservation_id set statistics 0;
alter table inventory.reservation_entries alter column entry_id set statistics 0;
comment on table inventory.reservation_entries is
  'Tenant data (append-only): the issues that reservations were committed with.';
grant select on table inventory.reservation_entries to stockade_jobs;

-- inventory.reservation_lines
create table inventory.reservation_lines (
  org_id uuid not null,
  reservation_id uuid not null,
  line integer not null,
  item_id uuid not null,
  location_id uuid not null,
  lot text not null,
  quantity numeric(15,4) not null,
  held numeric(15,4) not null,
  committed numeric(15,4) default 0 not null,
  released numeric(15,4) default 0 not null,
  expires_at timestamp(3) with time zone not null,
  constraint reservation_lines_pkey PRIMARY KEY (org_id, reservation_id, line),
  constraint reservation_lines_check CHECK ((held + committed + released) <= quantity),
  constraint reservation_lines_committed_check CHECK (committed >= 0::numeric AND committed <> 'NaN'::numeric),
  constraint reservation_lines_expires_at_check CHECK (expires_at = 'infinity'::timestamp with time zone OR inventory.is_instant(expires_at)),
  constraint reservation_lines_held_check CHECK (held >= 0::numeric AND held <> 'NaN'::numeric),
  constraint reservation_lines_line_check CHECK (line >= 1 AND line <= 1000),
  constraint reservation_lines_lot_check CHECK (lot = ''::text OR inventory.is_visible(lot, 64)),
  constraint reservation_lines_quantity_check CHECK (quantity > 0::numeric AND quantity <> 'NaN'::numeric),
  constraint reservation_lines_released_check CHECK (released >= 0::numeric AND released <> 'NaN'::numeric)
);
alter table inventory.reservation_lines owner to stockade_owner;
alter table inventory.reservation_lines alter column org_id set statistics 0;
alter table inventory.reservation_lines alter column reservation_id set statistics 0;
alter table inventory.reservation_lines alter column line set statistics 0;
alter table inventory.reservation_lines alter column item_id set statistics 0;
alter table inventory.reservation_lines alter column location_id set statistics 0;
alter table inventory.reservation_lines alter column lot set statistics 0;
alter table inventory.reservation_lines alter column quantity set statistics 0;
alter table inventory.reservation_lines alter column held set statistics 0;
alter table inventory.reservation_lines alter column committed set statistics 0;
alter table inventory.reservation_lines alter column released set statistics 0;
alter table inventory.reservation_lines alter column expires_at set statistics 0;
comment on table inventory.reservation_lines is
  'Tenant data: what each reservation holds, of which item, at which location, of which lot.';
grant select on table inventory.reservation_lines to stockade_jobs, stockade_ledger;

-- inventory.lines_of(uuid)
CREATE OR REPLACE FUNCTION inventory.lines_of(p_id uuid)
 RETURNS SETOF inventory.reservation_lines
 LANGUAGE sql
 STABLE
AS $function$
  -- In the order of their key, as far as there can be lines: so that they are read from it, whatever Postgres knows of the table.
  select l.*
  from inventory.reservation_lines l
  where l.reservation_id = p_id
  order by l.line
  limit 1000
$function$;
alter function inventory.lines_of(uuid) owner to stockade_owner;
comment on function inventory.lines_of(uuid) is
  'The lines of a reservation of the organization that was entered.';
revoke execute on function inventory.lines_of(uuid) from public;

-- inventory.reservations
create table inventory.reservations (
  org_id uuid not null,
  id uuid not null,
  state text default 'open'::text not null,
  reference text,
  expires_at timestamp(3) with time zone not null,
  created_at timestamp(3) with time zone not null,
  closed_at timestamp(3) with time zone,
  actor text not null,
  metadata jsonb default '{}'::jsonb not null,
  constraint reservations_pkey PRIMARY KEY (org_id, id),
  constraint reservations_org_id_id_expires_at_key UNIQUE (org_id, id, expires_at),
  constraint reservations_actor_check CHECK (length(actor) >= 1 AND length(actor) <= 200),
  constraint reservations_check CHECK ((closed_at IS NULL) = (state = 'open'::text)),
  constraint reservations_closed_at_check CHECK (inventory.is_instant(closed_at)),
  constraint reservations_created_at_check CHECK (inventory.is_instant(created_at)),
  constraint reservations_expires_at_check CHECK (expires_at = 'infinity'::timestamp with time zone OR inventory.is_instant(expires_at)),
  constraint reservations_metadata_check CHECK (metadata = '{}'::jsonb OR inventory.is_metadata(metadata)),
  constraint reservations_reference_check CHECK (inventory.is_visible(reference, 200)),
  constraint reservations_state_check CHECK (state = ANY (ARRAY['open'::text, 'committed'::text, 'released'::text, 'expired'::text]))
);
alter table inventory.reservations owner to stockade_owner;
alter table inventory.reservations alter column org_id set statistics 0;
alter table inventory.reservations alter column id set statistics 0;
alter table inventory.reservations alter column state set statistics 0;
alter table inventory.reservations alter column reference set statistics 0;
alter table inventory.reservations alter column expires_at set statistics 0;
alter table inventory.reservations alter column created_at set statistics 0;
alter table inventory.reservations alter column closed_at set statistics 0;
alter table inventory.reservations alter column actor set statistics 0;
alter table inventory.reservations alter column metadata set statistics 0;
comment on table inventory.reservations is
  'Tenant data: the holds on stock, with what became of them.';
grant select on table inventory.reservations to stockade_jobs;

-- inventory.lock_reservation(uuid)
CREATE OR REPLACE FUNCTION inventory.lock_reservation(p_id uuid)
 RETURNS inventory.reservations
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  v_reservation inventory.reservations;
  v_items uuid[];
  v_locations uuid[];
  v_lots text[];
begin
  select * into v_reservation from inventory.reservations where id = p_id for update;
  if not found then
    raise exception 'there is no reservation %', p_id using errcode = 'SK404';
  end if;
  perform inventory.require_open(v_reservation.state, v_reservation.expires_at);

  select array_agg(l.item_id), array_agg(l.location_id), array_agg(l.lot)
  into v_items, v_locations, v_lots
  from inventory.lines_of(p_id) as l
  where l.held > 0;
  perform inventory.lock_balances(v_items, v_locations, v_lots);
  -- While this waited, the hold may have expired, and somebody else may have the stock.
  perform inventory.require_open(v_reservation.state, v_reservation.expires_at);
  return v_reservation;
end
$function$;
alter function inventory.lock_reservation(uuid) owner to stockade_owner;
comment on function inventory.lock_reservation(uuid) is
  'Locks a reservation and the balances of its lines, so that it can be changed. Raises SK404 no such reservation, SK208 when it is not open any more.';
revoke execute on function inventory.lock_reservation(uuid) from public;

-- inventory.seal_anchors
create table inventory.seal_anchors (
  org_id uuid not null,
  seq bigint not null,
  bucket text not null,
  key text not null,
  version_id text,
  anchored_at timestamp(3) with time zone default now() not null,
  constraint seal_anchors_pkey PRIMARY KEY (org_id, seq, bucket),
  constraint seal_anchors_anchored_at_check CHECK (inventory.is_instant(anchored_at)),
  constraint seal_anchors_bucket_check CHECK (length(bucket) >= 1 AND length(bucket) <= 255),
  constraint seal_anchors_key_check CHECK (length(key) >= 1 AND length(key) <= 1024),
  constraint seal_anchors_version_id_check CHECK (length(version_id) >= 1 AND length(version_id) <= 1024)
);
alter table inventory.seal_anchors owner to stockade_owner;
alter table inventory.seal_anchors alter column org_id set statistics 0;
alter table inventory.seal_anchors alter column seq set statistics 0;
alter table inventory.seal_anchors alter column bucket set statistics 0;
alter table inventory.seal_anchors alter column key set statistics 0;
alter table inventory.seal_anchors alter column version_id set statistics 0;
alter table inventory.seal_anchors alter column anchored_at set statistics 0;
comment on table inventory.seal_anchors is
  'Tenant data (append-only): where seals are stored outside of the database.';
grant select on table inventory.seal_anchors to stockade_jobs;

-- inventory.seal_boundaries
create table inventory.seal_boundaries (
  org_id uuid not null,
  boundary uuid not null,
  settled_through timestamp(3) with time zone not null,
  constraint seal_boundaries_pkey PRIMARY KEY (org_id),
  constraint seal_boundaries_settled_through_check CHECK (inventory.is_instant(settled_through))
);
alter table inventory.seal_boundaries owner to stockade_owner;
alter table inventory.seal_boundaries alter column org_id set statistics 0;
alter table inventory.seal_boundaries alter column boundary set statistics 0;
alter table inventory.seal_boundaries alter column settled_through set statistics 0;
comment on table inventory.seal_boundaries is
  'Tenant data (derived): how far the ledger of an organization is closed to new movements.';
grant select on table inventory.seal_boundaries to stockade_jobs, stockade_ledger;

-- inventory.seal_closings
create table inventory.seal_closings (
  org_id uuid not null,
  item_id uuid not null,
  location_id uuid not null,
  lot text not null,
  seq bigint not null,
  on_hand numeric(17,4) not null,
  version bigint not null,
  constraint seal_closings_pkey PRIMARY KEY (org_id, item_id, location_id, lot, seq),
  constraint seal_closings_on_hand_check CHECK (on_hand <> 'NaN'::numeric),
  constraint seal_closings_version_check CHECK (version >= 1)
);
alter table inventory.seal_closings owner to stockade_owner;
alter table inventory.seal_closings alter column org_id set statistics 0;
alter table inventory.seal_closings alter column item_id set statistics 0;
alter table inventory.seal_closings alter column location_id set statistics 0;
alter table inventory.seal_closings alter column lot set statistics 0;
alter table inventory.seal_closings alter column seq set statistics 0;
alter table inventory.seal_closings alter column on_hand set statistics 0;
alter table inventory.seal_closings alter column version set statistics 0;
comment on table inventory.seal_closings is
  'Tenant data (append-only): what the balances were when they were sealed.';
grant select on table inventory.seal_closings to stockade_jobs;

-- inventory.seal_pages
create table inventory.seal_pages (
  org_id uuid not null,
  seq bigint not null,
  page integer not null,
  last_leaf bytea not null,
  root bytea not null,
  leaves bytea not null,
  constraint seal_pages_pkey PRIMARY KEY (org_id, seq, page),
  constraint seal_pages_last_leaf_check CHECK (length(last_leaf) = 20),
  constraint seal_pages_leaves_check CHECK (length(leaves) >= 52 AND length(leaves) <= 53248 AND (length(leaves) % 52) = 0),
  constraint seal_pages_page_check CHECK (page >= 0),
  constraint seal_pages_root_check CHECK (length(root) = 32)
);
alter table inventory.seal_pages owner to stockade_owner;
alter table inventory.seal_pages alter column org_id set statistics 0;
alter table inventory.seal_pages alter column seq set statistics 0;
alter table inventory.seal_pages alter column page set statistics 0;
alter table inventory.seal_pages alter column last_leaf set statistics 0;
alter table inventory.seal_pages alter column root set statistics 0;
alter table inventory.seal_pages alter column leaves set storage external;
alter table inventory.seal_pages alter column leaves set statistics 0;
comment on table inventory.seal_pages is
  'Tenant data (append-only): the hashes of the sealed movements.';
grant select on table inventory.seal_pages to stockade_jobs;

-- inventory.seals
create table inventory.seals (
  org_id uuid not null,
  seq bigint not null,
  version smallint not null,
  previous_hash bytea not null,
  after_entry uuid,
  boundary uuid not null,
  movements bigint not null,
  entries bigint,
  merkle_root bytea not null,
  closings bigint not null,
  closing_digest bytea not null,
  recorded_through timestamp(3) with time zone not null,
  settled_through timestamp(3) with time zone,
  sealed_at timestamp(3) with time zone not null,
  hash bytea not null,
  constraint seals_pkey PRIMARY KEY (org_id, seq),
  constraint seals_org_id_boundary_key UNIQUE (org_id, boundary),
  constraint seals_closing_digest_check CHECK (length(closing_digest) = 32),
  constraint seals_closings_check CHECK (closings >= 1),
  constraint seals_entries_check CHECK (entries >= 1),
  constraint seals_entries_check_version CHECK ((entries IS NULL) = (version = 1)),
  constraint seals_hash_check CHECK (length(hash) = 32),
  constraint seals_merkle_root_check CHECK (length(merkle_root) = 32),
  constraint seals_movements_check CHECK (movements >= 1),
  constraint seals_previous_hash_check CHECK (length(previous_hash) = 32),
  constraint seals_recorded_through_check CHECK (inventory.is_instant(recorded_through)),
  constraint seals_sealed_at_check CHECK (inventory.is_instant(sealed_at)),
  constraint seals_seq_check CHECK (seq >= 1),
  constraint seals_settled_through_check CHECK (inventory.is_instant(settled_through)),
  constraint seals_version_check CHECK (version = ANY (ARRAY[1, 2]))
);
alter table inventory.seals owner to stockade_owner;
alter table inventory.seals alter column org_id set statistics 0;
alter table inventory.seals alter column seq set statistics 0;
alter table inventory.seals alter column version set statistics 0;
alter table inventory.seals alter column previous_hash set statistics 0;
alter table inventory.seals alter column after_entry set statistics 0;
alter table inventory.seals alter column boundary set statistics 0;
alter table inventory.seals alter column movements set statistics 0;
alter table inventory.seals alter column entries set statistics 0;
alter table inventory.seals alter column merkle_root set statistics 0;
alter table inventory.seals alter column closings set statistics 0;
alter table inventory.seals alter column closing_digest set statistics 0;
alter table inventory.seals alter column recorded_through set statistics 0;
alter table inventory.seals alter column settled_through set statistics 0;
alter table inventory.seals alter column sealed_at set statistics 0;
alter table inventory.seals alter column hash set statistics 0;
comment on table inventory.seals is
  'Tenant data (append-only): the seals of the ledger, each chained to the one before.';
grant select on table inventory.seals to stockade_jobs;

-- inventory.seal_header(inventory.seals)
CREATE OR REPLACE FUNCTION inventory.seal_header(p_seal inventory.seals)
 RETURNS text
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
  select concat(
    'stockade seal ', p_seal.version, E'\n',
    p_seal.org_id, E'\n',
    p_seal.seq, E'\n',
    encode(p_seal.previous_hash, 'hex'), E'\n',
    p_seal.after_entry, E'\n',
    p_seal.boundary, E'\n',
    p_seal.movements, E'\n',
    -- Version 1 counts no entries, and has no line for them.
    p_seal.entries || E'\n',
    encode(p_seal.merkle_root, 'hex'), E'\n',
    p_seal.closings, E'\n',
    encode(p_seal.closing_digest, 'hex'), E'\n',
    inventory.iso(p_seal.recorded_through), E'\n',
    inventory.iso(p_seal.settled_through), E'\n',
    inventory.iso(p_seal.sealed_at), E'\n'
  )
$function$;
alter function inventory.seal_header(inventory.seals) owner to stockade_owner;
comment on function inventory.seal_header(inventory.seals) is
  'The text that the hash of a seal is computed from.';
revoke execute on function inventory.seal_header(inventory.seals) from public;

-- inventory.seal_json(inventory.seals)
CREATE OR REPLACE FUNCTION inventory.seal_json(p_seal inventory.seals)
 RETURNS json
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
  select json_build_object(
    'version', p_seal.version,
    'seq', p_seal.seq,
    'hash', encode(p_seal.hash, 'hex'),
    'previousHash', encode(p_seal.previous_hash, 'hex'),
    'afterEntry', p_seal.after_entry,
    'boundary', p_seal.boundary,
    'movements', p_seal.movements,
    'entries', p_seal.entries,
    'merkleRoot', encode(p_seal.merkle_root, 'hex'),
    'closings', p_seal.closings,
    'closingDigest', encode(p_seal.closing_digest, 'hex'),
    'recordedThrough', inventory.iso(p_seal.recorded_through),
    'settledThrough', inventory.iso(p_seal.settled_through),
    'sealedAt', inventory.iso(p_seal.sealed_at)
  )
$function$;
alter function inventory.seal_json(inventory.seals) owner to stockade_owner;
comment on function inventory.seal_json(inventory.seals) is
  'A seal as the API shows it.';
revoke execute on function inventory.seal_json(inventory.seals) from public;
grant execute on function inventory.seal_json(inventory.seals) to stockade_jobs;

-- inventory.told_trigger_faults
create table inventory.told_trigger_faults (
  only_row boolean default true not null,
  faults jsonb default '[]'::jsonb not null,
  told_at timestamp(3) with time zone default '-infinity'::timestamp with time zone not null,
  constraint told_trigger_faults_pkey PRIMARY KEY (only_row),
  constraint told_trigger_faults_faults_check CHECK (jsonb_typeof(faults) = 'array'::text),
  constraint told_trigger_faults_only_row_check CHECK (only_row)
);
alter table inventory.told_trigger_faults owner to stockade_owner;
comment on table inventory.told_trigger_faults is
  'Platform data: the faults of the ledger''s triggers that the last alert was about, and when it was sent.';

-- inventory.trigger_changes
create table inventory.trigger_changes (
  id uuid default inventory.new_id() not null,
  at timestamp with time zone default clock_timestamp() not null,
  kind text not null,
  command text not null,
  by text default SESSION_USER not null,
  triggers jsonb not null,
  constraint trigger_changes_pkey PRIMARY KEY (id),
  constraint trigger_changes_kind_check CHECK (kind = ANY (ARRAY['watch'::text, 'change'::text]))
);
alter table inventory.trigger_changes owner to stockade_owner;
comment on table inventory.trigger_changes is
  'Platform data (append-only): every change of the ledger''s triggers, with what they were after it.';

-- recovery.alert_probes
create table recovery.alert_probes (
  id uuid default inventory.new_id() not null,
  made_at timestamp(3) with time zone not null,
  sent_at timestamp(3) with time zone,
  received_at timestamp(3) with time zone,
  failure text,
  constraint alert_probes_pkey PRIMARY KEY (id),
  constraint alert_probes_check CHECK (failure IS NULL OR sent_at IS NULL)
);
alter table recovery.alert_probes owner to stockade_owner;
comment on table recovery.alert_probes is
  'Platform data: the test alerts that were sent to see whether alerts arrive.';

-- recovery.alert_probes()
CREATE OR REPLACE FUNCTION recovery.alert_probes()
 RETURNS SETOF recovery.alert_probes
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
  select *
  from recovery.alert_probes
  order by made_at desc, id desc
  limit 10
$function$;
alter function recovery.alert_probes() owner to stockade_owner;
comment on function recovery.alert_probes() is
  'The newest ten test alerts.';
revoke execute on function recovery.alert_probes() from public;
grant execute on function recovery.alert_probes() to stockade_jobs;

-- recovery.heartbeats
create table recovery.heartbeats (
  at timestamp(3) with time zone not null,
  organizations bigint not null,
  constraint heartbeats_pkey PRIMARY KEY (at),
  constraint heartbeats_organizations_check CHECK (organizations >= 0)
);
alter table recovery.heartbeats owner to stockade_owner;
comment on table recovery.heartbeats is
  'Platform data: a row a minute. The newest one in a restored copy says up to when the copy has everything.';

-- recovery.newest_heartbeat()
CREATE OR REPLACE FUNCTION recovery.newest_heartbeat()
 RETURNS SETOF recovery.heartbeats
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
  select *
  from recovery.heartbeats
  order by at desc
  limit 1
$function$;
alter function recovery.newest_heartbeat() owner to stockade_owner;
comment on function recovery.newest_heartbeat() is
  'The newest heartbeat. In a restored copy: the time up to which everything committed is there. No row when there never was one.';
revoke execute on function recovery.newest_heartbeat() from public;
grant execute on function recovery.newest_heartbeat() to stockade_jobs;

-- recovery.monitor_states
create table recovery.monitor_states (
  check_name text not null,
  title text not null,
  status text not null,
  reason text,
  summary text not null,
  facts jsonb not null,
  runbook text not null,
  since timestamp(3) with time zone not null,
  checked_at timestamp(3) with time zone not null,
  alerted_status text,
  alerted_severity text,
  alerted_at timestamp(3) with time zone,
  constraint monitor_states_pkey PRIMARY KEY (check_name),
  constraint monitor_states_alerted_severity_check CHECK (alerted_severity = ANY (ARRAY['warning'::text, 'critical'::text])),
  constraint monitor_states_alerted_status_check CHECK (alerted_status = ANY (ARRAY['warn'::text, 'fail'::text, 'could_not_run'::text])),
  constraint monitor_states_check CHECK ((reason IS NOT NULL) = (status = 'could_not_run'::text)),
  constraint monitor_states_check1 CHECK ((alerted_status IS NULL) = (alerted_severity IS NULL) AND (alerted_status IS NULL) = (alerted_at IS NULL)),
  constraint monitor_states_check_name_check CHECK (check_name ~ '^[a-z][a-z-]{1,60}$'::text),
  constraint monitor_states_status_check CHECK (status = ANY (ARRAY['ok'::text, 'warn'::text, 'fail'::text, 'could_not_run'::text, 'not_applicable'::text]))
);
alter table recovery.monitor_states owner to stockade_owner;
comment on table recovery.monitor_states is
  'Platform data: the state of each check of the backups, since when, and the last alert about it.';

-- recovery.claim_checks()
CREATE OR REPLACE FUNCTION recovery.claim_checks()
 RETURNS SETOF recovery.monitor_states
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
  select *
  from recovery.monitor_states
  order by check_name
  for update
$function$;
alter function recovery.claim_checks() owner to stockade_owner;
comment on function recovery.claim_checks() is
  'The state of every check, and the last alert about it. Until the end of the transaction no other run can send alerts about them: a second run waits here, and then finds that they were sent.';
revoke execute on function recovery.claim_checks() from public;
grant execute on function recovery.claim_checks() to stockade_jobs;

-- recovery.list_checks()
CREATE OR REPLACE FUNCTION recovery.list_checks()
 RETURNS SETOF recovery.monitor_states
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
  select *
  from recovery.monitor_states
  order by check_name
$function$;
alter function recovery.list_checks() owner to stockade_owner;
comment on function recovery.list_checks() is
  'The state of every check of the backups in the last run.';
revoke execute on function recovery.list_checks() from public;
grant execute on function recovery.list_checks() to stockade_admin, stockade_jobs;

-- recovery.restorations
create table recovery.restorations (
  id uuid default inventory.new_id() not null,
  organization_id uuid not null,
  mode text not null,
  copied_at timestamp(3) with time zone not null,
  replaced bytea,
  restored bytea not null,
  others bigint not null,
  others_changed bigint not null,
  restored_at timestamp(3) with time zone default now() not null,
  restored_by text default SESSION_USER not null,
  constraint restorations_pkey PRIMARY KEY (id),
  constraint restorations_check CHECK (others_changed >= 0 AND others_changed <= others),
  constraint restorations_mode_check CHECK (mode = ANY (ARRAY['as_it_was'::text, 'merge'::text])),
  constraint restorations_others_check CHECK (others >= 0),
  constraint restorations_replaced_check CHECK (length(replaced) = 32),
  constraint restorations_restored_check CHECK (length(restored) = 32)
);
alter table recovery.restorations owner to stockade_owner;
comment on table recovery.restorations is
  'Platform data (append-only): the organizations that were brought back from a restored copy. Holds nothing that they stored.';
grant select on table recovery.restorations to stockade_admin;

-- stockade_migrations.applied
create table stockade_migrations.applied (
  number integer not null,
  name text not null,
  sha256 text not null,
  chain text not null,
  applied_at timestamp with time zone default clock_timestamp() not null,
  duration_ms integer not null,
  applied_by text default SESSION_USER not null,
  constraint applied_pkey PRIMARY KEY (number),
  constraint applied_name_key UNIQUE (name),
  constraint applied_chain_check CHECK (chain ~ '^[0-9a-f]{64}$'::text),
  constraint applied_number_check CHECK (number > 0),
  constraint applied_sha256_check CHECK (sha256 ~ '^[0-9a-f]{64}$'::text)
);
alter table stockade_migrations.applied owner to stockade_owner;
comment on table stockade_migrations.applied is
  'Platform data: the migrations that this database has.';

-- stockade_migrations.functions
create table stockade_migrations.functions (
  name text not null,
  sha256 text not null,
  routines text[] not null,
  applied_at timestamp with time zone default clock_timestamp() not null,
  duration_ms integer not null,
  applied_by text default SESSION_USER not null,
  constraint functions_pkey PRIMARY KEY (name),
  constraint functions_name_check CHECK (name ~ '^[a-z0-9_]+(/[a-z0-9_]+){1,2}$'::text),
  constraint functions_sha256_check CHECK (sha256 ~ '^[0-9a-f]{64}$'::text)
);
alter table stockade_migrations.functions owner to stockade_owner;
comment on table stockade_migrations.functions is
  'Platform data: the function files that this database has, and the functions that each has created.';

-- stockade_migrations.started
create table stockade_migrations.started (
  number integer not null,
  sha256 text not null,
  started_at timestamp with time zone default clock_timestamp() not null,
  statements_done integer default 0 not null,
  statement_begun integer default 0 not null,
  checkpoint jsonb,
  rows_filled bigint default 0 not null,
  constraint started_pkey PRIMARY KEY (number),
  constraint started_number_check CHECK (number > 0),
  constraint started_rows_filled_check CHECK (rows_filled >= 0),
  constraint started_sha256_check CHECK (sha256 ~ '^[0-9a-f]{64}$'::text),
  constraint started_statement_begun_check CHECK (statement_begun >= 0),
  constraint started_statements_done_check CHECK (statements_done >= 0)
);
alter table stockade_migrations.started owner to stockade_owner;
comment on table stockade_migrations.started is
  'Platform data: the migration that is not one transaction, while it is under way.';

-- tenancy.api_keys
create table tenancy.api_keys (
  org_id uuid not null,
  key_id text collate "C" not null,
  secret_digest bytea not null,
  name text not null,
  scopes text[] not null,
  created_at timestamp(3) with time zone default now() not null,
  expires_at timestamp(3) with time zone,
  revoked_at timestamp(3) with time zone,
  last_used_at timestamp(3) with time zone,
  replaced_by text,
  constraint api_keys_pkey PRIMARY KEY (org_id, key_id),
  constraint api_keys_created_at_check CHECK (inventory.is_instant(created_at)),
  constraint api_keys_expires_at_check CHECK (inventory.is_instant(expires_at)),
  constraint api_keys_key_id_check CHECK (key_id ~ '^[0-9A-Za-z]{12}$'::text),
  constraint api_keys_last_used_at_check CHECK (inventory.is_instant(last_used_at)),
  constraint api_keys_name_check CHECK (length(name) >= 1 AND length(name) <= 200),
  constraint api_keys_replaced_by_check CHECK (replaced_by ~ '^[0-9A-Za-z]{12}$'::text),
  constraint api_keys_revoked_at_check CHECK (inventory.is_instant(revoked_at)),
  constraint api_keys_scopes_check CHECK (cardinality(scopes) > 0 AND cardinality(scopes) = ((scopes @> ARRAY['read'::text])::integer + (scopes @> ARRAY['write'::text])::integer + (scopes @> ARRAY['admin'::text])::integer)),
  constraint api_keys_secret_digest_check CHECK (length(secret_digest) = 32)
);
alter table tenancy.api_keys owner to stockade_owner;
alter table tenancy.api_keys alter column org_id set statistics 0;
alter table tenancy.api_keys alter column key_id set statistics 0;
alter table tenancy.api_keys alter column secret_digest set statistics 0;
alter table tenancy.api_keys alter column name set statistics 0;
alter table tenancy.api_keys alter column scopes set statistics 0;
alter table tenancy.api_keys alter column created_at set statistics 0;
alter table tenancy.api_keys alter column expires_at set statistics 0;
alter table tenancy.api_keys alter column revoked_at set statistics 0;
alter table tenancy.api_keys alter column last_used_at set statistics 0;
alter table tenancy.api_keys alter column replaced_by set statistics 0;
comment on table tenancy.api_keys is
  'Tenant data: the API keys of an organization. It holds only the digest of each secret.';
comment on column tenancy.api_keys.secret_digest is
  'Secret: the SHA-256 of the key''s secret.';
grant select (org_id, key_id, name, scopes, created_at, expires_at, revoked_at, last_used_at, replaced_by), insert, update (expires_at, revoked_at) on table tenancy.api_keys to stockade_admin;

-- tenancy.api_key_json(tenancy.api_keys)
CREATE OR REPLACE FUNCTION tenancy.api_key_json(p_key tenancy.api_keys)
 RETURNS json
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
  select json_build_object(
    'id', p_key.key_id,
    'name', p_key.name,
    'scopes', p_key.scopes,
    'createdAt', inventory.iso(p_key.created_at),
    'expiresAt', inventory.iso(p_key.expires_at),
    'revokedAt', inventory.iso(p_key.revoked_at),
    'lastUsedAt', inventory.iso(p_key.last_used_at),
    'replacedBy', p_key.replaced_by
  )
$function$;
alter function tenancy.api_key_json(tenancy.api_keys) owner to stockade_owner;
comment on function tenancy.api_key_json(tenancy.api_keys) is
  'A key as the API shows it: everything except its secret digest.';
revoke execute on function tenancy.api_key_json(tenancy.api_keys) from public;

-- tenancy.context_keys
create table tenancy.context_keys (
  id text collate "C" not null,
  inner_pad bytea not null,
  outer_pad bytea not null,
  active boolean not null,
  created_at timestamp with time zone default now() not null,
  constraint context_keys_pkey PRIMARY KEY (id),
  constraint context_keys_id_check CHECK (id ~ '^[0-9]{1,9}$'::text),
  constraint context_keys_inner_pad_check CHECK (length(inner_pad) = 64),
  constraint context_keys_outer_pad_check CHECK (length(outer_pad) = 64)
);
alter table tenancy.context_keys owner to stockade_owner;
comment on table tenancy.context_keys is
  'Secret: the keys that sign the context of a transaction.';

-- tenancy.drop_owned_guard
create table tenancy.drop_owned_guard (
  nothing boolean,
  constraint drop_owned_guard_nothing_check CHECK (nothing IS NULL)
);
alter table tenancy.drop_owned_guard owner to stockade_owner;
comment on table tenancy.drop_owned_guard is
  'Platform data: nothing. A role that has a privilege on the column, and none on the table, cannot run DROP OWNED.';
grant select (nothing) on table tenancy.drop_owned_guard to stockade_admin, stockade_api, stockade_jobs;

-- tenancy.erasures
create table tenancy.erasures (
  id uuid default inventory.new_id() not null,
  organization_id uuid not null,
  receipt bytea not null,
  row_counts jsonb not null,
  erased_at timestamp(3) with time zone default now() not null,
  erased_by text default SESSION_USER not null,
  constraint erasures_pkey PRIMARY KEY (id),
  constraint erasures_receipt_check CHECK (length(receipt) = 32),
  constraint erasures_row_counts_check CHECK (jsonb_typeof(row_counts) = 'object'::text)
);
alter table tenancy.erasures owner to stockade_owner;
comment on table tenancy.erasures is
  'Platform data (append-only): the organizations that were erased, with what was deleted of them. Holds nothing that they stored.';
grant select on table tenancy.erasures to stockade_admin;

-- tenancy.memberships
create table tenancy.memberships (
  org_id uuid not null,
  user_id uuid not null,
  role text not null,
  created_at timestamp(3) with time zone default now() not null,
  constraint memberships_pkey PRIMARY KEY (org_id, user_id),
  constraint memberships_created_at_check CHECK (inventory.is_instant(created_at)),
  constraint memberships_role_check CHECK (role = ANY (ARRAY['viewer'::text, 'clerk'::text, 'admin'::text]))
);
alter table tenancy.memberships owner to stockade_owner;
alter table tenancy.memberships alter column org_id set statistics 0;
alter table tenancy.memberships alter column user_id set statistics 0;
alter table tenancy.memberships alter column role set statistics 0;
alter table tenancy.memberships alter column created_at set statistics 0;
comment on table tenancy.memberships is
  'Tenant data: which users belong to an organization, and what they may do there.';
grant select, insert, update (role) on table tenancy.memberships to stockade_admin;

-- tenancy.organizations
create table tenancy.organizations (
  id uuid default inventory.new_id() not null,
  slug text collate "C" not null,
  name text not null,
  status text default 'active'::text not null,
  max_concurrency integer default 12 not null,
  created_at timestamp(3) with time zone default now() not null,
  suspended_at timestamp(3) with time zone,
  suspension_reason text,
  constraint organizations_pkey PRIMARY KEY (id),
  constraint organizations_slug_key UNIQUE (slug),
  constraint organizations_created_at_check CHECK (inventory.is_instant(created_at)),
  constraint organizations_max_concurrency_check CHECK (max_concurrency >= 1 AND max_concurrency <= 1000),
  constraint organizations_name_check CHECK (length(name) >= 1 AND length(name) <= 200),
  constraint organizations_slug_check CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'::text),
  constraint organizations_slug_check_id CHECK (slug !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'::text),
  constraint organizations_status_check CHECK (status = ANY (ARRAY['active'::text, 'suspended'::text])),
  constraint organizations_suspended_at_check CHECK (inventory.is_instant(suspended_at)),
  constraint organizations_suspension_reason_check CHECK (length(suspension_reason) >= 1 AND length(suspension_reason) <= 500)
);
alter table tenancy.organizations owner to stockade_owner;
alter table tenancy.organizations alter column id set statistics 0;
alter table tenancy.organizations alter column slug set statistics 0;
alter table tenancy.organizations alter column name set statistics 0;
alter table tenancy.organizations alter column status set statistics 0;
alter table tenancy.organizations alter column max_concurrency set statistics 0;
alter table tenancy.organizations alter column created_at set statistics 0;
alter table tenancy.organizations alter column suspended_at set statistics 0;
alter table tenancy.organizations alter column suspension_reason set statistics 0;
comment on table tenancy.organizations is
  'Tenant data: the organizations themselves. A caller sees the one it has entered.';
grant select, insert, update (status, max_concurrency, suspended_at, suspension_reason) on table tenancy.organizations to stockade_admin;
grant select on table tenancy.organizations to stockade_jobs;

-- tenancy.pass_keys
create table tenancy.pass_keys (
  id text collate "C" not null,
  inner_pad bytea not null,
  outer_pad bytea not null,
  created_at timestamp with time zone default now() not null,
  constraint pass_keys_pkey PRIMARY KEY (id),
  constraint pass_keys_id_check CHECK (id ~ '^[0-9A-Za-z]{1,32}$'::text),
  constraint pass_keys_inner_pad_check CHECK (length(inner_pad) = 64),
  constraint pass_keys_outer_pad_check CHECK (length(outer_pad) = 64)
);
alter table tenancy.pass_keys owner to stockade_owner;
comment on table tenancy.pass_keys is
  'Secret: the keys that verify passes of users.';

-- tenancy.security_events
create table tenancy.security_events (
  org_id uuid not null,
  minute timestamp(0) with time zone not null,
  kind text not null,
  actor text not null,
  named text not null,
  requests bigint default 1 not null,
  first_request_id text not null,
  first_at timestamp(3) with time zone default now() not null,
  last_at timestamp(3) with time zone default now() not null,
  constraint security_events_pkey PRIMARY KEY (org_id, minute, actor, kind, named),
  constraint security_events_actor_check CHECK (length(actor) >= 1 AND length(actor) <= 200),
  constraint security_events_first_at_check CHECK (inventory.is_instant(first_at)),
  constraint security_events_first_request_id_check CHECK (length(first_request_id) >= 1 AND length(first_request_id) <= 200),
  constraint security_events_kind_check CHECK (kind = 'organization_mismatch'::text),
  constraint security_events_last_at_check CHECK (inventory.is_instant(last_at)),
  constraint security_events_minute_check CHECK (inventory.is_instant(minute)),
  constraint security_events_named_check CHECK (length(named) <= 500),
  constraint security_events_requests_check CHECK (requests >= 1)
);
alter table tenancy.security_events owner to stockade_owner;
alter table tenancy.security_events alter column org_id set statistics 0;
alter table tenancy.security_events alter column minute set statistics 0;
alter table tenancy.security_events alter column kind set statistics 0;
alter table tenancy.security_events alter column actor set statistics 0;
alter table tenancy.security_events alter column named set statistics 0;
alter table tenancy.security_events alter column requests set statistics 0;
alter table tenancy.security_events alter column first_request_id set statistics 0;
alter table tenancy.security_events alter column first_at set statistics 0;
alter table tenancy.security_events alter column last_at set statistics 0;
comment on table tenancy.security_events is
  'Tenant data: the requests whose credential was refused because of the organization they named.';
grant select on table tenancy.security_events to stockade_jobs;

-- tenancy.users
create table tenancy.users (
  id uuid default inventory.new_id() not null,
  email text not null,
  name text,
  created_at timestamp(3) with time zone default now() not null,
  constraint users_pkey PRIMARY KEY (id),
  constraint users_email_key UNIQUE (email),
  constraint users_created_at_check CHECK (inventory.is_instant(created_at)),
  constraint users_email_check CHECK (email = lower(email) AND email ~~ '%_@_%'::text AND length(email) <= 320),
  constraint users_email_check_form CHECK (tenancy.is_email(email)),
  constraint users_name_check CHECK (length(name) <= 200)
);
alter table tenancy.users owner to stockade_owner;
comment on table tenancy.users is
  'Platform data: the people, by e-mail address. One may belong to several organizations: memberships says to which.';
grant select (id, email), insert (email, name) on table tenancy.users to stockade_admin;

-- Indexes
CREATE INDEX balances_location ON inventory.balances USING btree (org_id, location_id, item_id, lot);
CREATE INDEX discrepancies_key ON inventory.discrepancies USING btree (org_id, item_id, location_id, lot);
CREATE INDEX entries_of_kind ON inventory.entries USING btree (org_id, kind, recorded_at, id);
CREATE INDEX entries_recorded ON inventory.entries USING btree (org_id, recorded_at, id);
CREATE UNIQUE INDEX entries_reverses ON inventory.entries USING btree (org_id, reverses) WHERE reverses IS NOT NULL;
CREATE INDEX item_aliases_item ON inventory.item_aliases USING btree (org_id, item_id);
CREATE INDEX location_aliases_location ON inventory.location_aliases USING btree (org_id, location_id);
CREATE INDEX movements_key ON inventory.movements USING btree (org_id, item_id, location_id, lot, entry_id);
CREATE INDEX movements_of_item ON inventory.movements USING btree (org_id, item_id, recorded_at, entry_id, line DESC);
CREATE INDEX movements_of_item_at_location ON inventory.movements USING btree (org_id, item_id, location_id, recorded_at, entry_id, line DESC);
CREATE INDEX movements_of_location ON inventory.movements USING btree (org_id, location_id, recorded_at, entry_id, line DESC);
CREATE INDEX reconciliation_state_due ON inventory.reconciliation_state USING btree (due_at, org_id);
CREATE INDEX reservation_entries_entry ON inventory.reservation_entries USING btree (org_id, entry_id);
CREATE INDEX reservation_lines_held ON inventory.reservation_lines USING btree (org_id, item_id, location_id, lot, expires_at) WHERE held > 0::numeric;
CREATE INDEX reservation_lines_of_item ON inventory.reservation_lines USING btree (org_id, item_id, reservation_id, line);
CREATE INDEX reservation_lines_of_location ON inventory.reservation_lines USING btree (org_id, location_id, reservation_id, line);
CREATE INDEX reservations_expiring ON inventory.reservations USING btree (org_id, expires_at, id) WHERE state = 'open'::text;
CREATE INDEX reservations_of_reference ON inventory.reservations USING btree (org_id, reference, id) WHERE reference IS NOT NULL;
CREATE INDEX reservations_of_state ON inventory.reservations USING btree (org_id, state, id);
CREATE INDEX seal_closings_seq ON inventory.seal_closings USING btree (org_id, seq);
CREATE INDEX api_keys_key_id ON tenancy.api_keys USING btree (key_id);
CREATE UNIQUE INDEX context_keys_active ON tenancy.context_keys USING btree (active) WHERE active;
CREATE INDEX erasures_organization ON tenancy.erasures USING btree (organization_id);
CREATE INDEX memberships_user ON tenancy.memberships USING btree (user_id);

-- On inventory.balance_backfills
alter table inventory.balance_backfills
  add constraint balance_backfills_org_id_fkey FOREIGN KEY (org_id) REFERENCES tenancy.organizations(id);
alter table inventory.balance_backfills enable row level security;
alter table inventory.balance_backfills force row level security;
create policy tenant on inventory.balance_backfills
  to public
  using (org_id = (( SELECT tenancy.current_org() AS current_org)))
  with check (org_id = (( SELECT tenancy.current_org() AS current_org)));

-- On inventory.balances
alter table inventory.balances
  add constraint balances_org_id_item_id_fkey FOREIGN KEY (org_id, item_id) REFERENCES inventory.items(org_id, id);
alter table inventory.balances
  add constraint balances_org_id_location_id_fkey FOREIGN KEY (org_id, location_id) REFERENCES inventory.locations(org_id, id);
alter table inventory.balances enable row level security;
alter table inventory.balances force row level security;
create policy post_ledger on inventory.balances
  to stockade_ledger
  using (true)
  with check (true);
create policy tenant on inventory.balances
  to public
  using (org_id = (( SELECT tenancy.current_org() AS current_org)))
  with check (org_id = (( SELECT tenancy.current_org() AS current_org)));

-- On inventory.discrepancies
alter table inventory.discrepancies
  add constraint discrepancies_org_id_run_id_fkey FOREIGN KEY (org_id, run_id) REFERENCES inventory.reconciliation_runs(org_id, id);
alter table inventory.discrepancies enable row level security;
alter table inventory.discrepancies force row level security;
create policy tenant on inventory.discrepancies
  to public
  using (org_id = (( SELECT tenancy.current_org() AS current_org)))
  with check (org_id = (( SELECT tenancy.current_org() AS current_org)));

-- On inventory.entries
alter table inventory.entries
  add constraint entries_org_id_reverses_fkey FOREIGN KEY (org_id, reverses) REFERENCES inventory.entries(org_id, id);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON inventory.entries FOR EACH STATEMENT EXECUTE FUNCTION inventory.refuse_change();
alter table inventory.entries enable always trigger append_only;
CREATE TRIGGER append_only_rows AFTER DELETE ON inventory.entries REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION inventory.refuse_change();
alter table inventory.entries enable always trigger append_only_rows;
alter table inventory.entries enable row level security;
alter table inventory.entries force row level security;
create policy post_ledger on inventory.entries
  to stockade_ledger
  using (true)
  with check (true);
create policy tenant on inventory.entries
  to public
  using (org_id = (( SELECT tenancy.current_org() AS current_org)))
  with check (org_id = (( SELECT tenancy.current_org() AS current_org)));

-- On inventory.idempotency_keys
alter table inventory.idempotency_keys enable row level security;
alter table inventory.idempotency_keys force row level security;
create policy tenant on inventory.idempotency_keys
  to public
  using (org_id = (( SELECT tenancy.current_org() AS current_org)))
  with check (org_id = (( SELECT tenancy.current_org() AS current_org)));

-- On inventory.import_rejects
alter table inventory.import_rejects
  add constraint import_rejects_org_id_import_id_fkey FOREIGN KEY (org_id, import_id) REFERENCES inventory.imports(org_id, id);
alter table inventory.import_rejects enable row level security;
alter table inventory.import_rejects force row level security;
create policy tenant on inventory.import_rejects
  to public
  using (org_id = (( SELECT tenancy.current_org() AS current_org)))
  with check (org_id = (( SELECT tenancy.current_org() AS current_org)));

-- On inventory.imports
alter table inventory.imports
  add constraint imports_org_id_fkey FOREIGN KEY (org_id) REFERENCES tenancy.organizations(id);
alter table inventory.imports enable row level security;
alter table inventory.imports force row level security;
create policy tenant on inventory.imports
  to public
  using (org_id = (( SELECT tenancy.current_org() AS current_org)))
  with check (org_id = (( SELECT tenancy.current_org() AS current_org)));

-- On inventory.item_aliases
alter table inventory.item_aliases
  add constraint item_aliases_org_id_item_id_fkey FOREIGN KEY (org_id, item_id) REFERENCES inventory.items(org_id, id) ON DELETE CASCADE;
CREATE TRIGGER codes_apart_inserted AFTER INSERT ON inventory.item_aliases REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION inventory.keep_item_codes_apart();
alter table inventory.item_aliases enable always trigger codes_apart_inserted;
alter table inventory.item_aliases enable row level security;
alter table inventory.item_aliases force row level security;
create policy tenant on inventory.item_aliases
  to public
  using (org_id = (( SELECT tenancy.current_org() AS current_org)))
  with check (org_id = (( SELECT tenancy.current_org() AS current_org)));

-- On inventory.items
alter table inventory.items
  add constraint items_org_id_fkey FOREIGN KEY (org_id) REFERENCES tenancy.organizations(id);
CREATE TRIGGER codes_apart_inserted AFTER INSERT ON inventory.items REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION inventory.keep_item_codes_apart();
alter table inventory.items enable always trigger codes_apart_inserted;
CREATE TRIGGER codes_apart_updated AFTER UPDATE ON inventory.items REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION inventory.keep_item_codes_apart();
alter table inventory.items enable always trigger codes_apart_updated;
alter table inventory.items enable row level security;
alter table inventory.items force row level security;
create policy post_ledger on inventory.items
  for select
  to stockade_ledger
  using (true);
create policy tenant on inventory.items
  to public
  using (org_id = (( SELECT tenancy.current_org() AS current_org)))
  with check (org_id = (( SELECT tenancy.current_org() AS current_org)));

-- On inventory.location_aliases
alter table inventory.location_aliases
  add constraint location_aliases_org_id_location_id_fkey FOREIGN KEY (org_id, location_id) REFERENCES inventory.locations(org_id, id) ON DELETE CASCADE;
CREATE TRIGGER codes_apart_inserted AFTER INSERT ON inventory.location_aliases REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION inventory.keep_location_codes_apart();
alter table inventory.location_aliases enable always trigger codes_apart_inserted;
alter table inventory.location_aliases enable row level security;
alter table inventory.location_aliases force row level security;
create policy tenant on inventory.location_aliases
  to public
  using (org_id = (( SELECT tenancy.current_org() AS current_org)))
  with check (org_id = (( SELECT tenancy.current_org() AS current_org)));

-- On inventory.locations
alter table inventory.locations
  add constraint locations_org_id_fkey FOREIGN KEY (org_id) REFERENCES tenancy.organizations(id);
CREATE TRIGGER codes_apart_inserted AFTER INSERT ON inventory.locations REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION inventory.keep_location_codes_apart();
alter table inventory.locations enable always trigger codes_apart_inserted;
CREATE TRIGGER codes_apart_updated AFTER UPDATE ON inventory.locations REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION inventory.keep_location_codes_apart();
alter table inventory.locations enable always trigger codes_apart_updated;
alter table inventory.locations enable row level security;
alter table inventory.locations force row level security;
create policy post_ledger on inventory.locations
  for select
  to stockade_ledger
  using (true);
create policy tenant on inventory.locations
  to public
  using (org_id = (( SELECT tenancy.current_org() AS current_org)))
  with check (org_id = (( SELECT tenancy.current_org() AS current_org)));

-- On inventory.movements
alter table inventory.movements
  add constraint movements_org_id_entry_id_fkey FOREIGN KEY (org_id, entry_id) REFERENCES inventory.entries(org_id, id);
CREATE TRIGGER above_seal_boundary AFTER INSERT ON inventory.movements REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION inventory.refuse_sealed();
alter table inventory.movements enable always trigger above_seal_boundary;
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON inventory.movements FOR EACH STATEMENT EXECUTE FUNCTION inventory.refuse_change();
alter table inventory.movements enable always trigger append_only;
CREATE TRIGGER append_only_rows AFTER DELETE ON inventory.movements REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION inventory.refuse_change();
alter table inventory.movements enable always trigger append_only_rows;
CREATE TRIGGER apply_movements AFTER INSERT ON inventory.movements REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION inventory.apply_movements();
alter table inventory.movements enable always trigger apply_movements;
alter table inventory.movements enable row level security;
alter table inventory.movements force row level security;
create policy post_ledger on inventory.movements
  to stockade_ledger
  using (true)
  with check (true);
create policy tenant on inventory.movements
  to public
  using (org_id = (( SELECT tenancy.current_org() AS current_org)))
  with check (org_id = (( SELECT tenancy.current_org() AS current_org)));

-- On inventory.reconciliation_runs
alter table inventory.reconciliation_runs
  add constraint reconciliation_runs_org_id_compared_through_fkey FOREIGN KEY (org_id, compared_through) REFERENCES inventory.entries(org_id, id);
alter table inventory.reconciliation_runs
  add constraint reconciliation_runs_org_id_fkey FOREIGN KEY (org_id) REFERENCES tenancy.organizations(id);
alter table inventory.reconciliation_runs
  add constraint reconciliation_runs_org_id_newest_entry_fkey FOREIGN KEY (org_id, newest_entry) REFERENCES inventory.entries(org_id, id);
alter table inventory.reconciliation_runs enable row level security;
alter table inventory.reconciliation_runs force row level security;
create policy tenant on inventory.reconciliation_runs
  to public
  using (org_id = (( SELECT tenancy.current_org() AS current_org)))
  with check (org_id = (( SELECT tenancy.current_org() AS current_org)));

-- On inventory.reconciliation_state
alter table inventory.reconciliation_state
  add constraint reconciliation_state_org_id_compared_through_fkey FOREIGN KEY (org_id, compared_through) REFERENCES inventory.entries(org_id, id);
alter table inventory.reconciliation_state
  add constraint reconciliation_state_org_id_fkey FOREIGN KEY (org_id) REFERENCES tenancy.organizations(id);
alter table inventory.reconciliation_state
  add constraint reconciliation_state_org_id_run_id_fkey FOREIGN KEY (org_id, run_id) REFERENCES inventory.reconciliation_runs(org_id, id);
alter table inventory.reconciliation_state enable row level security;
alter table inventory.reconciliation_state force row level security;
create policy lease_owner on inventory.reconciliation_state
  to stockade_owner
  using (true)
  with check (true);
create policy tenant on inventory.reconciliation_state
  to public
  using (org_id = (( SELECT tenancy.current_org() AS current_org)))
  with check (org_id = (( SELECT tenancy.current_org() AS current_org)));

-- On inventory.reservation_entries
alter table inventory.reservation_entries
  add constraint reservation_entries_org_id_entry_id_fkey FOREIGN KEY (org_id, entry_id) REFERENCES inventory.entries(org_id, id);
alter table inventory.reservation_entries
  add constraint reservation_entries_org_id_reservation_id_fkey FOREIGN KEY (org_id, reservation_id) REFERENCES inventory.reservations(org_id, id);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON inventory.reservation_entries FOR EACH STATEMENT EXECUTE FUNCTION inventory.refuse_change();
alter table inventory.reservation_entries enable always trigger append_only;
CREATE TRIGGER append_only_rows AFTER DELETE ON inventory.reservation_entries REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION inventory.refuse_change();
alter table inventory.reservation_entries enable always trigger append_only_rows;
alter table inventory.reservation_entries enable row level security;
alter table inventory.reservation_entries force row level security;
create policy tenant on inventory.reservation_entries
  to public
  using (org_id = (( SELECT tenancy.current_org() AS current_org)))
  with check (org_id = (( SELECT tenancy.current_org() AS current_org)));

-- On inventory.reservation_lines
alter table inventory.reservation_lines
  add constraint reservation_lines_org_id_item_id_fkey FOREIGN KEY (org_id, item_id) REFERENCES inventory.items(org_id, id);
alter table inventory.reservation_lines
  add constraint reservation_lines_org_id_location_id_fkey FOREIGN KEY (org_id, location_id) REFERENCES inventory.locations(org_id, id);
alter table inventory.reservation_lines
  add constraint reservation_lines_org_id_reservation_id_expires_at_fkey FOREIGN KEY (org_id, reservation_id, expires_at) REFERENCES inventory.reservations(org_id, id, expires_at) ON UPDATE CASCADE;
CREATE TRIGGER apply_changed_holds AFTER UPDATE ON inventory.reservation_lines REFERENCING OLD TABLE AS held_before NEW TABLE AS held_now FOR EACH STATEMENT EXECUTE FUNCTION inventory.apply_holds();
alter table inventory.reservation_lines enable always trigger apply_changed_holds;
CREATE TRIGGER apply_new_holds AFTER INSERT ON inventory.reservation_lines REFERENCING NEW TABLE AS held_now FOR EACH STATEMENT EXECUTE FUNCTION inventory.apply_holds();
alter table inventory.reservation_lines enable always trigger apply_new_holds;
CREATE TRIGGER no_removal BEFORE DELETE OR TRUNCATE ON inventory.reservation_lines FOR EACH STATEMENT EXECUTE FUNCTION inventory.refuse_change();
alter table inventory.reservation_lines enable always trigger no_removal;
CREATE TRIGGER no_removal_rows AFTER DELETE ON inventory.reservation_lines REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION inventory.refuse_change();
alter table inventory.reservation_lines enable always trigger no_removal_rows;
alter table inventory.reservation_lines enable row level security;
alter table inventory.reservation_lines force row level security;
create policy post_ledger on inventory.reservation_lines
  for select
  to stockade_ledger
  using (true);
create policy tenant on inventory.reservation_lines
  to public
  using (org_id = (( SELECT tenancy.current_org() AS current_org)))
  with check (org_id = (( SELECT tenancy.current_org() AS current_org)));

-- On inventory.reservations
CREATE TRIGGER no_removal BEFORE DELETE OR TRUNCATE ON inventory.reservations FOR EACH STATEMENT EXECUTE FUNCTION inventory.refuse_change();
alter table inventory.reservations enable always trigger no_removal;
CREATE TRIGGER no_removal_rows AFTER DELETE ON inventory.reservations REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION inventory.refuse_change();
alter table inventory.reservations enable always trigger no_removal_rows;
alter table inventory.reservations enable row level security;
alter table inventory.reservations force row level security;
create policy tenant on inventory.reservations
  to public
  using (org_id = (( SELECT tenancy.current_org() AS current_org)))
  with check (org_id = (( SELECT tenancy.current_org() AS current_org)));

-- On inventory.seal_anchors
alter table inventory.seal_anchors
  add constraint seal_anchors_org_id_seq_fkey FOREIGN KEY (org_id, seq) REFERENCES inventory.seals(org_id, seq);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON inventory.seal_anchors FOR EACH STATEMENT EXECUTE FUNCTION inventory.refuse_change();
alter table inventory.seal_anchors enable always trigger append_only;
CREATE TRIGGER append_only_rows AFTER DELETE ON inventory.seal_anchors REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION inventory.refuse_change();
alter table inventory.seal_anchors enable always trigger append_only_rows;
alter table inventory.seal_anchors enable row level security;
alter table inventory.seal_anchors force row level security;
create policy tenant on inventory.seal_anchors
  to public
  using (org_id = (( SELECT tenancy.current_org() AS current_org)))
  with check (org_id = (( SELECT tenancy.current_org() AS current_org)));

-- On inventory.seal_boundaries
alter table inventory.seal_boundaries
  add constraint seal_boundaries_org_id_boundary_fkey FOREIGN KEY (org_id, boundary) REFERENCES inventory.entries(org_id, id);
alter table inventory.seal_boundaries
  add constraint seal_boundaries_org_id_fkey FOREIGN KEY (org_id) REFERENCES tenancy.organizations(id);
alter table inventory.seal_boundaries enable row level security;
alter table inventory.seal_boundaries force row level security;
create policy post_ledger on inventory.seal_boundaries
  for select
  to stockade_ledger
  using (true);
create policy tenant on inventory.seal_boundaries
  to public
  using (org_id = (( SELECT tenancy.current_org() AS current_org)))
  with check (org_id = (( SELECT tenancy.current_org() AS current_org)));

-- On inventory.seal_closings
alter table inventory.seal_closings
  add constraint seal_closings_org_id_seq_fkey FOREIGN KEY (org_id, seq) REFERENCES inventory.seals(org_id, seq);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON inventory.seal_closings FOR EACH STATEMENT EXECUTE FUNCTION inventory.refuse_change();
alter table inventory.seal_closings enable always trigger append_only;
CREATE TRIGGER append_only_rows AFTER DELETE ON inventory.seal_closings REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION inventory.refuse_change();
alter table inventory.seal_closings enable always trigger append_only_rows;
alter table inventory.seal_closings enable row level security;
alter table inventory.seal_closings force row level security;
create policy tenant on inventory.seal_closings
  to public
  using (org_id = (( SELECT tenancy.current_org() AS current_org)))
  with check (org_id = (( SELECT tenancy.current_org() AS current_org)));

-- On inventory.seal_pages
alter table inventory.seal_pages
  add constraint seal_pages_org_id_seq_fkey FOREIGN KEY (org_id, seq) REFERENCES inventory.seals(org_id, seq);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON inventory.seal_pages FOR EACH STATEMENT EXECUTE FUNCTION inventory.refuse_change();
alter table inventory.seal_pages enable always trigger append_only;
CREATE TRIGGER append_only_rows AFTER DELETE ON inventory.seal_pages REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION inventory.refuse_change();
alter table inventory.seal_pages enable always trigger append_only_rows;
alter table inventory.seal_pages enable row level security;
alter table inventory.seal_pages force row level security;
create policy tenant on inventory.seal_pages
  to public
  using (org_id = (( SELECT tenancy.current_org() AS current_org)))
  with check (org_id = (( SELECT tenancy.current_org() AS current_org)));

-- On inventory.seals
alter table inventory.seals
  add constraint seals_org_id_after_entry_fkey FOREIGN KEY (org_id, after_entry) REFERENCES inventory.seals(org_id, boundary);
alter table inventory.seals
  add constraint seals_org_id_boundary_fkey FOREIGN KEY (org_id, boundary) REFERENCES inventory.entries(org_id, id);
alter table inventory.seals
  add constraint seals_org_id_fkey FOREIGN KEY (org_id) REFERENCES tenancy.organizations(id);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON inventory.seals FOR EACH STATEMENT EXECUTE FUNCTION inventory.refuse_change();
alter table inventory.seals enable always trigger append_only;
CREATE TRIGGER append_only_rows AFTER DELETE ON inventory.seals REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION inventory.refuse_change();
alter table inventory.seals enable always trigger append_only_rows;
alter table inventory.seals enable row level security;
alter table inventory.seals force row level security;
create policy tenant on inventory.seals
  to public
  using (org_id = (( SELECT tenancy.current_org() AS current_org)))
  with check (org_id = (( SELECT tenancy.current_org() AS current_org)));

-- On inventory.trigger_changes
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON inventory.trigger_changes FOR EACH STATEMENT EXECUTE FUNCTION inventory.refuse_change();
alter table inventory.trigger_changes enable always trigger append_only;

-- On recovery.restorations
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON recovery.restorations FOR EACH STATEMENT EXECUTE FUNCTION inventory.refuse_change();
alter table recovery.restorations enable always trigger append_only;

-- On tenancy.api_keys
alter table tenancy.api_keys
  add constraint api_keys_org_id_fkey FOREIGN KEY (org_id) REFERENCES tenancy.organizations(id);
alter table tenancy.api_keys enable row level security;
alter table tenancy.api_keys force row level security;
create policy enter_owner on tenancy.api_keys
  for select
  to stockade_owner
  using (true);
create policy manage_admin on tenancy.api_keys
  to stockade_admin
  using (true)
  with check (true);
create policy tenant on tenancy.api_keys
  to public
  using (org_id = (( SELECT tenancy.current_org() AS current_org)))
  with check (org_id = (( SELECT tenancy.current_org() AS current_org)));

-- On tenancy.erasures
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON tenancy.erasures FOR EACH STATEMENT EXECUTE FUNCTION inventory.refuse_change();
alter table tenancy.erasures enable always trigger append_only;

-- On tenancy.memberships
alter table tenancy.memberships
  add constraint memberships_org_id_fkey FOREIGN KEY (org_id) REFERENCES tenancy.organizations(id);
alter table tenancy.memberships
  add constraint memberships_user_id_fkey FOREIGN KEY (user_id) REFERENCES tenancy.users(id);
alter table tenancy.memberships enable row level security;
alter table tenancy.memberships force row level security;
create policy enter_owner on tenancy.memberships
  for select
  to stockade_owner
  using (true);
create policy manage_admin on tenancy.memberships
  to stockade_admin
  using (true)
  with check (true);
create policy tenant on tenancy.memberships
  to public
  using (org_id = (( SELECT tenancy.current_org() AS current_org)))
  with check (org_id = (( SELECT tenancy.current_org() AS current_org)));

-- On tenancy.organizations
alter table tenancy.organizations enable row level security;
alter table tenancy.organizations force row level security;
create policy enter_owner on tenancy.organizations
  for select
  to stockade_owner
  using (true);
create policy manage_admin on tenancy.organizations
  to stockade_admin
  using (true)
  with check (true);
create policy tenant on tenancy.organizations
  to public
  using (id = (( SELECT tenancy.current_org() AS current_org)))
  with check (id = (( SELECT tenancy.current_org() AS current_org)));

-- On tenancy.security_events
alter table tenancy.security_events
  add constraint security_events_org_id_fkey FOREIGN KEY (org_id) REFERENCES tenancy.organizations(id);
alter table tenancy.security_events enable row level security;
alter table tenancy.security_events force row level security;
create policy tenant on tenancy.security_events
  to public
  using (org_id = (( SELECT tenancy.current_org() AS current_org)))
  with check (org_id = (( SELECT tenancy.current_org() AS current_org)));

-- Event triggers
create event trigger stockade_refuse_command on ddl_command_start execute function tenancy.refuse_command();
alter event trigger stockade_refuse_command enable always;
create event trigger stockade_watch_triggers on ddl_command_end execute function inventory.watch_triggers();
alter event trigger stockade_watch_triggers enable always;

-- Privileges of objects to come
alter default privileges for role stockade_ledger
  revoke execute on functions from public;
alter default privileges for role stockade_owner
  revoke execute on functions from public;
