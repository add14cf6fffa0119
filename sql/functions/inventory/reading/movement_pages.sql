--! needs 000015_ledger_keys
--! needs 000032_switch
-- Pages of movements.
--
-- Every page is read from an index that has exactly its order, from where the page begins. The key, the time and the entry
-- are compared as one row, with one limit, and the order names them all: Postgres has no statistics of values, with `=` it would
-- expect one row, take any index that has a part of the columns, and sort. Rows of the next key, and those before p_since, come
-- last, and are left out afterwards. Plans are made once for a connection: to make one takes longer than to read a page.

create or replace function inventory.movements_of_key(
  p_limit integer,
  p_at timestamptz,
  p_entry_id uuid,
  p_after_id uuid,
  p_after_line integer,
  p_since timestamptz,
  p_item_id uuid,
  p_location_id uuid
)
returns inventory.movements[]
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
begin
  if p_location_id is null then
    return array(
      select newest.m
      from (
        select m
        from inventory.movements m
        where (m.item_id, m.recorded_at, m.entry_id) <= (p_item_id, p_at, p_entry_id)
          and (m.entry_id <> p_after_id or m.line > p_after_line)
        order by m.item_id desc, m.recorded_at desc, m.entry_id desc, m.line
        limit p_limit
      ) as newest
      where (newest.m).item_id = p_item_id and (newest.m).recorded_at >= p_since
    );
  elsif p_item_id is null then
    return array(
      select newest.m
      from (
        select m
        from inventory.movements m
        where (m.location_id, m.recorded_at, m.entry_id) <= (p_location_id, p_at, p_entry_id)
          and (m.entry_id <> p_after_id or m.line > p_after_line)
        order by m.location_id desc, m.recorded_at desc, m.entry_id desc, m.line
        limit p_limit
      ) as newest
      where (newest.m).location_id = p_location_id and (newest.m).recorded_at >= p_since
    );
  end if;
  return array(
    select newest.m
    from (
      select m
      from inventory.movements m
      where (m.item_id, m.location_id, m.recorded_at, m.entry_id) <= (p_item_id, p_location_id, p_at, p_entry_id)
        and (m.entry_id <> p_after_id or m.line > p_after_line)
      order by m.item_id desc, m.location_id desc, m.recorded_at desc, m.entry_id desc, m.line
      limit p_limit
    ) as newest
    where (newest.m).item_id = p_item_id
      and (newest.m).location_id = p_location_id
      and (newest.m).recorded_at >= p_since
  );
end
$$;

comment on function inventory.movements_of_key is
  'The newest movements of an item, at a location, or both: at most p_limit, from an entry recorded at p_at on, without the '
  'lines of p_after_id up to p_after_line, and none recorded before p_since.';

create or replace function inventory.movements_of_all(
  p_limit integer,
  p_at timestamptz,
  p_entry_id uuid,
  p_after_id uuid,
  p_after_line integer,
  p_since timestamptz,
  p_kind text
)
returns inventory.movements[]
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
begin
  -- A page needs at most as many entries as it has rows, each with a line that is not shown yet.
  if p_kind is null then
    return array(
      select line.m
      from (
        select e.org_id, e.id, e.recorded_at
        from inventory.entries e
        where (e.recorded_at, e.id) <= (p_at, p_entry_id)
          and exists (
            select
            from inventory.movements m
            where m.org_id = e.org_id and m.entry_id = e.id and (m.entry_id <> p_after_id or m.line > p_after_line)
            offset 0
          )
        order by e.recorded_at desc, e.id desc
        limit p_limit
      ) as e
      cross join lateral (
        select m
        from inventory.movements m
        where m.org_id = e.org_id and m.entry_id = e.id and (m.entry_id <> p_after_id or m.line > p_after_line)
        order by m.line
        limit p_limit
      ) as line
      where e.recorded_at >= p_since
      order by e.recorded_at desc, e.id desc, (line.m).line
      limit p_limit
    );
  end if;
  return array(
    select line.m
    from (
      select e.org_id, e.kind, e.id, e.recorded_at
      from inventory.entries e
      where (e.kind, e.recorded_at, e.id) <= (p_kind, p_at, p_entry_id)
        and exists (
          select
          from inventory.movements m
          where m.org_id = e.org_id and m.entry_id = e.id and (m.entry_id <> p_after_id or m.line > p_after_line)
          offset 0
        )
      order by e.kind desc, e.recorded_at desc, e.id desc
      limit p_limit
    ) as e
    cross join lateral (
      select m
      from inventory.movements m
      where m.org_id = e.org_id and m.entry_id = e.id and (m.entry_id <> p_after_id or m.line > p_after_line)
      order by m.line
      limit p_limit
    ) as line
    where e.kind = p_kind and e.recorded_at >= p_since
    order by e.kind desc, e.recorded_at desc, e.id desc, (line.m).line
    limit p_limit
  );
end
$$;

comment on function inventory.movements_of_all is
  'The newest movements of all items and locations, or with p_kind those of entries of one kind, with the limits of '
  'inventory.movements_of_key().';
