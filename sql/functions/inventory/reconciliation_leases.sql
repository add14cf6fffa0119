--! needs tenancy/context
--! needs 000023_reconciliation
-- Which organization is reconciled next, and by which run.

-- A failure is counted when the organization is taken, so that a process that dies counts as well. A run that gives it back
-- and has not failed sets failures to zero.
create or replace function inventory.lease_reconciliation(p_org_id uuid, p_lease interval)
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
      leased_until = clock_timestamp() + p_lease,
      failures = s.failures + 1,
      -- After those that are due by now, and twice as far away each time it was not given back.
      due_at = greatest(s.due_at, clock_timestamp() + p_lease * 2 ^ least(s.failures, 6))
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

comment on function inventory.lease_reconciliation is
  'Takes an organization for reconciliation: p_org_id, or when it is null the one that has been due longest. No '
  'other run gets it for p_lease, unless it is given back before. Until then it counts as failed, and it is due '
  'again after p_lease, or after up to 64 times as long when it was not given back the times before. Returns no '
  'row when there is none to take.';
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

create or replace function inventory.tell_reconciliation_failures(p_deaths integer, p_again_after interval)
returns table (org_id uuid, slug text, failures integer, died boolean)
language plpgsql
volatile
security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  update inventory.reconciliation_state s
  set failure_told_at = clock_timestamp()
  from (
    select failing.org_id
    from inventory.reconciliation_state failing
    where failing.failures >= case when failing.lease is null then 1 else p_deaths end
      and (failing.lease is null or failing.leased_until <= clock_timestamp())
      and (failing.failure_told_at is null or failing.failure_told_at <= clock_timestamp() - p_again_after)
    order by failing.org_id
    -- Locked until the alert is sent.
    for update skip locked
  ) as failing
  join tenancy.organizations o on o.id = failing.org_id
  where s.org_id = failing.org_id
  returning s.org_id, o.slug, s.failures, s.lease is not null;
end
$$;

comment on function inventory.tell_reconciliation_failures is
  'The organizations about whose failing runs an alert is due: there was none for p_again_after, and '
  'the last run has failed, or p_deaths runs in a row did not give the organization back (died; failures says how '
  'often). Send the alert within the transaction that asks: after a rollback it counts as not sent.';
grant execute on function inventory.tell_reconciliation_failures to stockade_jobs;

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
