--! needs inventory/forms
-- The rules of posting, for a single entry and for a batch of an import.
--
-- Except for those that raise, these functions have no SET clause: they become a part of the statement that calls them, which
-- asks them for every line.

create or replace function inventory.postable_kinds()
returns text[]
language sql
immutable
parallel safe
as $$
  select array['receipt', 'return', 'issue', 'adjustment', 'transfer', 'opening']
$$;

comment on function inventory.postable_kinds is
  'The kinds of entry that a caller may post. The others, count and reversal, have functions of their own.';
grant execute on function inventory.postable_kinds to stockade_ledger;

create or replace function inventory.require_kinds(p_kinds text[], p_allowed text[])
returns void
language plpgsql
immutable
set search_path = ''
as $$
begin
  if not p_kinds <@ p_allowed then
    raise exception 'the kind % cannot be posted', (array(select unnest(p_kinds) except select unnest(p_allowed)))[1]
      using errcode = 'SK301', detail = json_build_array(
        json_build_object('field', 'kind', 'message', 'is none of ' || array_to_string(p_allowed, ', '))
      );
  end if;
end
$$;

comment on function inventory.require_kinds is
  'Raises SK301 when one of the kinds of entry is not among those that are allowed.';
grant execute on function inventory.require_kinds to stockade_ledger;

create or replace function inventory.has_sign(p_kind text, p_quantity numeric)
returns boolean
language sql
immutable
parallel safe
as $$
  select inventory.kind_sign(p_kind) = 0 or inventory.kind_sign(p_kind) = sign(p_quantity)
$$;

comment on function inventory.has_sign is
  'Whether a quantity has the sign that an entry of this kind takes.';
grant execute on function inventory.has_sign to stockade_ledger;

create or replace function inventory.no_such_item(p_sku text)
returns text
language sql
immutable
parallel safe
as $$
  select format('there is no item with the SKU %s', to_json(p_sku))
$$;

comment on function inventory.no_such_item is
  'What is wrong with a line that names an unknown item.';
grant execute on function inventory.no_such_item to stockade_ledger;

create or replace function inventory.no_such_location(p_code text)
returns text
language sql
immutable
parallel safe
as $$
  select format('there is no location with the code %s', to_json(p_code))
$$;

comment on function inventory.no_such_location is
  'What is wrong with a line that names an unknown location.';
grant execute on function inventory.no_such_location to stockade_ledger;

create or replace function inventory.lot_fault(p_tracking text, p_lot text)
returns text
language sql
immutable
parallel safe
as $$
  select case
    when p_tracking = 'lot' and p_lot = '' then 'this item is tracked by lot: name the lot'
    when p_tracking = 'none' and p_lot <> '' then 'this item is not tracked by lot: leave the lot out'
  end
$$;

