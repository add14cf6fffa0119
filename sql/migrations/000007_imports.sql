-- Imports: what a file has brought into an organization, how far it has come, and the lines that were refused.
--
-- A line of a file is settled when it lies at or below lines_through of its organization: it is applied, unless
-- import_rejects lists it. Both move in the transaction that posts the line, so that no run applies a line twice.
create table inventory.imports (
  org_id uuid not null references tenancy.organizations (id),
  id uuid not null default inventory.new_id(),
  -- SHA-256 of the file, and of how the profile reads its lines: the same of both is the same import.
  file_digest bytea not null check (length(file_digest) = 32),
  profile_digest bytea not null check (length(profile_digest) = 32),
  file_name text not null check (length(file_name) between 1 and 255),
  lines_through bigint not null default 0 check (lines_through >= 0),
  applied bigint not null default 0 check (applied >= 0),
  rejected bigint not null default 0 check (rejected >= 0),
  entries bigint not null default 0 check (entries >= 0),
  started_at timestamptz(3) not null default now(),
  finished_at timestamptz(3),
  primary key (org_id, id),
  unique (org_id, file_digest, profile_digest)
);

create table inventory.import_rejects (
  org_id uuid not null,
  import_id uuid not null,
  line bigint not null check (line >= 1),
  reason text not null,
  primary key (org_id, import_id, line),
  foreign key (org_id, import_id) references inventory.imports (org_id, id)
);

alter table inventory.imports enable row level security;
alter table inventory.imports force row level security;
create policy tenant on inventory.imports
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

alter table inventory.import_rejects enable row level security;
alter table inventory.import_rejects force row level security;
create policy tenant on inventory.import_rejects
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

grant select on inventory.imports, inventory.import_rejects to stockade_api, stockade_jobs;

-- What items and locations of an import's batch are by now. Null ids are missing; the rest of a missing item is what it
-- would be made with.
create function inventory.find_import_items(
  p_org_id uuid,
  p_skus text[],
  p_options jsonb,
  out item_ids uuid[],
  out tracking text[],
  out allow_negative boolean[]
)
language sql
stable
set search_path = ''
as $$
  select
    array_agg(i.id order by s.n),
    array_agg(coalesce(i.tracking, p_options ->> 'tracking') order by s.n),
    array_agg(coalesce(i.allow_negative, (p_options ->> 'allowNegative')::boolean) order by s.n)
  from unnest(p_skus) with ordinality as s (sku, n)
  left join inventory.items i on i.org_id = p_org_id and i.sku = s.sku
$$;

create function inventory.find_import_locations(p_org_id uuid, p_codes text[])
returns uuid[]
language sql
stable
set search_path = ''
as $$
  select array_agg(l.id order by s.n)
  from unnest(p_codes) with ordinality as s (code, n)
  left join inventory.locations l on l.org_id = p_org_id and l.code = s.code
$$;

-- Makes items and locations in the order of their codes, so that two imports that make the same ones cannot deadlock.
create function inventory.make_import_items(p_org_id uuid, p_skus text[], p_names text[], p_options jsonb)
returns bigint
language sql
volatile
set search_path = ''
as $$
  with made as (
    insert into inventory.items (org_id, sku, name, unit, tracking, allow_negative)
    select
      p_org_id, s.sku, coalesce(s.name, s.sku), p_options ->> 'unit',
      p_options ->> 'tracking', (p_options ->> 'allowNegative')::boolean
    from unnest(p_skus, p_names) as s (sku, name)
    order by s.sku
    on conflict (org_id, sku) do nothing
    returning id
  )
  select count(*) from made
$$;

create function inventory.make_import_locations(p_org_id uuid, p_codes text[])
returns bigint
language sql
volatile
set search_path = ''
as $$
  with made as (
    insert into inventory.locations (org_id, code, name)
    select p_org_id, s.code, s.code
    from unnest(p_codes) as s (code)
    order by s.code
    on conflict (org_id, code) do nothing
    returning id
  )
  select count(*) from made
