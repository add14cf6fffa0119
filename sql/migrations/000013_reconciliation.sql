-- Reconciliation: what is kept of each pass over the books, how a balance is put right, and what is known of the times at
-- which the ledger's triggers were not there.
--
-- The comparison itself is a statement of the job, not a function of this database: what is checked does not check itself.

create table inventory.reconciliation_runs (
  org_id uuid not null references tenancy.organizations (id),
  id uuid not null default inventory.new_id(),
  -- daily: what has moved since the last seal, and the items of one bucket from their first movement on. full: everything.
  kind text not null check (kind in ('daily', 'full')),
  status text not null default 'running' check (status in ('running', 'finished', 'failed')),
  started_at timestamptz(3) not null default clock_timestamp(),
  finished_at timestamptz(3),
  -- Of a daily run: which thirtieth of the items.
  bucket integer check (bucket >= 0),
  keys_checked bigint not null default 0 check (keys_checked >= 0),
  movements_read bigint not null default 0 check (movements_read >= 0),
  -- Keys that differed. The table of discrepancies keeps the first thousand.
  found bigint not null default 0 check (found >= 0),
  corrected bigint not null default 0 check (corrected >= 0),
  alerted bigint not null default 0 check (alerted >= 0),
  -- The last seal that the run has seen, and the newest entry.
  seal_seq bigint,
  newest_entry uuid,
  -- The boundary behind which everything was there when the run began: all of it was compared.
  compared_through uuid,
  -- From the newest entry that was compared to the newest there was in the end.
  lag_seconds numeric(12, 3) check (lag_seconds >= 0),
  -- [{trigger, fault}]: the triggers of the ledger that were not as they must be.
  trigger_faults jsonb not null default '[]' check (jsonb_typeof(trigger_faults) = 'array'),
  error text,
  primary key (org_id, id),
  foreign key (org_id, newest_entry) references inventory.entries (org_id, id),
  foreign key (org_id, compared_through) references inventory.entries (org_id, id),
  check ((finished_at is null) = (status = 'running'))
);

create table inventory.discrepancies (
  org_id uuid not null,
  run_id uuid not null,
  number integer not null check (number >= 1),
  -- Null when it is about the seals and not about a balance.
  item_id uuid,
  location_id uuid,
  lot text,
  -- Null when there is no row.
  stored_on_hand numeric,
  stored_reserved numeric,
  stored_version bigint,
  computed_on_hand numeric,
  computed_reserved numeric,
  computed_version bigint,
  -- Null until it is settled.
  cause text check (cause in (
    'direct_write', 'trigger_disabled', 'movement_deleted', 'movement_altered', 'movement_inserted', 'partial_backfill',
    'restored_to_older_point', 'seal_altered', 'anchor_missing', 'unknown'
  )),
  -- What the cause follows from; of a correction the figures before and after.
  detail jsonb not null default '{}' check (jsonb_typeof(detail) = 'object'),
  -- found: not settled yet. gone: looked at again, it was as it must be.
  action text not null default 'found' check (action in ('found', 'corrected', 'alerted', 'applied', 'gone')),
  settled_at timestamptz(3),
  primary key (org_id, run_id, number),
  unique (org_id, run_id, item_id, location_id, lot),
  foreign key (org_id, run_id) references inventory.reconciliation_runs (org_id, id),
  check (num_nulls(item_id, location_id, lot) in (0, 3))
);

-- Whether a key was corrected before.
create index discrepancies_key on inventory.discrepancies (org_id, item_id, location_id, lot);

create table inventory.reconciliation_state (
  org_id uuid primary key references tenancy.organizations (id),
  due_at timestamptz(3) not null default '-infinity',
  -- Who has taken it, and until when it is his: a tick that dies holds nobody up for longer.
  lease uuid,
  leased_until timestamptz(3),
  next_bucket integer not null default 0 check (next_bucket >= 0),
  -- The run that is not finished, and how far it has come.
  run_id uuid,
  checkpoint jsonb,
  failures integer not null default 0 check (failures >= 0),
  -- Up to this entry balances were found right: what has moved since is what has to be compared.
  compared_through uuid,
  foreign key (org_id, compared_through) references inventory.entries (org_id, id),
  foreign key (org_id, run_id) references inventory.reconciliation_runs (org_id, id)
);

