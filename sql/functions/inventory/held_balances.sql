--! needs 000022_seals
--! needs 000031_reservations
-- Balances held while they are derived from history.

-- No search_path of its own, so that Postgres makes it a part of the statement that calls it.
create or replace function inventory.held_quantities(p_org_id uuid)
returns table (item_id uuid, location_id uuid, lot text, quantity numeric)
language sql
stable
as $$
  select l.item_id, l.location_id, l.lot, sum(l.held)
  from inventory.reservation_lines l
  where l.org_id = p_org_id
    and l.held > 0
  group by l.item_id, l.location_id, l.lot
$$;

comment on function inventory.held_quantities is
  'The quantity of each item, location and lot that is held for somebody, and therefore must be reserved in its '
  'balance: also by holds that have expired and are not closed yet.';
grant execute on function inventory.held_quantities to stockade_jobs;

create or replace function inventory.hold_balances(p_org_id uuid, p_items uuid[], p_locations uuid[], p_lots text[])
returns table (
  n bigint,
  was_missing boolean,
  stored_on_hand numeric,
  stored_reserved numeric,
  stored_version bigint,
  computed_on_hand numeric,
  computed_reserved numeric,
  computed_version bigint
)
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_boundary uuid;
  v_on_hand numeric[];
  v_version bigint[];
  v_made bigint[];
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'a balance is derived in a read committed transaction, which sees what was committed before it was held'
      using errcode = '25001';
  end if;
  select boundary into v_boundary from inventory.seal_boundaries where org_id = p_org_id;
  v_boundary := coalesce(v_boundary, '00000000-0000-0000-0000-000000000000');

  select array_agg(coalesce(history.on_hand, 0) order by k.n), array_agg(history.version order by k.n)
  into v_on_hand, v_version
  from unnest(p_items, p_locations, p_lots) with ordinality as k (item_id, location_id, lot, n)
  cross join lateral (
    select sum(m.quantity) as on_hand, count(*) as version
    from inventory.movements m
    where m.org_id = p_org_id
      and m.item_id = k.item_id
      and m.location_id = k.location_id
      and m.lot = k.lot
      and m.entry_id <= v_boundary
  ) as history;

  -- In key order, as the trigger does, so that the two cannot deadlock. A row that exists is locked and not changed.
  with made as (
    insert into inventory.balances as b (org_id, item_id, location_id, lot, on_hand, version)
    select p_org_id, k.item_id, k.location_id, k.lot, 0, 0
    from unnest(p_items, p_locations, p_lots) as k (item_id, location_id, lot)
    order by k.item_id, k.location_id, k.lot
    on conflict (org_id, item_id, location_id, lot) do update
      set version = b.version
      where false
    returning b.item_id, b.location_id, b.lot
  )
  select array_agg(k.n)
  into v_made
  from unnest(p_items, p_locations, p_lots) with ordinality as k (item_id, location_id, lot, n)
  join made using (item_id, location_id, lot);

  -- A statement of its own: it sees everything that was committed until the rows were locked.
  return query
  select
    k.n,
    coalesce(k.n = any (v_made), false),
    b.on_hand::numeric,
    b.reserved::numeric,
    b.version,
    v_on_hand[k.n] + coalesce(tail.on_hand, 0),
    holds.reserved,
    v_version[k.n] + tail.version
  from unnest(p_items, p_locations, p_lots) with ordinality as k (item_id, location_id, lot, n)
  join inventory.balances b
    on b.org_id = p_org_id and b.item_id = k.item_id and b.location_id = k.location_id and b.lot = k.lot
  cross join lateral (
    select sum(m.quantity) as on_hand, count(*) as version
    from inventory.movements m
    where m.org_id = p_org_id
      and m.item_id = k.item_id
      and m.location_id = k.location_id
      and m.lot = k.lot
      and m.entry_id > v_boundary
  ) as tail
  cross join lateral (
    select coalesce(sum(l.held), 0) as reserved
    from inventory.reservation_lines l
    where l.org_id = p_org_id
      and l.item_id = k.item_id
      and l.location_id = k.location_id
      and l.lot = k.lot
      and l.held > 0
  ) as holds;
end
$$;

comment on function inventory.hold_balances is
  'Locks the balances of some keys and derives them from history: what is stored and what is computed, for each. '
  'Movements up to the seal boundary cannot change any more and are summed before anything is locked, so a writer '
  'waits only for the short rest. A key without a row gets a row of zeros. Raises 25001 in a transaction that is '
  'not read committed.';

create or replace function inventory.rebuild_balances(p_org_id uuid, p_items uuid[], p_locations uuid[], p_lots text[])
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
  -- Two statements: a single one would not see the rows that hold_balances() creates.
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

comment on function inventory.rebuild_balances is
  'Sets the balances of some keys, given in their order, to what their history says. Returns how many movements '
  'they have, and how many of the balances were changed. For functions that have entered the organization. Raises '
  '22003 when a balance cannot hold its sum, 25001 in a transaction that is not read committed.';