$$;

-- Goes through the entries of a batch in their order, as if each were posted alone, and tells which of them the stock
-- policy refuses: an entry that is refused takes nothing from those behind it. The trigger on movements cannot tell,
-- since it sees one statement: there a receipt would make up for an issue that came before it.
-- refusals has the reason of each refused entry by its number, moved (of a trial) what the others move.
create function inventory.import_refusals(
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
  -- The greatest number that numeric(15,4) holds.
  v_most constant numeric := 99999999999.9999;
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
    array_agg(coalesce(b.reserved, 0) order by key.sku, key.location, key.lot)
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
  -- A trial posts nothing, so it brings along what its batches before this one would have moved.
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
      if v_entry.quantities[i] < 0
        and v_after < v_reserved[v_key]
        and not p_allow_negative[v_key_skus[v_key]]
      then
        refusals[v_entry.entry] := format(
          'not enough stock of %s at %s%s: %s available, the entry takes %s',
          p_skus[v_key_skus[v_key]],
          p_locations[v_key_locations[v_key]],
          ', lot ' || nullif(v_key_lots[v_key], ''),
          trim_scale(v_on_hand[v_key] - v_reserved[v_key]),
          trim_scale(- v_entry.quantities[i])
        );
      elsif abs(v_after) > v_most or abs(v_after - v_before[v_key]) > v_most then
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
        'sku', p_skus[key.sku],
        'location', p_locations[key.location],
        'lot', key.lot,
        'quantity', key.after - key.before
      )
    )
    into moved
    from unnest(v_key_skus, v_key_locations, v_key_lots, v_before, v_on_hand) as key (sku, location, lot, before, after)
    where key.after <> key.before;
  end if;
end
$$;

