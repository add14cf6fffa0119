--! needs inventory/codes
--! needs inventory/forms
--! needs tenancy/organizations
--! needs 000031_reservations
-- Reservations as the API shows them. Login roles of requests read no table: these functions run as the owner, who obeys the policies
-- too.
--
-- What the plans of functions for requests depend on is set with them: docs/isolation/0062_plan_of_the_session.md.

create or replace function inventory.reservation_state(p_state text, p_expires_at timestamptz, p_at timestamptz)
returns text
language sql
immutable
parallel safe
as $$
  select case when p_state = 'open' and p_expires_at <= p_at then 'expired' else p_state end
$$;

comment on function inventory.reservation_state is
  'The state of a reservation at an instant: an open one is expired from its end on, also before that is stored.';

create or replace function inventory.show_reservation(p_id uuid, p_at timestamptz)
returns json
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select json_build_object(
      'id', r.id,
      'state', s.state,
      'reference', r.reference,
      'expiresAt', case when r.expires_at < 'infinity' then inventory.iso(r.expires_at) end,
      'createdAt', inventory.iso(r.created_at),
      'closedAt', inventory.iso(case when s.state = 'expired' then r.expires_at else r.closed_at end),
      'actor', r.actor,
      'metadata', r.metadata,
      'entries', array(
        select e.entry_id from inventory.reservation_entries e where e.reservation_id = r.id order by e.entry_id
      ),
      'lines', (
        select json_agg(
          json_build_object(
            'sku', (select i.sku from inventory.items i where i.id = l.item_id),
            'location', (select p.code from inventory.locations p where p.id = l.location_id),
            'lot', nullif(l.lot, ''),
            'quantity', l.quantity,
            'held', case when s.state = 'open' then l.held else 0 end,
            'committed', l.committed,
            'released', case when s.state = 'open' then l.released else l.released + l.held end
          )
          order by l.line
        )
        from inventory.reservation_lines l
        where l.reservation_id = r.id
      )
    )
    from inventory.reservations r
    cross join lateral (
      select inventory.reservation_state(r.state, r.expires_at, p_at) as state offset 0
    ) as s
    where r.id = p_id
  );
end
$$;

comment on function inventory.show_reservation is
  'A reservation of the organization that was entered, as it is at an instant; null when there is no such reservation. Of each line '
  'quantity is what was asked for; what is neither held, committed nor released of it was never available.';

create or replace function inventory.get_reservation(p_id uuid)
returns json
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
begin
  return inventory.show_reservation(p_id, now());
end
$$;

comment on function inventory.get_reservation is
  'A reservation of the organization that was entered, as the API shows it; null when there is no such reservation.';
grant execute on function inventory.get_reservation to stockade_api;

