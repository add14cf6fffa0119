--! needs inventory/balances
--! needs inventory/forms
--! needs inventory/codes
--! needs inventory/posting_rules
--! needs inventory/reserving/expiry
--! needs tenancy/context
--! needs 000008_movement_columns
--! needs 000011_entries
--! needs 000030_aliases
--! role stockade_ledger
-- Posting entries. These functions belong to stockade_ledger: see the policies post_ledger.
--
-- Each line looks its item, its location and its balance up by their keys, with OFFSET 0 as the fence that keeps the planner from making a
-- join of it: without statistics it would read and hash all items of the organization for one line.
--
-- What the plans of functions for requests depend on is set with them: docs/isolation/0062_plan_of_the_session.md.

create or replace function inventory.raise_line_errors(p_lines jsonb)
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  v_errors json;
begin
  select json_agg(json_build_object('field', format('lines[%s].%s', n - 1, e.field), 'message', e.message) order by n, e.field)
  into v_errors
  from jsonb_array_elements(p_lines) with ordinality as line (value, n)
  left join lateral (
    select i.id, i.tracking
    from inventory.items i
    where i.org_id = (select tenancy.current_org()) and i.sku = line.value ->> 'sku'
    offset 0
  ) as i on true
  left join lateral (
    select l.id
    from inventory.locations l
    where l.org_id = (select tenancy.current_org()) and l.code = line.value ->> 'location'
    offset 0
  ) as l on true
  cross join lateral (
    values
      ('sku', case when i.id is null then inventory.no_such_item(line.value ->> 'sku') end),
      ('location', case when l.id is null then inventory.no_such_location(line.value ->> 'location') end),
      ('lot', inventory.lot_fault(i.tracking, coalesce(line.value ->> 'lot', '')))
  ) as e (field, message)
  where e.message is not null;

  if v_errors is not null then
    raise exception 'the entry names what does not exist' using errcode = 'SK301', detail = v_errors;
  end if;
end
$$;

comment on function inventory.raise_line_errors is
  'Raises SK301 when a line of an entry names an item or a location that does not exist, or a lot that does not '
  'fit its item: DETAIL lists each line and field. Returns when there is nothing to report.';
grant execute on function inventory.raise_line_errors to stockade_owner;

create or replace function inventory.insert_entry(
  p_org_id uuid,
  p_actor text,
  p_kind text,
  p_reference text,
  p_occurred_at timestamptz,
  p_metadata jsonb,
  p_reverses uuid,
  p_skus text[],
  p_codes text[],
  p_items uuid[],
  p_locations uuid[],
  p_lots text[],
  p_quantities numeric[],
  p_expected_versions bigint[]
)
returns json
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_entry_id uuid := inventory.new_id();
  v_recorded_at timestamptz(3) := clock_timestamp();
  v_occurred_at timestamptz(3) := coalesce(p_occurred_at, v_recorded_at);
  v_lines json;
begin
  if inventory.ahead_fault(p_occurred_at) is not null then
    raise exception 'the entry takes effect in the future' using errcode = 'SK301',
      detail = json_build_array(json_build_object('field', 'occurredAt', 'message', inventory.ahead_fault(p_occurred_at)));
  end if;
  insert into inventory.entries (org_id, id, kind, reference, occurred_at, recorded_at, actor, metadata, reverses)
  values (
    p_org_id, v_entry_id, p_kind, p_reference, v_occurred_at, v_recorded_at, p_actor, coalesce(p_metadata, '{}'), p_reverses
  );

  insert into inventory.movements (org_id, entry_id, line, item_id, location_id, lot, quantity, occurred_at, recorded_at)
  select p_org_id, v_entry_id, line.n, line.item_id, line.location_id, line.lot, line.quantity, v_occurred_at, v_recorded_at
  from unnest(p_items, p_locations, p_lots, p_quantities)
    with ordinality as line (item_id, location_id, lot, quantity, n);

  if array_remove(p_expected_versions, null) <> '{}' then
    perform inventory.raise_stale_balances(
      p_org_id, p_skus, p_codes, p_items, p_locations, p_lots, p_expected_versions
    );
  end if;

  -- The trigger has applied the lines and their balances are still locked, so these are the balances that the lines left.
  select json_agg(
    inventory.posted_line(
      v_entry_id || '.' || line.n, line.sku, line.code, line.lot, line.quantity, b.on_hand,
      inventory.reserved_now(p_org_id, line.item_id, line.location_id, line.lot, b.reserved), b.version
    )
    order by line.n
  )
  into v_lines
  from unnest(p_skus, p_codes, p_items, p_locations, p_lots, p_quantities)
    with ordinality as line (sku, code, item_id, location_id, lot, quantity, n)
  cross join lateral (
    select b.on_hand, b.reserved, b.version
    from inventory.balances b
    where b.org_id = p_org_id and b.item_id = line.item_id and b.location_id = line.location_id and b.lot = line.lot
    offset 0
  ) as b;

  return inventory.posted_entry(
    v_entry_id, p_kind, p_reference, v_occurred_at, v_recorded_at, p_reverses, v_lines
  );