-- Items and locations come once each, and lines name them, and their entry, by position.
create function inventory.import_batch(
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
  -- Tells what would happen and writes nothing, so that it runs in a read-only transaction.
  v_trial constant boolean := (p_options ->> 'trial')::boolean;
  v_create constant boolean := (p_options ->> 'createMissing')::boolean;
  v_retry constant boolean := (p_options ->> 'retryRejects')::boolean;
  -- A trial may be for an organization that does not exist yet: then none is entered, and nothing is found.
  v_org_id constant uuid := case when v_trial then tenancy.current_org() else tenancy.require_scope('write') end;
  v_import inventory.imports;
  -- Arrays of their own, not fields of a record: only a variable's elements are found without counting them off.
  v_item_ids uuid[];
  v_tracking text[];
  v_allow_negative boolean[];
  v_location_ids uuid[];
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
  v_recorded_at timestamptz(3) := clock_timestamp();
  v_entry_ids uuid[];
  v_occurred_at timestamptz[];
  v_entries bigint := 0;
  v_applied bigint := 0;
  v_rejected json;
begin
  if exists (
    select from unnest(p_kinds) as kind
    where kind is null or kind not in ('receipt', 'return', 'issue', 'adjustment', 'opening')
  ) then
    raise exception 'an entry of an import has a kind that cannot be imported' using errcode = 'SK301', detail = json_build_array(
      json_build_object('field', 'kind', 'message', 'is none of receipt, return, issue, adjustment, opening'));
  end if;
  if exists (
    select from unnest(p_line_entries, p_quantities) as line (entry, quantity)
    where (quantity < 0 and p_kinds[entry] in ('receipt', 'return')) or (quantity > 0 and p_kinds[entry] = 'issue')
  ) then
    raise exception 'a line of an import has the wrong sign for its kind' using errcode = 'SK303';
  end if;
  if exists (select from tenancy.organizations where id = v_org_id and status <> 'active') then
    raise exception 'this organization is suspended' using errcode = 'SK103';
  end if;

  if not v_trial then
    insert into inventory.imports (org_id, file_digest, profile_digest, file_name)
    values (v_org_id, p_file_digest, p_profile_digest, p_file_name)
    on conflict (org_id, file_digest, profile_digest) do nothing;
    -- Of two runs of one import the second waits here, and then finds the lines settled.
    perform
    from inventory.imports
    where org_id = v_org_id and file_digest = p_file_digest and profile_digest = p_profile_digest
    for update;
  end if;
  select * into v_import
  from inventory.imports
  where org_id = v_org_id and file_digest = p_file_digest and profile_digest = p_profile_digest;

  select * into v_item_ids, v_tracking, v_allow_negative
  from inventory.find_import_items(v_org_id, p_skus, p_options);
  v_location_ids := inventory.find_import_locations(v_org_id, p_locations);

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
      when v_item_ids[line.sku] is null and not v_create
        then format('there is no item with the SKU %s', to_json(p_skus[line.sku]))
      when v_location_ids[line.location] is null and not v_create
        then format('there is no location with the code %s', to_json(p_locations[line.location]))
      when v_tracking[line.sku] = 'lot' and line.lot = ''
        then format('the item %s is tracked by lot and the line names none', to_json(p_skus[line.sku]))
      when v_tracking[line.sku] = 'none' and line.lot <> ''
        then format('the item %s is not tracked by lot and the line names one', to_json(p_skus[line.sku]))
    end
    order by line.n
  )
  into v_reasons
  from unnest(p_lines, p_line_skus, p_line_locations, p_lots)
    with ordinality as line (line, sku, location, lot, n);

  if v_create and array_position(v_item_ids, null) is not null then
    select array_agg(p_skus[missing.sku]), array_agg(p_names[missing.sku])
    into v_missing_items, v_missing_names
    from (
      select distinct line.sku
      from unnest(p_line_skus, v_reasons) as line (sku, reason)
      where reason is null and v_item_ids[line.sku] is null
    ) as missing;
    if not v_trial then
      v_items_created := inventory.make_import_items(v_org_id, v_missing_items, v_missing_names, p_options);
      select * into v_item_ids, v_tracking, v_allow_negative
      from inventory.find_import_items(v_org_id, p_skus, p_options);
    end if;
  end if;

  if v_create and array_position(v_location_ids, null) is not null then
    select array_agg(p_locations[missing.location])
    into v_missing_locations
    from (
      select distinct line.location
      from unnest(p_line_locations, v_reasons) as line (location, reason)
      where reason is null and v_location_ids[line.location] is null
    ) as missing;
    if not v_trial then
      v_locations_created := inventory.make_import_locations(v_org_id, v_missing_locations);
      v_location_ids := inventory.find_import_locations(v_org_id, p_locations);
    end if;
  end if;

  loop
    -- Only items that may not go negative can refuse an entry; all are watched once a balance has overflowed.
    if v_watch_all or exists (
      select from unnest(p_line_skus, p_quantities, v_reasons) as line (sku, quantity, reason)
      where reason is null and quantity < 0 and not v_allow_negative[line.sku]
    ) then
      if not v_trial then
        -- Held until the trigger has applied the batch: every balance of it, in the trigger's order, also those that
        -- are not there yet. Taking only some of them first could meet a posting that takes all, and deadlock.
        insert into inventory.balances as b (org_id, item_id, location_id, lot, on_hand, version)
        select distinct v_org_id, v_item_ids[line.sku], v_location_ids[line.location], line.lot, 0, 0
        from unnest(p_line_skus, p_line_locations, p_lots, v_reasons) as line (sku, location, lot, reason)
        where line.reason is null
        order by 2, 3, 4
        on conflict (org_id, item_id, location_id, lot) do update
          set version = b.version;
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
        v_org_id, p_options, cardinality(p_kinds), p_skus, v_item_ids, v_allow_negative,
        p_locations, v_location_ids, watched.entries, watched.skus, watched.locations, watched.lots, watched.quantities
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
      v_entry_ids := array(select inventory.new_id() from generate_series(1, cardinality(p_kinds)));
      v_occurred_at := array(
        select coalesce(at::timestamp at time zone (p_options ->> 'timeZone'), v_recorded_at)
        from unnest(p_times) with ordinality as t (at, n)
        order by n
      );

      insert into inventory.entries (org_id, id, kind, reference, occurred_at, recorded_at, actor, metadata)
      select
        v_org_id, v_entry_ids[e.entry], p_kinds[e.entry], p_references[e.entry], v_occurred_at[e.entry], v_recorded_at,
        tenancy.current_actor(), jsonb_build_object('import', v_import.id, 'line', e.first_line)
      from (
        select line.entry, min(line.line) as first_line
        from unnest(p_lines, p_line_entries, v_reasons) as line (line, entry, reason)
        where line.reason is null
        group by line.entry
      ) as e
      order by e.entry;

      insert into inventory.movements (org_id, entry_id, line, item_id, location_id, lot, quantity, occurred_at, recorded_at)
      select
        v_org_id, v_entry_ids[m.entry], row_number() over (partition by m.entry order by m.n),
        v_item_ids[m.sku], v_location_ids[m.location], m.lot, m.quantity, v_occurred_at[m.entry], v_recorded_at
      from unnest(p_line_entries, p_line_skus, p_line_locations, p_lots, p_quantities, v_reasons)
        with ordinality as m (entry, sku, location, lot, quantity, reason, n)
      where m.reason is null
      order by m.n;
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
    -- Where nothing was applied to a balance that was made to be held, there is no balance.
    delete from inventory.balances b
    where b.org_id = v_org_id
      and b.version = 0
      and (b.item_id, b.location_id, b.lot) in (
        select v_item_ids[line.sku], v_location_ids[line.location], line.lot
        from unnest(p_line_skus, p_line_locations, p_lots) as line (sku, location, lot)
      );
  end if;

  if not v_trial then
    if v_retry then
      delete from inventory.import_rejects
      where org_id = v_org_id
        and import_id = v_import.id
        and line in (
          select applied.line
          from unnest(p_lines, v_reasons) as applied (line, reason)
          where applied.reason is null
        );
    end if;

    insert into inventory.import_rejects (org_id, import_id, line, reason)
    select v_org_id, v_import.id, rejected.line, rejected.reason
    from unnest(p_lines, v_reasons) as rejected (line, reason)
    where rejected.reason <> ''
    on conflict (org_id, import_id, line) do update set reason = excluded.reason;

    update inventory.imports i
    set lines_through = greatest(i.lines_through, batch.lines_through),
        applied = i.applied + v_applied,
        entries = i.entries + v_entries,
        rejected = i.rejected + batch.newly_rejected - batch.retried,
        finished_at = case when (p_options ->> 'finished')::boolean then coalesce(i.finished_at, now()) else i.finished_at end
    from (
      select
        coalesce(max(line.line), 0) as lines_through,
        count(*) filter (where line.reason <> '' and line.line > v_import.lines_through) as newly_rejected,
        count(*) filter (where line.reason is null and line.line <= v_import.lines_through) as retried
      from unnest(p_lines, v_reasons) as line (line, reason)
    ) as batch
    where i.org_id = v_org_id and i.id = v_import.id;
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
    'missing', case when v_trial then json_build_object('items', v_missing_items, 'locations', v_missing_locations) end
  );
end
$$;

comment on function inventory.import_batch is
  'Posts a batch of lines of an import, of the organization that was entered: every line that is not settled yet is applied or '
  'rejected with a reason, and settled with that. An entry the stock policy refuses is rejected whole, the others are applied. '
  'p_options: {timeZone, createMissing, unit, tracking, allowNegative (of what is made), retryRejects, finished, '
  'trial (only tell), moved (by earlier batches of the trial)}. '
  'Returns {applied, entries, itemsCreated, locationsCreated, rejected: [{line, reason}], moved and missing (of a trial)}. '
  'Raises SK103 organization suspended, SK104 write scope missing, SK301 and SK303 a kind or sign that cannot be imported.';

grant execute on function inventory.import_batch to stockade_jobs;