create table inventory.balance_backfills (
  org_id uuid primary key references tenancy.organizations (id),
  started_at timestamptz(3) not null default clock_timestamp(),
  -- Set when every balance has been found equal to its history.
  finished_at timestamptz(3),
  -- {item, location, lot}: the last key that was rebuilt; null before the first.
  checkpoint jsonb,
  -- Whether there is no key behind the checkpoint.
  walked boolean not null default false,
  keys bigint not null default 0 check (keys >= 0),
  movements bigint not null default 0 check (movements >= 0),
  changed bigint not null default 0 check (changed >= 0),
  total_movements bigint not null check (total_movements >= 0)
);

comment on table inventory.reconciliation_runs is
  'Tenant data: the passes that compared balances with history.';
comment on table inventory.discrepancies is
  'Tenant data: what the passes found, why, and what was done about it.';
comment on table inventory.reconciliation_state is
  'Tenant data: when an organization is due for its next pass, and who is at it.';
comment on table inventory.balance_backfills is
  'Tenant data: how far the rebuilding of the balances from history has come.';

do $migration$
declare
  v_table text;
begin
  foreach v_table in array array['reconciliation_runs', 'discrepancies', 'reconciliation_state', 'balance_backfills'] loop
    execute format('alter table inventory.%I enable row level security', v_table);
    execute format('alter table inventory.%I force row level security', v_table);
    execute format(
      'create policy tenant on inventory.%I using (org_id = (select tenancy.current_org())) '
      'with check (org_id = (select tenancy.current_org()))',
      v_table
    );
  end loop;
end
$migration$;

-- Which organization is due next is asked before one is entered.
create policy lease_owner on inventory.reconciliation_state to stockade_owner using (true) with check (true);

grant select on inventory.reconciliation_runs, inventory.discrepancies to stockade_api;
grant select on
  inventory.reconciliation_runs, inventory.discrepancies, inventory.reconciliation_state, inventory.balance_backfills
  to stockade_jobs;

-- No search_path of its own, so that it becomes a part of the statement that asks.
create function inventory.held_quantities(p_org_id uuid)
returns table (item_id uuid, location_id uuid, lot text, quantity numeric)
language sql
stable
as $$
  select p_org_id, p_org_id, ''::text, 0::numeric where false
$$;

comment on function inventory.held_quantities(uuid) is
  'What of each item, location and lot is held for somebody, and so must be reserved in its balance. Nothing holds anything.';

create function inventory.lease_reconciliation(p_org_id uuid, p_lease interval)
returns table (org_id uuid, lease uuid)
language plpgsql
volatile
security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
  insert into inventory.reconciliation_state (org_id)
  select o.id
  from tenancy.organizations o
  where (p_org_id is null or o.id = p_org_id)
    and not exists (select from inventory.reconciliation_state s where s.org_id = o.id)
  order by o.id
  on conflict (org_id) do nothing;

  return query
  update inventory.reconciliation_state s
  set lease = gen_random_uuid(),
      leased_until = clock_timestamp() + p_lease
  where s.org_id = (
    select due.org_id
    from inventory.reconciliation_state due
    where (due.org_id = p_org_id or (p_org_id is null and due.due_at <= clock_timestamp()))
      and (due.leased_until is null or due.leased_until <= clock_timestamp())
    order by due.due_at, due.org_id
    limit 1
    for update skip locked
  )
  returning s.org_id, s.lease;
end
$$;

comment on function inventory.lease_reconciliation(uuid, interval) is
  'Takes an organization for reconciliation: p_org_id, or when it is null the one that is due the longest. Nobody else gets it '
  'for as long as p_lease, unless it is given back before. Answers no row when there is none to be had.';

-- The state of the organization that was entered, locked.
create function inventory.leased_state(p_lease uuid)
returns inventory.reconciliation_state
language plpgsql
volatile
set search_path = ''
as $$
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
$$;

