--! needs inventory/reserving/tidying
--! needs inventory/reading/reservations
--! needs 000036_holds
-- Holding stock, and extending a hold. These functions run as the owner, who obeys the policies.
--
-- Locks are taken in one order: a reservation, then the balances of its lines in the order of their keys. A line changes only while
-- its balance is locked, so a transaction that has locked the balances reads lines that nobody else changes.
--
-- What the plans of functions for requests depend on is set with them: docs/isolation/0062_plan_of_the_session.md. Where lines are
-- changed by their keys, no other join than the one that looks up one after the other may be planned.

create or replace function inventory.require_future(p_expires_at timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
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
$$;

comment on function inventory.require_future is
  'Raises SK301 when a hold that ends at an instant would have expired already, SK304 when the instant is none of the API. Null is '
  'never, and right.';

create or replace function inventory.reserve(p_reservation jsonb)
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
$$;

comment on function inventory.reserve is
  'Holds stock, all of the lines or nothing: {reference?, expiresAt?, metadata?, partial?, lines: [{sku, location, lot?, '
  'quantity}]}, quantities greater than zero in the item''s own unit. With partial, of each line as much as is available. Without '
  'expiresAt it never expires. Returns the reservation. Raises SK201 insufficient stock, also when nothing at all is available; '
  'SK301 unknown item, location or lot, or an end that is not in the future; SK303 a quantity that is not greater than zero; SK304 '
  'or 23514 a value out of its bounds; SK104 write scope missing.';
grant execute on function inventory.reserve to stockade_api;

create or replace function inventory.require_open(p_state text, p_expires_at timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_state constant text := inventory.reservation_state(p_state, p_expires_at, clock_timestamp());
begin
  if v_state <> 'open' then
    raise exception 'the reservation is %', v_state using errcode = 'SK208', detail = json_build_object('state', v_state);
  end if;
end
$$;

comment on function inventory.require_open is
  'Raises SK208, with the state, when a reservation is not open any more.';

create or replace function inventory.lock_reservation(p_id uuid)
returns inventory.reservations
language plpgsql
volatile
set search_path = ''
as $$
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
$$;

comment on function inventory.lock_reservation is
  'Locks a reservation and the balances of its lines, so that it can be changed. Raises SK404 no such reservation, SK208 when it '
  'is not open any more.';

create or replace function inventory.extend_reservation(p_id uuid, p_expires_at timestamptz)
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
  v_expires_at constant timestamptz(3) := coalesce(p_expires_at, 'infinity');
begin
  perform tenancy.require_scope('write');
  perform inventory.lock_reservation(p_id);
  perform inventory.require_future(p_expires_at);
  -- The lines follow by their key.
  update inventory.reservations set expires_at = v_expires_at where id = p_id;
  return inventory.show_reservation(p_id, clock_timestamp());
end
$$;

comment on function inventory.extend_reservation is
  'Sets when a reservation expires, later or earlier; with null it never does. Returns the reservation. Raises SK404 no such '
  'reservation, SK208 when it is not open any more, SK301 an end that is not in the future, SK304 one that is out of bounds, SK104 '
  'write scope missing.';
grant execute on function inventory.extend_reservation to stockade_api;
