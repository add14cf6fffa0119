--! needs inventory/forms
--! needs inventory/import_lines
--! needs inventory/import_stock
--! needs inventory/items
--! needs inventory/locations
--! needs inventory/posting_rules
--! needs tenancy/context
--! needs 000008_movement_columns
--! needs 000011_entries
--! needs 000020_imports
-- Posting a batch of an import.

-- Each item and location comes once. A line names them, and its entry, by their position.
create or replace function inventory.import_batch(
  p_file_digest bytea,
  p_profile_digest bytea,
  p_file_name text,
  p_options jsonb,
  p_skus text[],
  p_names text[],
  p_locations text[],
  p_kinds text[],
  p_references text[],
  p_times text[],
  p_lines bigint[],
  p_line_entries integer[],
  p_line_skus integer[],
  p_line_locations integer[],
  p_lots text[],
  p_quantities numeric[]
)
returns json
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  -- A trial reports what would happen and writes nothing: it runs in a read-only transaction.
  v_trial constant boolean := (p_options ->> 'trial')::boolean;
  v_create constant boolean := (p_options ->> 'createMissing')::boolean;
  v_retry constant boolean := (p_options ->> 'retryRejects')::boolean;
  -- The names that only an alias can be, each with the reason.
  v_malformed_items constant jsonb := p_options -> 'malformed' -> 'items';
  v_malformed_locations constant jsonb := p_options -> 'malformed' -> 'locations';
  -- A trial may be for an organization that does not exist yet: then none is entered, and nothing is found.
  v_org_id constant uuid := case when v_trial then tenancy.current_org() else tenancy.require_scope('write') end;
  v_import inventory.imports;
  -- Arrays of their own, not fields of a record: only in a variable is an element found without counting.
  v_item_ids uuid[];
  v_tracking text[];
  v_allow_negative boolean[];
  v_location_ids uuid[];
  v_skus text[] := p_skus;
  v_codes text[] := p_locations;
  -- Of each line: null when it is to be applied, '' when it was settled before, else why it is rejected.
  v_reasons text[];
  v_missing_items text[];
  v_missing_names text[];
  v_missing_locations text[];
  v_items_created bigint := 0;
  v_locations_created bigint := 0;
  v_watch_all boolean := v_trial;
  v_held boolean := false;
  v_refusals text[];
  v_moved jsonb;
  v_entries bigint := 0;
  v_applied bigint := 0;
  v_rejected json;
