--! needs inventory/codes
--! needs tenancy/context
--! needs tenancy/organizations
--! needs 000007_location_columns
--! needs 000030_aliases
-- Locations.
--
-- What the plans of functions for requests depend on is set with them: docs/isolation/0062_plan_of_the_session.md.

create or replace function inventory.location_json(p_location inventory.locations)
returns json
language sql
stable
set search_path = ''
as $$
  select json_build_object(
    'id', p_location.id,
    'code', p_location.code,
    'aliases', (
      select coalesce(json_agg(a.alias order by a.alias), '[]')
      from (
        -- Before they are ordered: for the order, Postgres could read all aliases.
        select alias from inventory.location_aliases where org_id = p_location.org_id and location_id = p_location.id offset 0
      ) as a
    ),
    'name', p_location.name,
    'kind', p_location.kind,
    'createdAt', inventory.iso(p_location.created_at),
    'updatedAt', inventory.iso(p_location.updated_at)
  )
$$;

comment on function inventory.location_json is
  'A location as the API shows it.';

create or replace function inventory.add_location_aliases(p_location inventory.locations, p_aliases jsonb)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_taken text;
begin
  perform inventory.require_aliases(p_aliases);
  -- In the order of the codes: two writers that give the same ones cannot deadlock.
  insert into inventory.location_aliases (org_id, alias, location_id)
  select p_location.org_id, given.alias, p_location.id
  from jsonb_array_elements_text(p_aliases) as given (alias)
  order by given.alias
  on conflict (org_id, alias) do nothing;

  select given.alias into v_taken
  from jsonb_array_elements_text(p_aliases) as given (alias)
  where not exists (
    select
    from inventory.location_aliases a
    where a.org_id = p_location.org_id and a.alias = given.alias and a.location_id = p_location.id
  )
  limit 1;
  if found then
    raise exception 'the alias % is that of another location', v_taken using errcode = 'SK206', detail = to_json(v_taken);
  end if;
end
$$;

comment on function inventory.add_location_aliases is
  'Gives a location the aliases of a list that it does not have yet. Raises SK206, with the code, when one is the code or the '
  'alias of another location, SK304 when one is no code.';

-- Login roles write no table: this runs as the owner, who obeys the policies too.
create or replace function inventory.create_location(p_location jsonb)
returns json
language plpgsql
volatile
security definer
set search_path = ''
set enable_seqscan = off
set enable_indexscan = on
set random_page_cost = 4
set cpu_tuple_cost = 0.01
set cpu_index_tuple_cost = 0.005
set cpu_operator_cost = 0.0025
as $$
declare
  v_location inventory.locations;
begin
  perform inventory.hold_location_codes(p_location);
  insert into inventory.locations (org_id, code, name, kind)
  values (
    tenancy.require_scope('write'),
    p_location ->> 'code',
    p_location ->> 'name',
    coalesce(p_location ->> 'kind', 'warehouse')
  )
  returning * into v_location;
  if p_location ? 'aliases' then
    perform inventory.add_location_aliases(v_location, inventory.read_aliases(p_location -> 'aliases', '{}'));
  end if;
  return inventory.location_json(v_location);
end
$$;

comment on function inventory.create_location is
  'Creates a location of the organization that was entered: {code, aliases?, name, kind?}, and returns it as the API shows '
  'it. Raises SK902 when no organization was entered, SK104 when the caller may not write, 23505 when the code is '
  'taken, SK206 when a code is an alias, SK304 or 23514 for a value out of its bounds.';
grant execute on function inventory.create_location to stockade_api, stockade_jobs;

-- Runs as the owner, and so does inventory.delete_location(), for the reason of inventory.update_item().
create or replace function inventory.update_location(p_code text, p_patch jsonb)
returns json
language plpgsql
volatile
security definer
set search_path = ''
set enable_seqscan = off
set enable_indexscan = on
set random_page_cost = 4
set cpu_tuple_cost = 0.01
set cpu_index_tuple_cost = 0.005
set cpu_operator_cost = 0.0025
as $$
declare
  v_org_id constant uuid := tenancy.require_scope('write');
  v_id uuid;
  v_location inventory.locations;
