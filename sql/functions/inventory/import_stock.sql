--! needs inventory/forms
--! needs inventory/posting_rules
--! needs inventory/reserving/expiry
--! needs 000013_balances
--! needs 000030_aliases
-- The stock policy for the entries of an import.
--
-- The trigger on movements cannot apply it to a batch: it sees one statement, in which a receipt would make up for an issue
-- that came before it.

create or replace function inventory.import_refusals(
  p_org_id uuid,
  p_options jsonb,
  p_entry_count integer,
  p_skus text[],
  p_item_ids uuid[],
  p_allow_negative boolean[],
  p_locations text[],
  p_location_ids uuid[],
  p_line_entries integer[],
  p_line_skus integer[],
  p_line_locations integer[],
  p_lots text[],
  p_quantities numeric[],
  out refusals text[],
  out moved jsonb
)
language plpgsql
volatile
set search_path = ''
-- Planned for its own arrays each time: a plan for arrays of unknown length would take them for ten elements.
set plan_cache_mode = 'force_custom_plan'
as $$
declare
  v_trial constant boolean := (p_options ->> 'trial')::boolean;
  v_greatest constant numeric := inventory.greatest_quantity();
  v_key_skus integer[];
  v_key_locations integer[];
  v_key_lots text[];
  v_before numeric[];
  v_reserved numeric[];
  v_on_hand numeric[];
  v_entry record;
  v_key integer;
  v_after numeric;
begin
  refusals := array_fill(null::text, array[p_entry_count]);

  select
    array_agg(key.sku order by key.sku, key.location, key.lot),
    array_agg(key.location order by key.sku, key.location, key.lot),
    array_agg(key.lot order by key.sku, key.location, key.lot),
    array_agg(coalesce(b.on_hand, 0) + coalesce(earlier.quantity, 0) order by key.sku, key.location, key.lot),
    array_agg(
      coalesce(inventory.reserved_now(p_org_id, b.item_id, b.location_id, b.lot, b.reserved), 0)
      order by key.sku, key.location, key.lot
    )
  into v_key_skus, v_key_locations, v_key_lots, v_before, v_reserved
  from (
    select distinct line.sku, line.location, line.lot
    from unnest(p_line_skus, p_line_locations, p_lots) as line (sku, location, lot)
  ) as key
  left join inventory.balances b
    on b.org_id = p_org_id
    and b.item_id = p_item_ids[key.sku]
    and b.location_id = p_location_ids[key.location]
    and b.lot = key.lot
  -- A trial posts nothing, so it passes in what its earlier batches would have moved.
  left join jsonb_to_recordset(coalesce(p_options -> 'moved', '[]'))
    as earlier (sku text, location text, lot text, quantity numeric)
    on earlier.sku = p_skus[key.sku]
    and earlier.location = p_locations[key.location]
    and earlier.lot = key.lot;
  v_on_hand := v_before;

  for v_entry in
    select by_key.entry, array_agg(by_key.key) as keys, array_agg(by_key.quantity) as quantities
    from (
      -- Two lines of one key in one entry are summed before the check.
      select line.entry, line.key, sum(line.quantity) as quantity
      from (
        select
          entry,
          quantity,
          dense_rank() over (order by sku, location, lot)::integer as key
        from unnest(p_line_entries, p_line_skus, p_line_locations, p_lots, p_quantities)
          as line (entry, sku, location, lot, quantity)
      ) as line
      group by line.entry, line.key
      order by line.entry, line.key
    ) as by_key
    group by by_key.entry
    order by by_key.entry
  loop
    for i in 1..cardinality(v_entry.keys) loop
      v_key := v_entry.keys[i];
      v_after := v_on_hand[v_key] + v_entry.quantities[i];
      if inventory.is_short(v_entry.quantities[i], v_after, v_reserved[v_key], p_allow_negative[v_key_skus[v_key]]) then
        refusals[v_entry.entry] := format(
          'not enough stock of %s at %s%s: %s available, the entry takes %s',
          p_skus[v_key_skus[v_key]],
          p_locations[v_key_locations[v_key]],
          ', lot ' || nullif(v_key_lots[v_key], ''),
          trim_scale(v_on_hand[v_key] - v_reserved[v_key]),
          trim_scale(- v_entry.quantities[i])
        );
      elsif greatest(abs(v_after), abs(v_after - v_before[v_key])) > v_greatest then
        refusals[v_entry.entry] := format(
          'the balance of %s at %s would exceed fifteen digits, four of them decimals',
          p_skus[v_key_skus[v_key]],
          p_locations[v_key_locations[v_key]]
        );
      end if;
      exit when refusals[v_entry.entry] is not null;
    end loop;

    if refusals[v_entry.entry] is null then
      for i in 1..cardinality(v_entry.keys) loop
        v_key := v_entry.keys[i];
        v_on_hand[v_key] := v_on_hand[v_key] + v_entry.quantities[i];
      end loop;
    end if;
  end loop;

  if v_trial then
    select jsonb_agg(
      jsonb_build_object(
        'sku', item.code,
        'location', location.code,
        'lot', key.lot,
        'quantity', key.after - key.before
      )
    )
    into moved
    from unnest(v_key_skus, v_key_locations, v_key_lots, v_before, v_on_hand) as key (sku, location, lot, before, after)
    -- Under every code, because a later batch may use another one.
    cross join lateral (
      select p_skus[key.sku]
      union
      select i.sku from inventory.items i where i.org_id = p_org_id and i.id = p_item_ids[key.sku]
      union
      select a.alias from inventory.item_aliases a where a.org_id = p_org_id and a.item_id = p_item_ids[key.sku]
    ) as item (code)
    cross join lateral (
      select p_locations[key.location]
      union
      select l.code from inventory.locations l where l.org_id = p_org_id and l.id = p_location_ids[key.location]
      union
      select a.alias from inventory.location_aliases a where a.org_id = p_org_id and a.location_id = p_location_ids[key.location]
    ) as location (code)
    where key.after <> key.before;
  end if;