begin
  -- A line of a file has one location, and a transfer has two.
  perform inventory.require_kinds(p_kinds, array_remove(inventory.postable_kinds(), 'transfer'));
  if exists (
    select from unnest(p_line_entries, p_quantities) as line (entry, quantity)
    where not inventory.has_sign(p_kinds[line.entry], line.quantity)
  ) then
    raise exception 'a line of an import has the wrong sign for its kind' using errcode = 'SK303';
  end if;
  if exists (select from unnest(p_quantities) as line (quantity) where inventory.is_exact(line.quantity) is not true) then
    raise exception 'a line of an import has a quantity that would be rounded' using errcode = 'SK304',
      detail = json_build_array(json_build_object(
        'field', 'quantity', 'message', 'must be a number of at most fifteen digits, four of them decimals'
      ));
  end if;
  if exists (select from tenancy.organizations where id = v_org_id and status <> 'active') then
    raise exception 'this organization is suspended' using errcode = 'SK103';
  end if;

  if not v_trial then
    perform inventory.begin_import_file(v_org_id, p_file_digest, p_profile_digest, p_file_name);
  end if;
  select * into v_import
  from inventory.imports
  where org_id = v_org_id and file_digest = p_file_digest and profile_digest = p_profile_digest;

  select * into v_item_ids, v_tracking, v_allow_negative
  from inventory.find_import_items(v_org_id, v_skus, p_options);
  v_location_ids := inventory.find_import_locations(v_org_id, v_codes);
  -- What has no such SKU or code may be an alias or another normal form. Lines that name one item twice get one position.
  -- What is missing then stays so: nobody gives its code to something else before it is created.
  if array_position(v_item_ids, null) is not null then
    if v_create and not v_trial then
      perform inventory.hold_item_codes('{}');
    end if;
    v_skus := inventory.current_skus(v_org_id, p_skus);
    if v_skus <> p_skus then
      p_line_skus := inventory.first_positions(v_skus, p_line_skus);
    end if;
    -- Also what others have created before the lock was there.
    select * into v_item_ids, v_tracking, v_allow_negative
    from inventory.find_import_items(v_org_id, v_skus, p_options);
  end if;
  if array_position(v_location_ids, null) is not null then
    if v_create and not v_trial then
      perform inventory.hold_location_codes('{}');
    end if;
    v_codes := inventory.current_location_codes(v_org_id, p_locations);
    if v_codes <> p_locations then
      p_line_locations := inventory.first_positions(v_codes, p_line_locations);
    end if;
    v_location_ids := inventory.find_import_locations(v_org_id, v_codes);
  end if;
  if v_skus <> p_skus or v_codes <> p_locations then
    -- What a trial has moved is named by the codes of the file.
    p_options := p_options || jsonb_build_object('moved', (
      select coalesce(
        jsonb_agg(distinct moved.value || jsonb_build_object(
          'sku', v_skus[array_position(p_skus, moved.value ->> 'sku')],
          'location', v_codes[array_position(p_locations, moved.value ->> 'location')]
        )),
        '[]'
      )
      from jsonb_array_elements(p_options -> 'moved') as moved (value)
    ));
  end if;

  select array_agg(
    case
      when line.line <= v_import.lines_through
        and not (
          v_retry
          and exists (
            select from inventory.import_rejects r
            where r.org_id = v_org_id and r.import_id = v_import.id and r.line = line.line
          )
        )
        then ''
      when v_item_ids[line.sku] is null and (not v_create or v_malformed_items ? p_skus[line.sku])
        then coalesce(v_malformed_items ->> p_skus[line.sku], inventory.no_such_item(p_skus[line.sku]))
      when v_location_ids[line.location] is null and (not v_create or v_malformed_locations ? p_locations[line.location])
        then coalesce(
          v_malformed_locations ->> p_locations[line.location],
          inventory.no_such_location(p_locations[line.location])
        )
      else coalesce(
        inventory.lot_fault(v_tracking[line.sku], line.lot),
        'the time ' || inventory.ahead_fault(p_times[line.entry]::timestamp at time zone (p_options ->> 'timeZone'))
      )
    end
    order by line.n
  )
  into v_reasons
  from unnest(p_lines, p_line_entries, p_line_skus, p_line_locations, p_lots)
    with ordinality as line (line, entry, sku, location, lot, n);

  if v_create and array_position(v_item_ids, null) is not null then
    select array_agg(v_skus[missing.sku]), array_agg(p_names[missing.sku])
    into v_missing_items, v_missing_names
    from (
      select distinct line.sku
      from unnest(p_line_skus, v_reasons) as line (sku, reason)
      where reason is null and v_item_ids[line.sku] is null
    ) as missing;
    if not v_trial then
      v_items_created := inventory.make_import_items(v_org_id, v_missing_items, v_missing_names, p_options);
      select * into v_item_ids, v_tracking, v_allow_negative
      from inventory.find_import_items(v_org_id, v_skus, p_options);
    end if;
  end if;

  if v_create and array_position(v_location_ids, null) is not null then
    select array_agg(v_codes[missing.location])
    into v_missing_locations
    from (
      select distinct line.location
      from unnest(p_line_locations, v_reasons) as line (location, reason)
      where reason is null and v_location_ids[line.location] is null
    ) as missing;
    if not v_trial then
      v_locations_created := inventory.make_import_locations(v_org_id, v_missing_locations);
      v_location_ids := inventory.find_import_locations(v_org_id, v_codes);
    end if;
  end if;

  loop
    -- Only items that may not go negative can refuse an entry; all are watched once a balance has overflowed.
    if v_watch_all or exists (
      select from unnest(p_line_skus, p_quantities, v_reasons) as line (sku, quantity, reason)
      where reason is null and quantity < 0 and not v_allow_negative[line.sku]
    ) then
      if not v_trial then
        perform inventory.hold_import_balances(
          v_org_id, v_item_ids, v_location_ids, p_line_skus, p_line_locations, p_lots, v_reasons
        );
        v_held := true;
      end if;

      select refused.refusals, refused.moved
      into v_refusals, v_moved
      from (
        select
          array_agg(line.entry order by n) as entries,
          array_agg(line.sku order by n) as skus,
          array_agg(line.location order by n) as locations,
          array_agg(line.lot order by n) as lots,
          array_agg(line.quantity order by n) as quantities
        from unnest(p_line_entries, p_line_skus, p_line_locations, p_lots, p_quantities, v_reasons)
          with ordinality as line (entry, sku, location, lot, quantity, reason, n)
        where line.reason is null and (v_watch_all or not v_allow_negative[line.sku])
      ) as watched
      cross join lateral inventory.import_refusals(
        v_org_id, p_options, cardinality(p_kinds), v_skus, v_item_ids, v_allow_negative,
        v_codes, v_location_ids, watched.entries, watched.skus, watched.locations, watched.lots, watched.quantities
      ) as refused;
      select array_agg(coalesce(line.reason, v_refusals[line.entry]) order by n)
      into v_reasons
      from unnest(p_line_entries, v_reasons) with ordinality as line (entry, reason, n);
    end if;

    select count(distinct line.entry), count(*)
    into v_entries, v_applied
    from unnest(p_line_entries, v_reasons) as line (entry, reason)
    where line.reason is null;
    exit when v_trial or v_applied = 0;

    begin
      perform inventory.post_import_entries(
        v_org_id, v_import.id, p_options, p_kinds, p_references, p_times, v_item_ids, v_location_ids,
        p_lines, p_line_entries, p_line_skus, p_line_locations, p_lots, p_quantities, v_reasons
      );
      exit;
    exception
      when numeric_value_out_of_range then
        if v_watch_all then
          raise;
        end if;
        v_watch_all := true;
    end;
  end loop;

  if v_held then
    perform inventory.release_import_balances(v_org_id, v_item_ids, v_location_ids, p_line_skus, p_line_locations, p_lots);
  end if;

  if not v_trial then
    perform inventory.settle_import_lines(v_import, p_options, p_lines, v_reasons, v_applied, v_entries);
  end if;

  select json_agg(
    json_build_object('line', line.line, 'reason', coalesce(nullif(line.reason, ''), r.reason))
    order by line.line
  )
  into v_rejected
  from unnest(p_lines, v_reasons) as line (line, reason)
  left join inventory.import_rejects r
    on r.org_id = v_org_id and r.import_id = v_import.id and r.line = line.line and line.reason = ''
  where coalesce(nullif(line.reason, ''), r.reason) is not null;

  return json_build_object(
    'applied', v_applied,
    'entries', v_entries,
    'itemsCreated', v_items_created,
    'locationsCreated', v_locations_created,
    'rejected', coalesce(v_rejected, '[]'),
    'moved', v_moved,
    'missing', json_build_object('items', v_missing_items, 'locations', v_missing_locations)
  );
end
$$;

comment on function inventory.import_batch is
  'Posts a batch of lines of an import, of the organization that was entered: every line that is not settled yet '
  'is applied or rejected with a reason, and settled with that. An entry the stock policy refuses is rejected '
  'whole, the others are applied. p_options: {timeZone, createMissing, unit, tracking, allowNegative (of what is '
  'made), malformed ({items, locations}: each a reason by name), retryRejects, finished, trial (only tell), moved (by earlier batches of the trial)}. Returns {applied, '
  'entries, itemsCreated, locationsCreated, rejected: [{line, reason}], moved (of a trial), missing: {items, locations} (what is made)}. Raises '
  'SK103 organization suspended, SK104 write scope missing, SK301, SK303 and SK304 a kind, sign or quantity that '
  'cannot be imported, 23514 a value out of its bounds.';
grant execute on function inventory.import_batch to stockade_jobs;