begin
  perform inventory.hold_location_codes(p_patch);
  v_id := inventory.find_location(p_code);
  -- Two changes of one location come one after the other, the aliases too.
  perform from inventory.locations where org_id = v_org_id and id = v_id for no key update;
  if not found then
    return null;
  end if;
  if p_patch ? 'aliases' then
    p_patch := p_patch || jsonb_build_object('aliases', inventory.read_aliases(
      p_patch -> 'aliases',
      array(select a.alias from inventory.location_aliases a where a.org_id = v_org_id and a.location_id = v_id)
    ));
  end if;
  -- An alias that becomes the code of its own location is an alias no longer.
  delete from inventory.location_aliases
  where org_id = v_org_id
    and location_id = v_id
    and (p_patch ? 'aliases' and not p_patch -> 'aliases' ? alias or alias = p_patch ->> 'code');
  update inventory.locations
  set code = coalesce(p_patch ->> 'code', code),
      name = coalesce(p_patch ->> 'name', name),
      kind = coalesce(p_patch ->> 'kind', kind),
      updated_at = now()
  where org_id = v_org_id and id = v_id
  returning * into v_location;
  if p_patch ? 'aliases' then
    perform inventory.add_location_aliases(v_location, p_patch -> 'aliases');
  end if;
  return inventory.location_json(v_location);
end
$$;

comment on function inventory.update_location is
  'Changes the fields of a location that p_patch has, {code?, aliases?, name?, kind?}, and returns it as the API shows it; null '
  'when p_code names none. The aliases are replaced as a whole. Raises SK902 when no organization was entered, SK104 when the '
  'caller may not write, 23505 when the code is taken, SK206 when a code is an alias, SK301 for a new alias of a form '
  'that no code has, SK304 or 23514 for a value out of its bounds.';
grant execute on function inventory.update_location to stockade_api;

create or replace function inventory.delete_location(p_code text)
returns uuid
language plpgsql
volatile
security definer
set search_path = ''
set enable_seqscan = off
set enable_indexscan = on
set random_page_cost = 4
set cpu_tuple_cost = 0.01
set cpu_index_tuple_cost = 0.005
set cpu_operator_cost = 0.0025
as $$
declare
  v_org_id constant uuid := tenancy.require_scope('write');
  v_id constant uuid := inventory.find_location(p_code);
begin
  delete from inventory.locations where org_id = v_org_id and id = v_id;
  return case when found then v_id end;
end
$$;

comment on function inventory.delete_location is
  'Deletes a location that has never had a movement, and returns its id; null when p_code names none. Raises SK902 when no '
  'organization was entered, SK104 when the caller may not write, 23503 when it has a balance.';
grant execute on function inventory.delete_location to stockade_api;

create or replace function inventory.get_location(p_name text)
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
declare
  v_id constant uuid := inventory.find_location(p_name);
begin
  return (select inventory.location_json(t) from inventory.locations t where t.id = v_id);
end
$$;

comment on function inventory.get_location is
  'A location of the organization that was entered, as the API shows it; null when p_name names none.';
grant execute on function inventory.get_location to stockade_api;

create or replace function inventory.list_locations(p_limit integer, p_after_code text, p_name text)
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
  v_after constant text := coalesce(p_after_code, '');
  v_id uuid;
begin
  perform tenancy.require_page(p_limit);
  if p_name is not null then
    v_id := inventory.find_location(p_name);
    return query
    select inventory.location_json(named)
    from (select * from inventory.locations where id = v_id offset 0) as named
    where named.code > v_after;
    return;
  end if;
  return query
  select inventory.location_json(t)
  from inventory.locations t
  where t.code > v_after
  order by t.code
  limit p_limit;
end
$$;

comment on function inventory.list_locations is
  'At most p_limit locations of the organization that was entered, as the API shows them, in the order of the codes: those after '
  'p_after_code, or the first ones; with p_name, the one that it names. Raises SK304 when p_limit is not that of a page.';
grant execute on function inventory.list_locations to stockade_api;