create function inventory.begin_reconciliation(p_lease uuid, p_kind text)
returns json
language plpgsql
volatile
security definer
set search_path = ''
as $$
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
$$;

comment on function inventory.begin_reconciliation(uuid, text) is
  'Begins a run of the organization that was entered, or goes on with the one of this kind that was not finished: '
  '{id, bucket, checkpoint, comparedThrough}, the last being up to where an earlier run found everything right. Raises SK601 when the lease is not held any more, SK902 when no organization was entered.';

create function inventory.record_reconciliation(p_lease uuid, p_step jsonb)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_state inventory.reconciliation_state := inventory.leased_state(p_lease);
  v_numbered integer;
begin
  update inventory.reconciliation_runs r
  set keys_checked = r.keys_checked + coalesce((p_step ->> 'keys')::bigint, 0),
      movements_read = r.movements_read + coalesce((p_step ->> 'movements')::bigint, 0),
      found = r.found + coalesce((p_step ->> 'found')::bigint, 0),
      seal_seq = coalesce((p_step ->> 'sealSeq')::bigint, r.seal_seq),
      newest_entry = coalesce((p_step ->> 'newestEntry')::uuid, r.newest_entry),
      -- Of the first step: later ones have seen more.
      compared_through = coalesce(r.compared_through, (p_step ->> 'boundary')::uuid),
      trigger_faults = coalesce(p_step -> 'triggerFaults', r.trigger_faults)
  where r.org_id = v_state.org_id and r.id = v_state.run_id;

  select coalesce(max(number), 0) into v_numbered
  from inventory.discrepancies
  where org_id = v_state.org_id and run_id = v_state.run_id;
  -- The same key may be met twice: by what has moved and by its bucket.
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
  on conflict (org_id, run_id, item_id, location_id, lot) do nothing;

  update inventory.reconciliation_state
  set checkpoint = coalesce(p_step -> 'checkpoint', checkpoint),
      leased_until = clock_timestamp() + (p_step ->> 'leaseSeconds')::numeric * interval '1 second'
  where org_id = v_state.org_id;
end
$$;

comment on function inventory.record_reconciliation(uuid, jsonb) is
  'Adds a step to the run that is under way: {keys, movements, found, sealSeq, newestEntry, boundary, triggerFaults, discrepancies, '
  'checkpoint, leaseSeconds}, and keeps the lease for leaseSeconds from now. '
  'Raises SK601 when the lease is not held any more, SK902 when no organization was entered.';

create function inventory.settle_discrepancies(p_lease uuid, p_settled jsonb)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
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
$$;

comment on function inventory.settle_discrepancies(uuid, jsonb) is
  'Writes down why balances of the run under way differ, and that they are left as they are: [{number, cause, detail, action}], '
  'action being alerted, gone, or found when it is still to be settled. '
  'Raises SK601 when the lease is not held any more, SK902 when no organization was entered.';

create function inventory.finish_reconciliation(p_lease uuid, p_outcome jsonb)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_state inventory.reconciliation_state := inventory.leased_state(p_lease);
  v_status constant text := p_outcome ->> 'status';
begin
  -- Without a status it is only given back: the run goes on with the next lease.
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
      due_at = clock_timestamp() + coalesce((p_outcome ->> 'dueInSeconds')::numeric, 0) * interval '1 second',
      failures = case v_status when 'failed' then failures + 1 when 'finished' then 0 else failures end,
      next_bucket = coalesce((p_outcome ->> 'nextBucket')::integer, next_bucket),
      compared_through = coalesce(
        (
          select r.compared_through
          from inventory.reconciliation_runs r
          where r.org_id = v_state.org_id and r.id = v_state.run_id and r.status = 'finished' and r.found = 0
        ),
        compared_through
      ),
      run_id = case when v_status is null then run_id end,
      checkpoint = case when v_status is null then checkpoint end
  where org_id = v_state.org_id;
end
$$;

