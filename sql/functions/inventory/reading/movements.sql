--! needs inventory/codes
--! needs inventory/forms
--! needs inventory/reading/movement_pages
--! needs tenancy/organizations
-- Movements and entries as the API shows them. Login roles of requests read no table: these functions run as the owner, who obeys
-- the policies too.
--
-- What the plans of functions for requests depend on is set with them: docs/isolation/0062_plan_of_the_session.md.

create or replace function inventory.list_movements(
  p_limit integer,
  p_after_id uuid,
  p_after_line integer,
  p_sku text,
  p_location text,
  p_kind text,
  p_since timestamptz,
  p_until timestamptz
)
returns setof json
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
  -- No entry has one of these ids.
  v_first_id constant uuid := '00000000-0000-0000-0000-000000000000';
  v_last_id constant uuid := 'ffffffff-ffff-ffff-ffff-ffffffffffff';
  -- How many movements of the key one page of a kind looks at, and how many entries with all of their lines.
  v_most_walked constant integer := 500;
  v_most_entries constant integer := 100;
  v_at timestamptz := coalesce(p_until, 'infinity');
  v_entry_id uuid := case when p_until is null then v_last_id else v_first_id end;
  v_after_id uuid := coalesce(p_after_id, v_first_id);
  v_after_line integer := coalesce(p_after_line, 0);
  v_since constant timestamptz := coalesce(p_since, '-infinity');
  v_item_id uuid;
  v_location_id uuid;
  v_recorded_at timestamptz;
  v_walked inventory.movements[];
  v_page inventory.movements[];
  v_older uuid[];
  v_reached uuid;
begin
  perform tenancy.require_page(p_limit);
  if p_after_id is not null then
    select e.recorded_at into v_recorded_at from inventory.entries e where e.id = p_after_id;
    if not found then
      return;
    end if;
    -- A cursor may come with an earlier end than its list had.
    if v_recorded_at < v_at then
      v_at := v_recorded_at;
      v_entry_id := p_after_id;
    end if;
  end if;
  if p_sku is not null then
    v_item_id := inventory.find_item(p_sku);
    if v_item_id is null then
      return;
    end if;
  end if;
  if p_location is not null then
    v_location_id := inventory.find_location(p_location);
    if v_location_id is null then
      return;
    end if;
  end if;

  if v_item_id is null and v_location_id is null then
    v_page := inventory.movements_of_all(p_limit, v_at, v_entry_id, v_after_id, v_after_line, v_since, p_kind);
  elsif p_kind is null then
    v_page := inventory.movements_of_key(
      p_limit, v_at, v_entry_id, v_after_id, v_after_line, v_since, v_item_id, v_location_id
    );
  else
    -- No index has the kind of a movement, and one would cost every posting. So a page looks at a bounded number of rows, from
    -- both sides: the newest movements of the key, which are enough for a kind that is frequent there,
    v_walked := inventory.movements_of_key(
      v_most_walked, v_at, v_entry_id, v_after_id, v_after_line, v_since, v_item_id, v_location_id
    );
    v_page := array(
      select m
      from unnest(v_walked) as m
      where (select e.kind from inventory.entries e where e.org_id = m.org_id and e.id = m.entry_id) = p_kind
      order by m.recorded_at desc, m.entry_id desc, m.line
      limit p_limit
    );
    -- then the lines of older entries of this kind, which are enough for a kind that is rare.
    if cardinality(v_page) < p_limit and cardinality(v_walked) = v_most_walked then
      v_at := v_walked[v_most_walked].recorded_at;
      v_after_id := v_walked[v_most_walked].entry_id;
      v_after_line := v_walked[v_most_walked].line;
      v_older := array(
        select older.id
        from (
          select e.id, e.kind, e.recorded_at
          from inventory.entries e
          where (e.kind, e.recorded_at, e.id) <= (p_kind, v_at, v_after_id)
          order by e.kind desc, e.recorded_at desc, e.id desc
          limit v_most_entries
        ) as older
        where older.kind = p_kind and older.recorded_at >= v_since
      );
      v_page := v_page || array(
        select line.m
        -- In their order from the beginning: the lines of the first ones are often enough.
        from (select * from unnest(v_older) with ordinality as older (id, n) order by older.n) as older
        cross join lateral (
          select m
          from inventory.movements m
          where m.entry_id = older.id
            and (m.entry_id <> v_after_id or m.line > v_after_line)
            and (v_item_id is null or m.item_id = v_item_id)
            and (v_location_id is null or m.location_id = v_location_id)
          order by m.line
          offset 0
        ) as line
        order by older.n, (line.m).line
        limit p_limit - cardinality(v_page)
      );
      -- A page that is not full then ends after the last entry that it has looked at.
      if cardinality(v_page) < p_limit and cardinality(v_older) = v_most_entries then
        v_reached := v_older[v_most_entries];
      end if;
    end if;
  end if;

  -- What a movement refers to is looked up by its key, movement by movement.
  return query
  select json_build_object(
    'movementId', m.entry_id || '.' || m.line,
    'entryId', m.entry_id,
    'line', m.line,
    'kind', e.kind,
    'reference', e.reference,
    'sku', (select i.sku from inventory.items i where i.org_id = m.org_id and i.id = m.item_id),
    'location', (select l.code from inventory.locations l where l.org_id = m.org_id and l.id = m.location_id),
    'lot', nullif(m.lot, ''),
    'quantity', m.quantity,
    'occurredAt', inventory.iso(m.occurred_at),
    'recordedAt', inventory.iso(m.recorded_at)
  )
  from unnest(v_page) as m
  cross join lateral (
    select e.kind, e.reference from inventory.entries e where e.org_id = m.org_id and e.id = m.entry_id offset 0
  ) as e
  order by m.recorded_at desc, m.entry_id desc, m.line;
  if v_reached is not null then
    -- More than the lines of any entry.
    return next json_build_object('movementId', null, 'entryId', v_reached, 'line', 999999999);
  end if;
