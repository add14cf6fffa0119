-- Imports: what a file has brought into an organization, how far it has come, and the lines that were refused.
--
-- A line of a file is settled when it lies at or below lines_through of its organization: it is applied, unless
-- import_rejects lists it. Both move in the transaction that posts the line, so that no run applies a line twice.
create table inventory.imports (
  org_id uuid not null references tenancy.organizations (id),
  id uuid not null default inventory.new_id(),
  -- SHA-256 of the file and of the profile it is read with: the same of both is the same import.
  digest bytea not null check (length(digest) = 32),
  file_name text not null check (length(file_name) between 1 and 255),
  lines_through bigint not null default 0 check (lines_through >= 0),
  applied bigint not null default 0 check (applied >= 0),
  rejected bigint not null default 0 check (rejected >= 0),
  entries bigint not null default 0 check (entries >= 0),
  started_at timestamptz(3) not null default now(),
  finished_at timestamptz(3),
  primary key (org_id, id),
  unique (org_id, digest)
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

-- Goes through the entries of a batch in their order, as if each were posted alone, and tells which of them the stock
-- policy refuses: an entry that is refused takes nothing from those behind it. The trigger on movements cannot tell,
-- since it sees one statement: there a receipt would make up for an issue that came before it.
-- The lines are given by entry and by item, location and lot; item_ids and location_ids are null for what a trial would make.
create function inventory.import_refusals(
  p_org_id uuid,
  p_options jsonb,
  p_skus text[],
  p_item_ids uuid[],
  p_allow_negative boolean[],
  p_locations text[],
  p_location_ids uuid[],
  p_entries integer[],
  p_line_skus integer[],
  p_line_locations integer[],
  p_lots text[],
  p_quantities numeric[],
  -- The reason of each refused entry, by its number; then what the others move, for the next batch of a trial.
  out refusals jsonb,
  out moved jsonb
)
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
as $$
declare
  -- The greatest number that numeric(15,4) holds.
  c_most constant numeric := 99999999999.9999;
  v_key_skus integer[];
  v_key_locations integer[];
  v_key_lots text[];
  v_on_hand numeric[];
  v_reserved numeric[];
  v_before numeric[];
  v_entry record;
  v_key integer;
  v_after numeric;
  v_reason text;
begin
  refusals := '{}';

  if not (p_options ->> 'trial')::boolean then
    -- In the order of the trigger, so that two who share keys lock them in the same order.
    perform
    from inventory.balances b
    where b.org_id = p_org_id
      and (b.item_id, b.location_id, b.lot) in (
        select p_item_ids[line.sku], p_location_ids[line.location], line.lot
        from unnest(p_line_skus, p_line_locations, p_lots) as line (sku, location, lot)
      )
    order by b.org_id, b.item_id, b.location_id, b.lot
    for update;
  end if;

  select
    array_agg(key.sku order by key.sku, key.location, key.lot),
    array_agg(key.location order by key.sku, key.location, key.lot),
    array_agg(key.lot order by key.sku, key.location, key.lot),
    array_agg(coalesce(b.on_hand, 0) + coalesce(earlier.quantity, 0) order by key.sku, key.location, key.lot),
    array_agg(coalesce(b.reserved, 0) order by key.sku, key.location, key.lot)
  into v_key_skus, v_key_locations, v_key_lots, v_on_hand, v_reserved
  from (
    select distinct line.sku, line.location, line.lot
    from unnest(p_line_skus, p_line_locations, p_lots) as line (sku, location, lot)
  ) as key
  left join inventory.balances b
    on b.org_id = p_org_id
    and b.item_id = p_item_ids[key.sku]
    and b.location_id = p_location_ids[key.location]
    and b.lot = key.lot
  -- What a trial's batches before this one would have moved.
  left join jsonb_to_recordset(p_options -> 'moved') as earlier (sku text, location text, lot text, quantity numeric)
    on earlier.sku = p_skus[key.sku]
    and earlier.location = p_locations[key.location]
    and earlier.lot = key.lot;
  v_before := v_on_hand;

  for v_entry in
    select line.entry, array_agg(line.key) as keys, array_agg(line.quantity) as quantities
    from (
      select line.entry, line.key, sum(line.quantity) as quantity
      from (
        select
          line.entry,
          line.quantity,
          dense_rank() over (order by line.sku, line.location, line.lot)::integer as key
        from unnest(p_entries, p_line_skus, p_line_locations, p_lots, p_quantities)
          as line (entry, sku, location, lot, quantity)
      ) as line
      group by line.entry, line.key
    ) as line
    group by line.entry
    order by line.entry
  loop
    v_reason := null;
    for i in 1..cardinality(v_entry.keys) loop
      v_key := v_entry.keys[i];
      v_after := v_on_hand[v_key] + v_entry.quantities[i];
      if v_entry.quantities[i] < 0
        and v_after < v_reserved[v_key]
        and not p_allow_negative[v_key_skus[v_key]]
      then
        v_reason := format(
          'not enough stock of %s at %s%s: %s available, %s taken by this entry',
          p_skus[v_key_skus[v_key]],
          p_locations[v_key_locations[v_key]],
          ', lot ' || nullif(v_key_lots[v_key], ''),
          trim_scale(v_on_hand[v_key] - v_reserved[v_key]),
          trim_scale(- v_entry.quantities[i])
        );
      elsif abs(v_after) > c_most or abs(v_after - v_before[v_key]) > c_most then
        v_reason := format(
          'the balance of %s at %s would exceed fifteen digits, four of them decimals',
          p_skus[v_key_skus[v_key]],
          p_locations[v_key_locations[v_key]]
        );
      end if;
      exit when v_reason is not null;
    end loop;

    if v_reason is not null then
      refusals := refusals || jsonb_build_object(v_entry.entry::text, v_reason);
    else
      for i in 1..cardinality(v_entry.keys) loop
        v_key := v_entry.keys[i];
        v_on_hand[v_key] := v_on_hand[v_key] + v_entry.quantities[i];
      end loop;
    end if;
  end loop;

  if (p_options ->> 'trial')::boolean then
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

create function inventory.import_batch(
  p_digest bytea,
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
-- Each call is planned for its own arrays: a plan for arrays of unknown length would take them for ten elements.
set plan_cache_mode = 'force_custom_plan'
as $$
declare
  v_trial constant boolean := (p_options ->> 'trial')::boolean;
  v_create constant boolean := (p_options ->> 'createMissing')::boolean;
  -- A trial may be for an organization that does not exist yet: then none was entered, and nothing is found.
  v_org_id constant uuid := case
    when (p_options ->> 'trial')::boolean then tenancy.current_org()
    else tenancy.require_scope('write')
  end;
  v_import inventory.imports;
  v_item_ids uuid[];
  v_tracking text[];
  v_allow_negative boolean[];
  v_location_ids uuid[];
  v_items_created bigint := 0;
  v_locations_created bigint := 0;
  -- Of each line: null while it is to be applied, else why not; '' when it was settled before.
  v_reasons text[];
  v_watch_all boolean;
  v_refusals jsonb;
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
    where line.quantity = 0
      or (p_kinds[line.entry] in ('receipt', 'return') and line.quantity < 0)
      or (p_kinds[line.entry] = 'issue' and line.quantity > 0)
  ) then
    raise exception 'a line of an import has the wrong sign for its kind' using errcode = 'SK303';
  end if;
  if (select status from tenancy.organizations where id = v_org_id) <> 'active' then
    raise exception 'this organization is suspended' using errcode = 'SK103';
  end if;

  if not v_trial then
    insert into inventory.imports (org_id, digest, file_name)
    values (v_org_id, p_digest, p_file_name)
    on conflict (org_id, digest) do nothing;
    -- Of two runs of one import the second waits here and then finds the lines settled.
    select * into strict v_import from inventory.imports where org_id = v_org_id and digest = p_digest for update;
  else
    select * into v_import from inventory.imports where org_id = v_org_id and digest = p_digest;
  end if;

  -- Twice when something is missing and may be made: before and after.
  for attempt in 1..2 loop
    select
      array_agg(i.id order by s.n),
      array_agg(coalesce(i.tracking, p_options ->> 'tracking') order by s.n),
      array_agg(coalesce(i.allow_negative, (p_options ->> 'allowNegative')::boolean) order by s.n)
    into v_item_ids, v_tracking, v_allow_negative
    from unnest(p_skus) with ordinality as s (sku, n)
    left join inventory.items i on i.org_id = v_org_id and i.sku = s.sku;

    select array_agg(l.id order by s.n)
    into v_location_ids
    from unnest(p_locations) with ordinality as s (code, n)
    left join inventory.locations l on l.org_id = v_org_id and l.code = s.code;

    if attempt = 1 then
      select array_agg(
        case
          when line.line <= v_import.lines_through and not (
            (p_options ->> 'retryRejects')::boolean
            and exists (
              select from inventory.import_rejects r
              where r.org_id = v_org_id and r.import_id = v_import.id and r.line = line.line
            )
          ) then ''
          when v_item_ids[line.sku] is null and not v_create
            then format('there is no item with the SKU %s', to_json(p_skus[line.sku]))
          when v_location_ids[line.location] is null and not v_create
            then format('there is no location with the code %s', to_json(p_locations[line.location]))
          when v_tracking[line.sku] = 'lot' and line.lot = ''
            then format('the item %s is tracked by lot, and the line names none', to_json(p_skus[line.sku]))
          when v_tracking[line.sku] = 'none' and line.lot <> ''
            then format('the item %s is not tracked by lot, and the line names one', to_json(p_skus[line.sku]))
        end
        order by line.n
      )
      into v_reasons
      from unnest(p_lines, p_line_skus, p_line_locations, p_lots)
        with ordinality as line (line, sku, location, lot, n);
    end if;

    exit when not v_create
      or (array_position(v_item_ids, null) is null and array_position(v_location_ids, null) is null);

    -- In the order of their codes, so that two imports that make the same ones cannot deadlock.
    with missing as (
      select p_skus[line.sku] as sku, p_names[line.sku] as name
      from unnest(p_line_skus, v_reasons) as line (sku, reason)
      where line.reason is null and v_item_ids[line.sku] is null
      group by line.sku
    ),
    made as (
      insert into inventory.items (org_id, sku, name, unit, tracking, allow_negative)
      select
        v_org_id, sku, coalesce(name, sku), p_options ->> 'unit',
        p_options ->> 'tracking', (p_options ->> 'allowNegative')::boolean
      from missing
      where not v_trial
      order by sku
      on conflict (org_id, sku) do nothing
      returning id
    )
    select count(*) from (select from made union all select from missing where v_trial) as created
    into v_items_created;

    with missing as (
      select p_locations[line.location] as code
      from unnest(p_line_locations, v_reasons) as line (location, reason)
      where line.reason is null and v_location_ids[line.location] is null
      group by line.location
    ),
    made as (
      insert into inventory.locations (org_id, code, name)
      select v_org_id, code, code
      from missing
      where not v_trial
      order by code
      on conflict (org_id, code) do nothing
      returning id
    )
    select count(*) from (select from made union all select from missing where v_trial) as created
    into v_locations_created;

    exit when v_trial;
  end loop;
