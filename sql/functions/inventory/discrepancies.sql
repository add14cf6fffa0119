--! needs inventory/held_balances
--! needs inventory/reconciliation_runs
--! needs tenancy/entering
--! needs 000023_reconciliation
-- What a run of the reconciliation found, or that runs fail, and what is done about it.

create or replace function inventory.settle_discrepancies(p_lease uuid, p_settled jsonb)
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

comment on function inventory.settle_discrepancies is
  'Records why balances of the run under way differ, and that they are left as they are: [{number, cause, detail, '
  'action}]; action is alerted, gone, or found when it is still to be settled. Raises SK601 when the lease is not '
  'held any more, SK902 when no organization was entered.';
grant execute on function inventory.settle_discrepancies to stockade_jobs;

create or replace function inventory.correct_balance(p_org_id uuid, p_run_id uuid, p_number integer, p_action text)
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
$$;

comment on function inventory.correct_balance is
  'Sets the balance of a discrepancy to what its history says, if it still differs by the same, and records that: '
  'one statement and so one transaction, in which the row is held only while the movements since the seal boundary '
  'are summed. p_action is corrected (by the policy) or applied (by a person). Returns the action; gone when it no '
  'longer differs, changed when it differs by something else, recurring when the key was corrected before: nothing '
  'is changed then. Raises SK404 no such organization, SK602 no such discrepancy, 25001 in a transaction that is '
  'not read committed.';
grant execute on function inventory.correct_balance to stockade_jobs;

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
$$;

comment on function inventory.tell_reconciliation_failures is
  'The organizations about whose failing runs an alert is due: there was none for p_again_after, and '
  'the last run has failed, or p_deaths runs in a row did not give the organization back (died; failures says how '
  'often). Send the alert within the transaction that asks: after a rollback it counts as not sent.';
grant execute on function inventory.tell_reconciliation_failures to stockade_jobs;