create or replace function inventory.list_reservations(
  p_limit integer,
  p_before_id uuid,
  p_sku text,
  p_location text,
  p_reference text,
  p_state text
)
returns json
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
  -- How many reservations, or lines of an item or a location, one page looks at; those that have expired are of two kinds, and it looks
  -- at as many of each. And how many lines it shows.
  v_most_walked constant integer := case p_state when 'expired' then 250 else 500 end;
  v_most_lines constant integer := 1000;
  v_before constant uuid := coalesce(p_before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  v_item_id uuid;
  v_location_id uuid;
  v_walked uuid[];
  v_found uuid[];
  v_shown uuid[];
  v_next uuid;
begin
  perform tenancy.require_page(p_limit);
  if p_sku is not null then
    v_item_id := inventory.find_item(p_sku);
  end if;
  if p_location is not null then
    v_location_id := inventory.find_location(p_location);
  end if;
  if p_sku is not null and v_item_id is null or p_location is not null and v_location_id is null then
    return json_build_object('rows', '[]'::json, 'next', null);
  end if;

  -- Each is read from the index that has exactly its order. What it is about and the id are compared as one row, and the order names
  -- both: with `=`, Postgres would expect one row, could take another index, and sort. What follows the last row is left out.
  if p_sku is not null then
    v_walked := array(
      select newest.reservation_id
      from (
        select l.item_id, l.reservation_id
        from inventory.reservation_lines l
        where (l.item_id, l.reservation_id) < (v_item_id, v_before)
        order by l.item_id desc, l.reservation_id desc, l.line desc
        limit v_most_walked
      ) as newest
      where newest.item_id = v_item_id
    );
  elsif p_location is not null then
    v_walked := array(
      select newest.reservation_id
      from (
        select l.location_id, l.reservation_id
        from inventory.reservation_lines l
        where (l.location_id, l.reservation_id) < (v_location_id, v_before)
        order by l.location_id desc, l.reservation_id desc, l.line desc
        limit v_most_walked
      ) as newest
      where newest.location_id = v_location_id
    );
  elsif p_reference is not null then
    v_walked := array(
      select newest.id
      from (
        select r.reference, r.id
        from inventory.reservations r
        where (r.reference, r.id) < (p_reference, v_before) and r.reference is not null
        order by r.reference desc, r.id desc
        limit v_most_walked
      ) as newest
      where newest.reference = p_reference
    );
  elsif p_state is not null then
    v_walked := array(
      select newest.id
      from (values (p_state), (case when p_state = 'expired' then 'open' end)) as stored (state)
      cross join lateral (
        select r.state, r.id
        from inventory.reservations r
        where (r.state, r.id) < (stored.state, v_before)
        order by r.state desc, r.id desc
        limit v_most_walked
      ) as newest
      where newest.state = stored.state
      order by newest.id desc
      limit v_most_walked
    );
  else
    v_walked := array(
      select r.id from inventory.reservations r where r.id < v_before order by r.id desc limit v_most_walked
    );
  end if;

  v_found := array(
    select k.id
    from (select distinct w.id from unnest(v_walked) as w (id)) as k
    cross join lateral (
      select r.reference, r.state, r.expires_at from inventory.reservations r where r.id = k.id offset 0
    ) as r
    where (p_reference is null or r.reference = p_reference)
      and (p_state is null or inventory.reservation_state(r.state, r.expires_at, now()) = p_state)
      and (p_sku is null or p_location is null or exists (
        select
        from inventory.reservation_lines l
        where l.reservation_id = k.id and l.item_id = v_item_id and l.location_id = v_location_id
      ))
    order by k.id desc
    limit p_limit + 1
  );
  -- A reservation has up to a thousand lines: a page of many ends earlier.
  v_shown := array(
    select f.id
    from (
      select f.id, f.n, sum(c.lines) over (order by f.n) as lines
      from unnest(v_found) with ordinality as f (id, n)
      cross join lateral (
        select count(*) as lines from inventory.reservation_lines l where l.reservation_id = f.id
      ) as c
    ) as f
    where f.n = 1 or f.n <= p_limit and f.lines <= v_most_lines
    order by f.n
  );
  v_next := case
    when cardinality(v_shown) < cardinality(v_found) then v_shown[cardinality(v_shown)]
    when cardinality(v_walked) = v_most_walked then v_walked[v_most_walked]
  end;
  return json_build_object(
    'rows', (
      select coalesce(json_agg(inventory.show_reservation(shown.id, now()) order by shown.n), '[]')
      from unnest(v_shown) with ordinality as shown (id, n)
    ),
    'next', v_next
  );
end
$$;

comment on function inventory.list_reservations is
  'At most p_limit reservations of the organization that was entered, as the API shows them, the newest first: those before '
  'p_before_id, with a line of an item, at a location (or a line of both), of a reference, in a state; null for any. {rows, next}: '
  'next is the id that the next page begins before, null at the end. A page may have fewer rows than that although the list goes '
  'on. Raises SK304 when p_limit is not that of a page.';
grant execute on function inventory.list_reservations to stockade_api;
