--! needs inventory/forms
--! needs tenancy/organizations
--! needs 000023_reconciliation
-- The runs of the reconciliation as the API shows them. Login roles of requests read no table: this runs as the owner, who obeys
-- the policies too.
--
-- What the plans of functions for requests depend on is set with them: docs/isolation/0062_plan_of_the_session.md.

create or replace function inventory.list_reconciliations(p_limit integer, p_before_id uuid)
returns setof json
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_indexscan = on
set random_page_cost = 4
set cpu_tuple_cost = 0.01
set cpu_index_tuple_cost = 0.005
set cpu_operator_cost = 0.0025
as $$
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
$$;

comment on function inventory.list_reconciliations is
  'At most p_limit runs of the organization that was entered, each with its first hundred discrepancies, the newest first: those '
  'before p_before_id, or the newest ones. Raises SK304 when p_limit is not that of a page.';
grant execute on function inventory.list_reconciliations to stockade_api;
