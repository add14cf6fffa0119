-- A balance that cannot be written, because its movements come to more than it can hold for instance, keeps no other from
-- being rebuilt.

-- What a batch of a backfill does with its keys, which come in the order of their index.
create function inventory.rebuild_balances(p_org_id uuid, p_items uuid[], p_locations uuid[], p_lots text[])
returns table (movements bigint, changed bigint)
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_movements bigint;
  v_wrong bigint[];
  v_on_hand numeric[];
  v_reserved numeric[];
  v_version bigint[];
  v_changed bigint;
begin
  -- Two statements: one that updates would not see the rows that holding them has made.
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
$$;

comment on function inventory.rebuild_balances(uuid, uuid[], uuid[], text[]) is
  'Makes the balances of some keys, given in their order, what their history says: how many movements they have, and how many '
  'of them were changed. For the functions that have entered the organization. '
  'Raises 22003 when a balance cannot hold what it comes to, 25001 in a transaction that is not read committed.';

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

  begin
    select r.movements, r.changed
    into v_movements, v_changed
    from inventory.rebuild_balances(p_org_id, v_items, v_locations, v_lots) r;
  exception
    -- Some balance cannot be written: which one it is shows when each is built by itself, and the others are built.
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

comment on function inventory.backfill_balances(uuid, integer) is
  'Rebuilds the balances of the next p_keys keys from history and remembers how far it has come: one statement and so one '
  'transaction. Answers {walked, keys, movements, changed, refused}: the first four of the whole backfill, walked when there is '
  'no key left; of this batch [{item, location, lot, code, message}], the balances that could not be written and are what they were. '
  'Raises SK603 when none was begun, SK404 no such organization, 25001 in a transaction that is not read committed.';
