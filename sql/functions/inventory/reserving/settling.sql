--! needs inventory/reserving/reservations
-- Committing and releasing what is held. These functions run as the owner, who obeys the policies.
--
-- What the plans of functions for requests depend on is set with them: docs/isolation/0062_plan_of_the_session.md.

create or replace function inventory.settled_parts(p_id uuid, p_lines jsonb)
returns numeric[]
language plpgsql
volatile
set search_path = ''
as $$
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
$$;

comment on function inventory.settled_parts is
  'How much of each line of a reservation, in their order, is meant by lines [{sku, location, lot?, quantity}] of a request; all '
  'that is held when it is null. Raises SK210 when a balance is to give more than the reservation holds of it: DETAIL lists each; '
  'and what inventory.read_lines() raises.';

create or replace function inventory.close_when_settled(p_id uuid)
returns void
language plpgsql
volatile
set search_path = ''
as $$
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
$$;

comment on function inventory.close_when_settled is
  'Closes a reservation that holds nothing any more: it is committed if any of it was, otherwise released.';

create or replace function inventory.commit_reservation(p_id uuid, p_commit jsonb)
returns json
language plpgsql
volatile
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_indexscan = on
set enable_hashjoin = off
set enable_mergejoin = off
set random_page_cost = 4
set cpu_tuple_cost = 0.01
set cpu_index_tuple_cost = 0.005
set cpu_operator_cost = 0.0025
as $$
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
$$;

comment on function inventory.commit_reservation is
  'Issues what a reservation holds, all of it or the given lines: {reference?, occurredAt?, metadata?, lines?: [{sku, location, '
  'lot?, quantity}]}, quantities greater than zero. Without a reference or metadata, the issue has those of the reservation. Returns '
  '{reservation, entry}. Raises SK404 no such reservation, SK208 when it is not open any more, SK210 more than it holds; SK201 when '
  'the stock is not there, as after the item stopped being one that may go below zero; what inventory.read_lines() raises; '
  '23514 a value out of its bounds; SK104 write scope missing.';
grant execute on function inventory.commit_reservation to stockade_api;

create or replace function inventory.release_reservation(p_id uuid, p_lines jsonb)
returns json
language plpgsql
volatile
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_indexscan = on
set enable_hashjoin = off
set enable_mergejoin = off
set random_page_cost = 4
set cpu_tuple_cost = 0.01
set cpu_index_tuple_cost = 0.005
set cpu_operator_cost = 0.0025
as $$
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
$$;

comment on function inventory.release_reservation is
  'Gives back what a reservation holds, all of it or the given lines, [{sku, location, lot?, quantity}]. Returns the reservation. '
  'Raises SK404 no such reservation, SK208 when it is not open any more, SK210 more than it holds; what inventory.read_lines() '
  'raises; SK104 write scope missing.';
grant execute on function inventory.release_reservation to stockade_api;