end
$$;

comment on function inventory.list_movements is
  'At most p_limit movements of the organization that was entered, as the API shows them, the newest first: those after '
  'a line of an entry, of an item, at a location, of a kind, recorded from p_since on and before p_until; null for any. Of a '
  'kind together with an item or a location, a list that goes on after fewer rows ends with a row whose movementId is null. '
  'Raises SK304 when p_limit is not that of a page.';
grant execute on function inventory.list_movements to stockade_api;

create or replace function inventory.get_entry(p_id uuid)
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
  return (
    select json_build_object(
      'entryId', e.id,
      'kind', e.kind,
      'reference', e.reference,
      'occurredAt', inventory.iso(e.occurred_at),
      'recordedAt', inventory.iso(e.recorded_at),
      'actor', e.actor,
      'metadata', e.metadata,
      'reverses', e.reverses,
      'reversedBy', (select r.id from inventory.entries r where r.org_id = e.org_id and r.reverses = e.id),
      'lines', (
        select json_agg(
          json_build_object(
            'movementId', m.entry_id || '.' || m.line,
            'sku', (select i.sku from inventory.items i where i.org_id = m.org_id and i.id = m.item_id),
            'location', (select l.code from inventory.locations l where l.org_id = m.org_id and l.id = m.location_id),
            'lot', nullif(m.lot, ''),
            'quantity', m.quantity
          )
          order by m.line
        )
        from inventory.movements m
        where m.org_id = e.org_id and m.entry_id = e.id
      )
    )
    from inventory.entries e
    where e.id = p_id
  );
end
$$;

comment on function inventory.get_entry is
  'An entry of the organization that was entered, as the API shows it; null when there is no such entry.';
grant execute on function inventory.get_entry to stockade_api;
