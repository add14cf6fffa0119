--! needs inventory/reserving/lines
--! needs 000036_holds
-- Ending and closing what has expired, which changes nothing that a caller reads. These functions run as the owner, who obeys the policies.

create or replace function inventory.tidy_holds(p_items uuid[], p_locations uuid[], p_lots text[], p_at timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
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
$$;

comment on function inventory.tidy_holds is
  'Ends some of the holds on balances that have expired, so that they do not pile up where stock is reserved and left again and '
  'again. The balances are locked.';

create or replace function inventory.expire_reservations(p_page integer)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
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
$$;

comment on function inventory.expire_reservations is
  'Closes reservations of the organization that was entered that have expired, at most p_page of them, and returns how many. '
  'Nothing that a caller reads changes. Raises SK902 when no organization was entered, SK104 write scope missing.';
grant execute on function inventory.expire_reservations to stockade_jobs;

create or replace function inventory.count_expired_reservations()
returns bigint
language sql
stable
security definer
set search_path = ''
as $$
  select count(*) from inventory.reservations r where r.state = 'open' and r.expires_at <= now()
$$;

comment on function inventory.count_expired_reservations is
  'How many reservations expire_reservations() would close of the organization that was entered.';
grant execute on function inventory.count_expired_reservations to stockade_jobs;