comment on function inventory.finish_reconciliation(uuid, jsonb) is
  'Gives the organization that was entered back: {status?, error?, lagSeconds?, dueInSeconds?, nextBucket?}. With a status '
  '(finished, failed) its run is over, without one it goes on with the next lease. '
  'Raises SK601 when the lease is not held any more, SK902 when no organization was entered.';

-- Holds the balances of some keys and derives them from history. What is behind the boundary cannot change any more, so it
-- is summed before anything is held; a writer waits for the short rest only.
-- A key without a row gets one of zeros: that is what no row says.
create function inventory.hold_balances(p_org_id uuid, p_items uuid[], p_locations uuid[], p_lots text[])
returns table (
  n bigint,
  was_missing boolean,
  stored_on_hand numeric,
  stored_reserved numeric,
  stored_version bigint,
  computed_on_hand numeric,
  computed_reserved numeric,
  computed_version bigint
)
language plpgsql
volatile
set search_path = ''
as $$
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

  -- In key order, as the trigger does, so that the two cannot deadlock. A row that is there is held and not changed.
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

  -- A statement of its own: it sees what was committed until the rows were held.
  return query
  select
    k.n,
    coalesce(k.n = any (v_made), false),
    b.on_hand::numeric,
    b.reserved::numeric,
    b.version,
    v_on_hand[k.n] + coalesce(tail.on_hand, 0),
    coalesce(h.quantity, 0),
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
  left join inventory.held_quantities(p_org_id) h
    on h.item_id = k.item_id and h.location_id = k.location_id and h.lot = k.lot;
end
$$;

create function inventory.correct_balance(p_org_id uuid, p_run_id uuid, p_number integer, p_action text)
returns text
language plpgsql
volatile
security definer
set search_path = ''
as $$
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
  -- A run that was killed meets what it has settled before.
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
    -- Postings move both sides alike: whatever else has happened here is not what was decided about.
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
$$;

comment on function inventory.correct_balance(uuid, uuid, integer, text) is
  'Makes the balance of a discrepancy what its history says, if it still differs by the same, and writes that down: one '
  'statement and so one transaction, in which the row is held only while the movements since the seal boundary are summed. '
  'p_action is corrected (by the policy) or applied (by a person). Returns the action; gone when it differs no more, changed '
  'when it differs by something else, recurring when the key was corrected before: nothing is changed then. '
  'Raises SK404 no such organization, SK602 no such discrepancy, 25001 in a transaction that is not read committed.';

create function inventory.begin_backfill()
returns json
language plpgsql
volatile
security definer
set search_path = ''
as $$
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
$$;

comment on function inventory.begin_backfill() is
  'Begins to rebuild the balances of the organization that was entered, or goes on with what was not finished: {resumed, walked, keys, movements, '
  'totalMovements}. Raises SK902 when no organization was entered.';

create function inventory.backfill_balances(p_org_id uuid, p_keys integer)
returns json
language plpgsql
volatile
security definer
set search_path = ''
as $$
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
  v_wrong bigint[];
  v_on_hand numeric[];
  v_reserved numeric[];
  v_version bigint[];
  v_changed bigint;
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
  -- Balances of which there is no history are wrong as well.
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

  -- Two statements: one that updates would not see the rows that holding them has made.
  select
    coalesce(sum(h.computed_version), 0),
    array_agg(h.n) filter (where differs),
    array_agg(h.computed_on_hand) filter (where differs),
    array_agg(h.computed_reserved) filter (where differs),
    array_agg(h.computed_version) filter (where differs)
  into v_movements, v_wrong, v_on_hand, v_reserved, v_version
  from inventory.hold_balances(p_org_id, v_items, v_locations, v_lots) h
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
    and b.item_id = v_items[w.n]
    and b.location_id = v_locations[w.n]
    and b.lot = v_lots[w.n];
  get diagnostics v_changed = row_count;

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
    'changed', v_backfill.changed
  );
end
$$;

