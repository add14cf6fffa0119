--! needs inventory/codes
--! needs inventory/posting
--! needs inventory/posting_rules
--! needs 000031_reservations
-- The lines of a request about reservations, and the balances they name. These functions run as the owner, who obeys the policies.

create or replace function inventory.read_lines(
  p_lines jsonb,
  out items uuid[],
  out locations uuid[],
  out lots text[],
  out quantities numeric[]
)
language plpgsql
stable
set search_path = ''
as $$
declare
  v_fits boolean;
  v_is_exact boolean;
  v_lines jsonb;
begin
  select
    array_agg(i.id order by n), array_agg(l.id order by n), array_agg(coalesce(line.lot, '') order by n),
    array_agg(line.quantity order by n),
    bool_and(i.id is not null and l.id is not null and inventory.lot_fault(i.tracking, coalesce(line.lot, '')) is null),
    bool_and(inventory.is_exact(line.quantity) is true) and count(*) <= 1000
  into items, locations, lots, quantities, v_fits, v_is_exact
  from rows from (
    jsonb_to_recordset(p_lines) as (sku text, location text, lot text, quantity numeric)
  ) with ordinality as line (sku, location, lot, quantity, n)
  left join lateral (
    select i.id, i.tracking from inventory.items i where i.sku = line.sku offset 0
  ) as i on true
  left join lateral (
    select l.id from inventory.locations l where l.code = line.location offset 0
  ) as l on true;

  if v_fits is not true then
    -- Only a line without such a SKU or code may have an alias or another normal form. With the current codes, none has.
    v_lines := inventory.current_codes(p_lines);
    if v_lines <> p_lines then
      select r.* into items, locations, lots, quantities from inventory.read_lines(v_lines) as r;
      return;
    end if;
    perform inventory.raise_line_errors(p_lines);
    raise exception 'there are no lines' using errcode = 'SK301',
      detail = json_build_array(json_build_object('field', 'lines', 'message', 'is empty: name at least one line'));
  end if;

  if not v_is_exact then
    perform inventory.raise_out_of_bounds(p_lines);
  end if;
  if exists (select from unnest(quantities) as q (quantity) where q.quantity <= 0) then
    raise exception 'a quantity is not greater than zero' using errcode = 'SK303';
  end if;
end
$$;

comment on function inventory.read_lines is
  'The lines [{sku, location, lot?, quantity}] of a request of the organization that was entered, with the ids that they name. '
  'Raises SK301 unknown item, location or lot, or no lines; SK303 a quantity that is not greater than zero; SK304 too many lines, '
  'or a quantity that would be rounded.';

-- No search_path of its own, so that Postgres makes it a part of the statement that calls it.
create or replace function inventory.lines_of(p_id uuid)
returns setof inventory.reservation_lines
language sql
stable
as $$
  -- In the order of their key, as far as there can be lines: so that they are read from it, whatever Postgres knows of the table.
  select l.*
  from inventory.reservation_lines l
  where l.reservation_id = p_id
  order by l.line
  limit 1000
$$;

comment on function inventory.lines_of is
  'The lines of a reservation of the organization that was entered.';

create or replace function inventory.lock_balances(p_items uuid[], p_locations uuid[], p_lots text[])
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform
  from (
    select distinct k.item_id, k.location_id, k.lot
    from unnest(p_items, p_locations, p_lots) as k (item_id, location_id, lot)
    order by 1, 2, 3
  ) as k
  cross join lateral (
    select
    from inventory.balances b
    where b.item_id = k.item_id and b.location_id = k.location_id and b.lot = k.lot
    for update
  ) as b;
end
$$;

comment on function inventory.lock_balances is
  'Locks balances of the organization that was entered in the order of the triggers. What is read in a later statement is what '
  'everybody has committed until then. One that does not exist yet is not locked.';

create or replace function inventory.available_to_lines(
  p_items uuid[],
  p_locations uuid[],
  p_lots text[],
  p_quantities numeric[],
  p_at timestamptz
)
returns numeric[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return array(
    select least(
      line.quantity,
      -- The lines before it with the same key come first.
      greatest(max(k.available) over key - (sum(line.quantity) over so_far - line.quantity), 0)
    )
    from (
      select *, row_number() over (partition by line.item_id, line.location_id, line.lot order by line.n) as nth_of_key
      from unnest(p_items, p_locations, p_lots, p_quantities)
        with ordinality as line (item_id, location_id, lot, quantity, n)
    ) as line
    left join lateral (
      -- An item that may go below zero always has enough.
      select case
        when i.allow_negative then inventory.greatest_quantity() * 1000
        else b.on_hand - b.reserved + inventory.expired_holds(b.org_id, b.item_id, b.location_id, b.lot, p_at)
      end as available
      from inventory.items i
      left join lateral (
        select b.*
        from inventory.balances b
        where b.org_id = i.org_id and b.item_id = i.id and b.location_id = line.location_id and b.lot = line.lot
        offset 0
      ) as b on true
      where line.nth_of_key = 1 and i.id = line.item_id
      offset 0
    ) as k on true
    window
      key as (partition by line.item_id, line.location_id, line.lot),
      so_far as (key order by line.n)
    order by line.n
  );
end
$$;

comment on function inventory.available_to_lines is
  'How much of each line is available at an instant, when the lines are served in their order: at most its quantity, at least zero. '
  'Their balances are locked.';