end
$$;

comment on function inventory.insert_entry is
  'Posts one entry whose lines are known to be well formed, and returns it with the balance that each line left. '
  'For post_entry(), reverse_entry() and commit_reservation(), which check it first. Raises SK201 insufficient stock, SK202 '
  'stale balance, SK301 an effect in the future.';
grant execute on function inventory.insert_entry to stockade_owner;

create or replace function inventory.post_entry(p_entry jsonb)
returns json
language plpgsql
volatile
security definer
set search_path = ''
-- What it calls is planned once: to plan again takes longer than most of these statements.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_indexscan = on
set random_page_cost = 4
set cpu_tuple_cost = 0.01
set cpu_index_tuple_cost = 0.005
set cpu_operator_cost = 0.0025
as $$
declare
  v_context text[] := tenancy.require_context('write');
  v_org_id uuid := v_context[2];
  v_kind text := p_entry ->> 'kind';
  v_skus text[];
  v_codes text[];
  v_items uuid[];
  v_locations uuid[];
  v_lots text[];
  v_quantities numeric[];
  v_expected_versions bigint[];
  v_fits boolean;
  v_is_exact boolean;
  v_has_sign boolean;
  v_lines jsonb;
begin
  perform inventory.require_kinds(array[v_kind], inventory.postable_kinds());

  select
    array_agg(line.sku order by n), array_agg(line.location order by n),
    array_agg(i.id order by n), array_agg(l.id order by n), array_agg(coalesce(line.lot, '') order by n),
    array_agg(line.quantity order by n), array_agg(line."expectedVersion" order by n),
    bool_and(i.id is not null and l.id is not null and inventory.lot_fault(i.tracking, coalesce(line.lot, '')) is null),
    bool_and(inventory.is_exact(line.quantity) is true), bool_and(inventory.has_sign(v_kind, line.quantity))
  into v_skus, v_codes, v_items, v_locations, v_lots, v_quantities, v_expected_versions, v_fits, v_is_exact, v_has_sign
  from rows from (
    jsonb_to_recordset(p_entry -> 'lines')
      as (sku text, location text, lot text, quantity numeric, "expectedVersion" bigint)
  ) with ordinality as line (sku, location, lot, quantity, "expectedVersion", n)
  left join lateral (
    select i.id, i.tracking from inventory.items i where i.org_id = v_org_id and i.sku = line.sku offset 0
  ) as i on true
  left join lateral (
    select l.id from inventory.locations l where l.org_id = v_org_id and l.code = line.location offset 0
  ) as l on true;

  if v_fits is not true then
    -- Only a line without such a SKU or code may have an alias or another normal form. With the current codes, none has.
    v_lines := inventory.current_codes(p_entry -> 'lines');
    if v_lines <> p_entry -> 'lines' then
      return inventory.post_entry(jsonb_set(p_entry, '{lines}', v_lines));
    end if;
    perform inventory.raise_line_errors(p_entry -> 'lines');
    raise exception 'the entry has no lines' using errcode = 'SK301',
      detail = json_build_array(json_build_object('field', 'lines', 'message', 'is empty: an entry has at least one line'));
  end if;

  if not v_is_exact or cardinality(v_skus) > 1000 then
    perform inventory.raise_out_of_bounds(p_entry -> 'lines');
  end if;

  if v_kind = 'transfer' and exists (
    select from unnest(v_items, v_lots, v_quantities) as line (item_id, lot, quantity)
    group by item_id, lot
    having sum(quantity) <> 0
  ) then
    raise exception 'a transfer must sum to zero per item and lot' using errcode = 'SK302';
  end if;

  if v_kind = 'transfer' then
    perform inventory.refuse_round_trip(v_items, v_locations, v_lots, v_quantities);
  end if;

  if not v_has_sign then
    raise exception 'a line has the wrong sign for the kind %', v_kind using errcode = 'SK303';
  end if;

  return inventory.insert_entry(
    v_org_id, v_context[3], v_kind, p_entry ->> 'reference', (p_entry ->> 'occurredAt')::timestamptz,
    p_entry -> 'metadata', null, v_skus, v_codes, v_items, v_locations, v_lots, v_quantities, v_expected_versions
  );