comment on function inventory.backfill_balances(uuid, integer) is
  'Rebuilds the balances of the next p_keys keys from history and remembers how far it has come: one statement and so one '
  'transaction. Answers {walked, keys, movements, changed} of the whole backfill; walked when there is no key left. '
  'Raises SK603 when none was begun, SK404 no such organization, 25001 in a transaction that is not read committed.';

create function inventory.end_backfill(p_equal boolean)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
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
$$;

comment on function inventory.end_backfill(boolean) is
  'Ends a backfill whose every balance was found equal to its history; else it begins again with the first key. '
  'Raises SK902 when no organization was entered.';

-- The triggers of the ledger.

create function inventory.ledger_triggers()
returns table (name text, enabled text, digest text)
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
    )
  from pg_trigger t
  join pg_class c on c.oid = t.tgrelid
  join pg_proc p on p.oid = t.tgfoid
  where c.relnamespace = 'inventory'::regnamespace
    and not t.tgisinternal
$$;

comment on function inventory.ledger_triggers() is
  'The triggers of the ledger: name, whether enabled (pg_trigger.tgenabled) and SHA-256 of what it does when, its function '
  'included.';

create table inventory.trigger_changes (
  id uuid primary key default inventory.new_id(),
  at timestamptz not null default clock_timestamp(),
  -- watch: from here on every change is noted. change: something was different after this command.
  kind text not null check (kind in ('watch', 'change')),
  command text not null,
  -- The login, not a person.
  by text not null default session_user,
  -- {name: {enabled, digest}} after it.
  triggers jsonb not null
);

comment on table inventory.trigger_changes is
  'Platform data (append-only): every change of the ledger''s triggers, with what they were after it.';

create trigger append_only
  before update or delete or truncate on inventory.trigger_changes
  for each statement execute function inventory.refuse_change();
alter table inventory.trigger_changes enable always trigger append_only;

create function inventory.note_trigger_states(p_kind text, p_command text)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_states jsonb;
begin
  select coalesce(jsonb_object_agg(t.name, jsonb_build_object('enabled', t.enabled, 'digest', t.digest)), '{}')
  into v_states
  from inventory.ledger_triggers() t;
  if p_kind = 'watch'
    or v_states is distinct from (select c.triggers from inventory.trigger_changes c order by c.id desc limit 1)
  then
    insert into inventory.trigger_changes (kind, command, triggers) values (p_kind, p_command, v_states);
  end if;
end
$$;

-- Whatever the command was: what counts is what the triggers are after it.
create function inventory.watch_triggers()
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

comment on function inventory.watch_triggers() is
  'Notes the state of the ledger''s triggers when a command has changed it. Warns (01000), and lets the command be, when it '
  'cannot.';

create function inventory.trigger_history()
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
    ),
    'changes', (
      select coalesce(json_agg(json_build_object('at', c.at, 'kind', c.kind, 'command', c.command, 'triggers', c.triggers)
        order by c.id), '[]')
      from inventory.trigger_changes c
    )
  )
$$;

comment on function inventory.trigger_history() is
  'What is known of the ledger''s triggers over time: {watching, changes: [{at, kind, command, triggers}]}. Without a watch '
  'nothing is known of what came after the last change.';

grant execute on function inventory.held_quantities(uuid) to stockade_jobs;
grant execute on function inventory.lease_reconciliation(uuid, interval) to stockade_jobs;
grant execute on function inventory.begin_reconciliation(uuid, text) to stockade_jobs;
grant execute on function inventory.record_reconciliation(uuid, jsonb) to stockade_jobs;
grant execute on function inventory.settle_discrepancies(uuid, jsonb) to stockade_jobs;
grant execute on function inventory.finish_reconciliation(uuid, jsonb) to stockade_jobs;
grant execute on function inventory.correct_balance(uuid, uuid, integer, text) to stockade_jobs;
grant execute on function inventory.begin_backfill() to stockade_jobs;
grant execute on function inventory.backfill_balances(uuid, integer) to stockade_jobs;
grant execute on function inventory.end_backfill(boolean) to stockade_jobs;
grant execute on function inventory.ledger_triggers() to stockade_jobs;
grant execute on function inventory.trigger_history() to stockade_jobs;