comment on function inventory.lot_fault is
  'What is wrong with the lot of a line, '''' being none, for an item of this tracking; null when it fits.';
grant execute on function inventory.lot_fault to stockade_ledger;

create or replace function inventory.ahead_fault(p_occurred_at timestamptz)
returns text
language sql
volatile
as $$
  -- Clocks of callers may be a little fast. A time that is none of the API is left to the constraints.
  select case
    when p_occurred_at > clock_timestamp() + interval '1 minute' and p_occurred_at < '10000-01-01 00:00:00+00'
      then format('is more than a minute ahead: it is %s now', inventory.iso(clock_timestamp()))
  end
$$;

comment on function inventory.ahead_fault is
  'What is wrong with the time at which an entry takes effect; null when it fits. Stock cannot have moved in the future.';
grant execute on function inventory.ahead_fault to stockade_ledger;

create or replace function inventory.is_short(
  p_change numeric,
  p_on_hand numeric,
  p_reserved numeric,
  p_allow_negative boolean
)
returns boolean
language sql
immutable
parallel safe
as $$
  -- Only a balance that was taken from can be short: a receipt into a negative balance is always welcome.
  select p_change < 0 and p_on_hand < p_reserved and not p_allow_negative
$$;

comment on function inventory.is_short is
  'Whether the stock policy refuses a change of a balance: it takes from it and leaves less on hand than is reserved, of an item '
  'that may not go below zero. p_on_hand is the quantity after the change.';
grant execute on function inventory.is_short to stockade_ledger;

create or replace function inventory.raise_out_of_bounds(p_lines jsonb)
returns void
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_errors json;
begin
  if jsonb_array_length(p_lines) > 1000 then
    v_errors := json_build_array(json_build_object('field', 'lines', 'message', 'must have at most 1000 lines'));
  else
    select json_agg(
      json_build_object(
        'field', format('lines[%s].quantity', n - 1),
        'message', format(
          'must be a number of at most fifteen digits, four of them decimals, but is %s',
          coalesce(left(line.value ->> 'quantity', 40), 'missing')
        )
      )
      order by n
    )
    into v_errors
    from jsonb_array_elements(p_lines) with ordinality as line (value, n)
    where inventory.is_exact((line.value ->> 'quantity')::numeric) is not true;
  end if;
  raise exception 'a value of the entry is out of its bounds' using errcode = 'SK304', detail = v_errors;
end
$$;

comment on function inventory.raise_out_of_bounds is
  'Raises SK304 because an entry has too many lines, or quantities that would be rounded: DETAIL lists each field.';
grant execute on function inventory.raise_out_of_bounds to stockade_ledger;

create or replace function inventory.refuse_round_trip(p_items uuid[], p_locations uuid[], p_lots text[], p_quantities numeric[])
returns void
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_line bigint;
begin
  select min(line.n) filter (where line.quantity > 0) into v_line
  from unnest(p_items, p_locations, p_lots, p_quantities) with ordinality as line (item_id, location_id, lot, quantity, n)
  group by line.item_id, line.location_id, line.lot
  having max(line.quantity) > 0 and min(line.quantity) < 0
  order by 1
  limit 1;
  if v_line is not null then
    raise exception 'a transfer brings stock to where it takes it from' using errcode = 'SK301',
      detail = json_build_array(json_build_object(
        'field', format('lines[%s].location', v_line - 1),
        'message', 'is where the transfer takes this stock from: name another location'
      ));
  end if;
end
$$;

comment on function inventory.refuse_round_trip is
  'Raises SK301, with the line, when a transfer brings an item and a lot to a location that it takes them from, under whatever '
  'name.';
grant execute on function inventory.refuse_round_trip to stockade_ledger;

create or replace function inventory.is_refusal(p_sqlstate text)
returns boolean
language sql
immutable
parallel safe
as $$
  select left(p_sqlstate, 3) in ('SK2', 'SK3') or p_sqlstate in ('22003', '23514')
$$;

comment on function inventory.is_refusal is
  'Whether an error says that an entry itself is refused. After others, such as a lost connection or a deadlock, the same '
  'entry may be posted.';
grant execute on function inventory.is_refusal to stockade_ledger;

create or replace function inventory.require_batch(p_mode text, p_entries jsonb)
returns void
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_fault text[];
begin
  v_fault := case
    when p_mode is null or p_mode not in ('atomic', 'each') then array['mode', 'must be "atomic" or "each"']
    when jsonb_typeof(p_entries) is distinct from 'array' then array['entries', 'must be a list of entries']
    when jsonb_array_length(p_entries) not between 1 and 1000 then array['entries', 'must have 1 to 1000 entries']
    when (
      select coalesce(bool_and(jsonb_typeof(e.value -> 'lines') = 'array'), false) from jsonb_array_elements(p_entries) as e (value)
    ) is not true then array['entries', 'each must have a list of lines']
    when (select sum(jsonb_array_length(e.value -> 'lines')) from jsonb_array_elements(p_entries) as e (value)) > 5000
      then array['entries', 'must have at most 5000 lines together']
  end;
  if v_fault is not null then
    raise exception 'a batch is out of its bounds' using errcode = 'SK304',
      detail = json_build_array(json_build_object('field', v_fault[1], 'message', v_fault[2]));
  end if;
end
$$;

comment on function inventory.require_batch is
  'Raises SK304 unless a batch has the mode atomic or each, 1 to 1,000 entries, and at most 5,000 lines together.';
grant execute on function inventory.require_batch to stockade_ledger;

create or replace function inventory.posted_line(
  p_movement_id text,
  p_sku text,
  p_location text,
  p_lot text,
  p_quantity numeric,
  p_on_hand numeric,
  p_reserved numeric,
  p_version bigint
)
returns json
language sql
stable
parallel safe
as $$
  select json_build_object(
    'movementId', p_movement_id,
    'sku', p_sku,
    'location', p_location,
    'lot', nullif(p_lot, ''),
    'quantity', p_quantity,
    'balance', json_build_object(
      'onHand', p_on_hand, 'reserved', p_reserved, 'available', p_on_hand - p_reserved, 'version', p_version
    )
  )
$$;

comment on function inventory.posted_line is
  'A line of a posted entry as the API answers it, with the balance that its entry left.';
grant execute on function inventory.posted_line to stockade_ledger;

create or replace function inventory.posted_entry(
  p_entry_id uuid,
  p_kind text,
  p_reference text,
  p_occurred_at timestamptz,
  p_recorded_at timestamptz,
  p_reverses uuid,
  p_lines json
)
returns json
language sql
stable
parallel safe
as $$
  select json_build_object(
    'entryId', p_entry_id,
    'kind', p_kind,
    'reference', p_reference,
    'occurredAt', inventory.iso(p_occurred_at),
    'recordedAt', inventory.iso(p_recorded_at),
    'reverses', p_reverses,
    'lines', p_lines
  )
$$;

comment on function inventory.posted_entry is
  'A posted entry as the API answers it, of lines made by posted_line().';
grant execute on function inventory.posted_entry to stockade_ledger;