end
$$;

comment on function inventory.post_entry is
  'Posts one entry, all of its lines or none: {kind, reference?, occurredAt?, metadata?, lines: [{sku, location, '
  'lot?, quantity, expectedVersion?}]}, quantities signed in the item''s own unit. Returns the posted entry with '
  'the balance each line left. Raises SK201 insufficient stock, SK202 stale balance, SK301 unknown item, location '
  'or lot, a transfer to where it comes from, or an effect in the future, SK302 unbalanced transfer, SK303 sign against kind, SK304 or 23514 a '
  'value out of its bounds, SK104 write scope missing.';
grant execute on function inventory.post_entry to stockade_api, stockade_jobs;

create or replace function inventory.reverse_entry(p_entry_id uuid, p_reference text, p_metadata jsonb)
returns json
language plpgsql
volatile
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
  v_context text[] := tenancy.require_context('write');
  v_org_id uuid := v_context[2];
  v_kind text;
  v_skus text[];
  v_codes text[];
  v_items uuid[];
  v_locations uuid[];
  v_lots text[];
  v_quantities numeric[];
  v_constraint text;
begin
  select kind into v_kind from inventory.entries where org_id = v_org_id and id = p_entry_id;
  if not found then
    raise exception 'there is no entry %', p_entry_id using errcode = 'SK404';
  end if;
  if v_kind = 'reversal' then
    raise exception 'a reversal cannot be reversed: post the entry again' using errcode = 'SK204';
  end if;

  -- Subselects: of two joins, either could be planned first.
  select
    array_agg((select i.sku from inventory.items i where i.org_id = m.org_id and i.id = m.item_id) order by m.line),
    array_agg((select l.code from inventory.locations l where l.org_id = m.org_id and l.id = m.location_id) order by m.line),
    array_agg(m.item_id order by m.line), array_agg(m.location_id order by m.line),
    array_agg(m.lot order by m.line), array_agg(- m.quantity order by m.line)
  into v_skus, v_codes, v_items, v_locations, v_lots, v_quantities
  from inventory.movements m
  where m.org_id = v_org_id and m.entry_id = p_entry_id;

  return inventory.insert_entry(
    v_org_id, v_context[3], 'reversal', p_reference, null, p_metadata, p_entry_id, v_skus, v_codes,
    v_items, v_locations, v_lots, v_quantities, array[]::bigint[]
  );
exception
  when unique_violation then
    get stacked diagnostics v_constraint = constraint_name;
    if v_constraint = 'entries_reverses' then
      raise exception 'the entry % is already reversed', p_entry_id using errcode = 'SK203';
    end if;
    raise;
end
$$;

comment on function inventory.reverse_entry is
  'Posts the opposite of an entry, once. Raises SK404 no such entry, SK203 already reversed, SK204 a reversal '
  'itself, SK201 when the stock to take back is gone, 23514 a value out of its bounds.';
grant execute on function inventory.reverse_entry to stockade_api;