end
$$;

comment on function inventory.import_refusals is
  'Goes through the entries of a batch in order, as if each were posted alone, and finds those that the stock '
  'policy refuses: a refused entry takes nothing from those after it. refusals holds the reason of each refused '
  'entry by its number; moved, of a trial, what the others move.';

create or replace function inventory.hold_import_balances(
  p_org_id uuid,
  p_item_ids uuid[],
  p_location_ids uuid[],
  p_line_skus integer[],
  p_line_locations integer[],
  p_lots text[],
  p_reasons text[]
)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  -- In the order of the trigger on movements. Taking only some of them first could meet a posting that takes all, and
  -- deadlock.
  insert into inventory.balances as b (org_id, item_id, location_id, lot, on_hand, version)
  select distinct p_org_id, p_item_ids[line.sku], p_location_ids[line.location], line.lot, 0, 0
  from unnest(p_line_skus, p_line_locations, p_lots, p_reasons) as line (sku, location, lot, reason)
  where line.reason is null
  order by 2, 3, 4
  on conflict (org_id, item_id, location_id, lot) do update
    set version = b.version;
end
$$;

comment on function inventory.hold_import_balances is
  'Locks every balance of a batch until the trigger has applied it; a balance that does not exist yet is created with zeros.';

create or replace function inventory.release_import_balances(
  p_org_id uuid,
  p_item_ids uuid[],
  p_location_ids uuid[],
  p_line_skus integer[],
  p_line_locations integer[],
  p_lots text[]
)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  delete from inventory.balances b
  where b.org_id = p_org_id
    and b.version = 0
    and b.reserved = 0
    and (b.item_id, b.location_id, b.lot) in (
      select p_item_ids[line.sku], p_location_ids[line.location], line.lot
      from unnest(p_line_skus, p_line_locations, p_lots) as line (sku, location, lot)
    );
end
$$;

comment on function inventory.release_import_balances is
  'Deletes the balances that were created only to be locked: those that nothing moved in, and nobody has reserved.';
