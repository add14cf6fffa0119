--! needs tenancy/context
--! needs 000023_reconciliation
-- The runs of the reconciliation, and which organization the next one takes.

create or replace function inventory.lease_reconciliation(p_org_id uuid, p_lease interval)
returns table (org_id uuid, lease uuid)
language plpgsql
volatile
security definer
set search_path = ''
as $$
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
$$;

comment on function inventory.lease_reconciliation is
  'Takes an organization for reconciliation: p_org_id, or when it is null the one that has been due longest. No '
  'other run gets it for p_lease, unless it is given back before. Until then it counts as failed, and it is due '
  'again after p_lease, or after up to 64 times as long when it was not given back the times before. Returns no '
  'row when there is none to take. Raises 22023 when p_lease is longer than an hour.';
grant execute on function inventory.lease_reconciliation to stockade_jobs;

create or replace function inventory.leased_state(p_lease uuid)
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

comment on function inventory.leased_state is
  'The state of the organization that was entered, locked. Raises SK601 when the lease is not held any more, SK902 '
  'when no organization was entered, SK104 when the caller may not write.';

create or replace function inventory.reconciliation_lag()
returns numeric
language sql
stable
security definer
set search_path = ''
as $$
  select greatest(0, max(extract(epoch from clock_timestamp() - coalesce(s.proven_at, o.created_at))))
  from tenancy.organizations o
  left join inventory.reconciliation_state s on s.org_id = o.id
$$;

comment on function inventory.reconciliation_lag is
  'For how many seconds an organization has gone without a run that found every balance right, or since it was '
  'created: of the organization for which that is longest, whether its runs find something, fail, or do not come.';
grant execute on function inventory.reconciliation_lag to stockade_jobs;

create or replace function inventory.begin_reconciliation(p_lease uuid, p_kind text)
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

comment on function inventory.begin_reconciliation is
  'Begins a run of the organization that was entered, or continues the unfinished one of this kind: {id, bucket, '
  'checkpoint, comparedThrough}; comparedThrough is the entry up to which an earlier run found everything right. '
  'Raises SK601 when the lease is not held any more, SK902 when no organization was entered.';
grant execute on function inventory.begin_reconciliation to stockade_jobs;

create or replace function inventory.record_reconciliation(p_lease uuid, p_step jsonb)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
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
$$;

comment on function inventory.record_reconciliation is
  'Adds a step to the run that is under way: {keys, movements, found, sealSeq, newestEntry, boundary, '
  'triggerFaults, discrepancies, checkpoint, leaseSeconds}, and keeps the lease for leaseSeconds from now. Raises '
  'SK601 when the lease is not held any more, SK902 when no organization was entered.';
grant execute on function inventory.record_reconciliation to stockade_jobs;

create or replace function inventory.finish_reconciliation(p_lease uuid, p_outcome jsonb)
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
$$;

comment on function inventory.finish_reconciliation is
  'Gives the organization that was entered back: {status?, error?, lagSeconds?, dueInSeconds?, nextBucket?}. With '
  'a status (finished, failed) its run is over; without one it continues with the next lease. Raises SK601 when '
  'the lease is not held any more, SK902 when no organization was entered.';
grant execute on function inventory.finish_reconciliation to stockade_jobs;
