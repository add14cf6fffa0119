--! needs 000020_imports
--! needs tenancy/context
--! needs 000006_item_columns
--! needs inventory/forms
--! needs 000030_aliases
-- The items, locations and lines of a batch of an import.

create or replace function inventory.find_import_items(
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

comment on function inventory.find_import_items is
  'The items of a batch, in its order: the id (null when there is no such item), tracking, and whether it may go '
  'below zero. A missing item has the settings that it would be created with.';

create or replace function inventory.find_import_locations(p_org_id uuid, p_codes text[])
returns uuid[]
language sql
stable
set search_path = ''
as $$
  select array_agg(l.id order by s.n)
  from unnest(p_codes) with ordinality as s (code, n)
  left join inventory.locations l on l.org_id = p_org_id and l.code = s.code
$$;

comment on function inventory.find_import_locations is
  'The ids of the locations of a batch, in its order; null when there is no such location.';

create or replace function inventory.current_skus(p_org_id uuid, p_skus text[])
returns text[]
language sql
stable
set search_path = ''
as $$
  select array_agg(coalesce(aliased.sku, normalize(s.sku)) order by s.n)
  from unnest(p_skus) with ordinality as s (sku, n)
  left join lateral (
    select i.sku
    from inventory.item_aliases a
    join inventory.items i on i.org_id = a.org_id and i.id = a.item_id
    where a.org_id = p_org_id and a.alias in (s.sku, normalize(s.sku))
    order by a.alias <> s.sku
    limit 1
  ) as aliased on true
$$;

comment on function inventory.current_skus is
  'The codes of a batch in their normal form, with each alias replaced by the SKU that its item has now.';

create or replace function inventory.current_location_codes(p_org_id uuid, p_codes text[])
returns text[]
language sql
stable
set search_path = ''
as $$
  select array_agg(coalesce(aliased.code, normalize(s.code)) order by s.n)
  from unnest(p_codes) with ordinality as s (code, n)
  left join lateral (
    select l.code
    from inventory.location_aliases a
    join inventory.locations l on l.org_id = a.org_id and l.id = a.location_id
    where a.org_id = p_org_id and a.alias in (s.code, normalize(s.code))
    order by a.alias <> s.code
    limit 1
  ) as aliased on true
$$;

comment on function inventory.current_location_codes is
  'The codes of a batch in their normal form, with each alias replaced by the code that its location has now.';

create or replace function inventory.first_positions(p_codes text[], p_line_codes integer[])
returns integer[]
language sql
immutable
set search_path = ''
as $$
  select array_agg(array_position(p_codes, p_codes[line.code]) order by line.n)
  from unnest(p_line_codes) with ordinality as line (code, n)
$$;

comment on function inventory.first_positions is
  'The positions that lines have in a list of codes, with the first one for a code that is in the list more than once.';

create or replace function inventory.make_import_items(p_org_id uuid, p_skus text[], p_names text[], p_options jsonb)
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

comment on function inventory.make_import_items is
  'Creates the missing items of a batch and returns how many, in the order of their SKUs, so that two imports that '
  'create the same ones cannot deadlock.';

create or replace function inventory.make_import_locations(p_org_id uuid, p_codes text[])
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

comment on function inventory.make_import_locations is
  'Creates the missing locations of a batch and returns how many, in the order of their codes, so that two imports '
  'that create the same ones cannot deadlock.';

create or replace function inventory.begin_import_file(
  p_org_id uuid,
  p_file_digest bytea,
  p_profile_digest bytea,
  p_file_name text
)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  insert into inventory.imports (org_id, file_digest, profile_digest, file_name)
  values (p_org_id, p_file_digest, p_profile_digest, p_file_name)
  on conflict (org_id, file_digest, profile_digest) do nothing;
  -- Of two runs of one import the second waits here, and then finds the lines settled.
  perform
  from inventory.imports
  where org_id = p_org_id and file_digest = p_file_digest and profile_digest = p_profile_digest
  for update;
end
$$;

comment on function inventory.begin_import_file is
  'Creates the import of a file when there is none, and locks it until the end of the transaction.';

create or replace function inventory.settle_import_lines(
  p_import inventory.imports,
  p_options jsonb,
  p_lines bigint[],
  p_reasons text[],
  p_applied bigint,
  p_entries bigint
)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  if (p_options ->> 'retryRejects')::boolean then
    delete from inventory.import_rejects
    where org_id = p_import.org_id
      and import_id = p_import.id
      and line in (
        select applied.line
        from unnest(p_lines, p_reasons) as applied (line, reason)
        where applied.reason is null
      );
  end if;

  insert into inventory.import_rejects (org_id, import_id, line, reason)
  select p_import.org_id, p_import.id, rejected.line, rejected.reason
  from unnest(p_lines, p_reasons) as rejected (line, reason)
  where rejected.reason <> ''
  on conflict (org_id, import_id, line) do update set reason = excluded.reason;

  update inventory.imports i
  set lines_through = greatest(i.lines_through, batch.lines_through),
      applied = i.applied + p_applied,
      entries = i.entries + p_entries,
      rejected = i.rejected + batch.newly_rejected - batch.retried,
      finished_at = case when (p_options ->> 'finished')::boolean then coalesce(i.finished_at, now()) else i.finished_at end
  from (
    select
      coalesce(max(line.line), 0) as lines_through,
      count(*) filter (where line.reason <> '' and line.line > p_import.lines_through) as newly_rejected,
      count(*) filter (where line.reason is null and line.line <= p_import.lines_through) as retried
    from unnest(p_lines, p_reasons) as line (line, reason)
  ) as batch
  where i.org_id = p_import.org_id and i.id = p_import.id;
end
$$;

comment on function inventory.settle_import_lines is
  'Records that the lines of a batch are settled: those without a reason were applied, those with one are rejected, and those '
  'with an empty one were settled before. p_import is the import as it was before the batch.';

create or replace function inventory.post_import_entries(
  p_org_id uuid,
  p_import_id uuid,
  p_options jsonb,
  p_kinds text[],
  p_references text[],
  p_times text[],
  p_item_ids uuid[],
  p_location_ids uuid[],
  p_lines bigint[],
  p_line_entries integer[],
  p_line_skus integer[],
  p_line_locations integer[],
  p_lots text[],
  p_quantities numeric[],
  p_reasons text[]
)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_recorded_at timestamptz(3) := clock_timestamp();
  v_entry_ids uuid[] := array(select inventory.new_id() from generate_series(1, cardinality(p_kinds)));
  v_occurred_at timestamptz[] := array(
    select coalesce(at::timestamp at time zone (p_options ->> 'timeZone'), v_recorded_at)
    from unnest(p_times) with ordinality as t (at, n)
    order by n
  );
begin
  insert into inventory.entries (org_id, id, kind, reference, occurred_at, recorded_at, actor, metadata)
  select
    p_org_id, v_entry_ids[e.entry], p_kinds[e.entry], p_references[e.entry], v_occurred_at[e.entry], v_recorded_at,
    tenancy.current_actor(), jsonb_build_object('import', p_import_id, 'line', e.first_line)
  from (
    select line.entry, min(line.line) as first_line
    from unnest(p_lines, p_line_entries, p_reasons) as line (line, entry, reason)
    where line.reason is null
    group by line.entry
  ) as e
  order by e.entry;

  insert into inventory.movements (org_id, entry_id, line, item_id, location_id, lot, quantity, occurred_at, recorded_at)
  select
    p_org_id, v_entry_ids[m.entry], row_number() over (partition by m.entry order by m.n),
    p_item_ids[m.sku], p_location_ids[m.location], m.lot, m.quantity, v_occurred_at[m.entry], v_recorded_at
  from unnest(p_line_entries, p_line_skus, p_line_locations, p_lots, p_quantities, p_reasons)
    with ordinality as m (entry, sku, location, lot, quantity, reason, n)
  where m.reason is null
  order by m.n;
end
$$;

comment on function inventory.post_import_entries is
  'Posts the entries of a batch with those of their lines that have no reason against them, which were checked before. Raises '
  '22003 when a balance would exceed its digits.';
