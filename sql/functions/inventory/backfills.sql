--! needs inventory/held_balances
--! needs tenancy/context
--! needs tenancy/entering
--! needs 000008_movement_columns
--! needs 000011_entries
--! needs 000024_balance_backfills
-- Rebuilding the balances of an organization from history. A balance that cannot be written, because its movements add up
-- to more than it can hold for instance, keeps no other from being rebuilt.

create or replace function inventory.begin_backfill()
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

comment on function inventory.begin_backfill is
  'Begins to rebuild the balances of the organization that was entered, or continues an unfinished backfill: '
  '{resumed, walked, keys, movements, totalMovements}. Raises SK902 when no organization was entered.';
grant execute on function inventory.begin_backfill to stockade_jobs;

create or replace function inventory.backfill_balances(p_org_id uuid, p_keys integer)
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
$$;

comment on function inventory.backfill_balances is
  'Rebuilds the balances of the next p_keys keys from history and remembers how far it has come: one statement and '
  'so one transaction. Returns {walked, keys, movements, changed, refused}: the first four of the whole backfill, '
  'walked when no key is left; of this batch [{item, location, lot, code, message}], the balances that could not '
  'be written and stay as they were. Raises SK603 when none was begun, SK404 no such organization, 25001 in a '
  'transaction that is not read committed.';
grant execute on function inventory.backfill_balances to stockade_jobs;

create or replace function inventory.end_backfill(p_equal boolean)
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

comment on function inventory.end_backfill is
  'Ends a backfill after which every balance was found equal to its history; otherwise it begins again with the '
  'first key. Raises SK902 when no organization was entered.';
grant execute on function inventory.end_backfill to stockade_jobs;
