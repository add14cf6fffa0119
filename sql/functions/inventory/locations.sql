--! needs inventory/forms
--! needs inventory/items
--! needs tenancy/context
--! needs 000007_location_columns
--! needs 000030_aliases
-- Locations, and the codes that name them. A trigger and a lock keep codes and aliases apart, as SKUs and aliases of items.

create or replace function inventory.find_location(p_code text)
returns uuid
language plpgsql
stable
set search_path = ''
as $$
declare
  v_org_id constant uuid := tenancy.current_org();
  v_id uuid;
begin
  if p_code ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$' then
    select id into v_id from inventory.locations where org_id = v_org_id and id = p_code::uuid;
  else
    select id into v_id from inventory.locations where org_id = v_org_id and code = p_code;
  end if;
  if v_id is null then
    select location_id into v_id from inventory.location_aliases where org_id = v_org_id and alias = p_code;
  end if;
  -- An alias may have another form. What has none is compared in the normal form, as codes are stored.
  if v_id is null and p_code is not nfc normalized then
    return inventory.find_location(normalize(p_code));
  end if;
  return v_id;
end
$$;

comment on function inventory.find_location is
  'The id of the location that a code, an alias or an id names, in the organization that was entered; null when there is none.';
grant execute on function inventory.find_location to stockade_api, stockade_jobs, stockade_ledger;

create or replace function inventory.current_codes(p_lines jsonb)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_agg(
    line.value || jsonb_build_object(
      'sku', coalesce(item.sku, normalize(line.value ->> 'sku')),
      'location', coalesce(location.code, normalize(line.value ->> 'location'))
    )
    order by line.n
  )
  from jsonb_array_elements(p_lines) with ordinality as line (value, n)
  left join lateral (
    select i.sku
    from inventory.items i
    where i.org_id = (select tenancy.current_org()) and i.id = inventory.find_item(line.value ->> 'sku')
    limit 1
  ) as item on true
  left join lateral (
    select l.code
    from inventory.locations l
    where l.org_id = (select tenancy.current_org()) and l.id = inventory.find_location(line.value ->> 'location')
    limit 1
  ) as location on true
$$;

comment on function inventory.current_codes is
  'The lines of an entry, each with the SKU and the code that its item and its location have now.';
grant execute on function inventory.current_codes to stockade_ledger;

create or replace function inventory.keep_location_codes_apart()
returns trigger
language plpgsql
-- Login roles take no advisory locks.
security definer
set search_path = ''
as $$
declare
  v_taken text;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'codes are written in a read committed transaction, which sees those of others' using errcode = '25001';
  end if;
  -- In statements of their own: the check below takes its snapshot when the lock is there.
  if tg_table_name = 'locations' then
    perform pg_advisory_xact_lock_shared(hashtextextended(o.org_id::text, 7327))
    from (select distinct org_id from written order by org_id) as o;
    select w.code into v_taken
    from written w
    where exists (select from inventory.location_aliases a where a.org_id = w.org_id and a.alias = w.code)
    limit 1;
  else
    perform pg_advisory_xact_lock(hashtextextended(o.org_id::text, 7327))
    from (select distinct org_id from written order by org_id) as o;
    select w.alias into v_taken
    from written w
    where exists (select from inventory.locations l where l.org_id = w.org_id and l.code = w.alias)
    limit 1;
  end if;
  if found then
    raise exception 'the code % is both the code of a location and an alias', v_taken
      using errcode = 'SK206', detail = to_json(v_taken);
  end if;
  return null;
end
$$;

comment on function inventory.keep_location_codes_apart is
  'Refuses a code that would be the code of a location and an alias, also when both are written at the same time. Raises SK206 '
  'with the code; 25001 in a transaction that is not read committed.';

create or replace function inventory.hold_location_codes(p_location jsonb)
returns void
language plpgsql
volatile
-- Login roles take no advisory locks.
security definer
set search_path = ''
as $$
declare
  v_lock constant bigint := hashtextextended(tenancy.require_scope('write')::text, 7327);
begin
  if p_location ? 'aliases' then
    perform pg_advisory_xact_lock(v_lock);
  else
    perform pg_advisory_xact_lock_shared(v_lock);
  end if;
end
$$;

comment on function inventory.hold_location_codes is
  'Takes the lock of the organization that writing a location needs, before any row is locked: alone when aliases are given. '
  'Raises SK902 when no organization was entered, SK104 when the caller may not write.';
grant execute on function inventory.hold_location_codes to stockade_api, stockade_jobs;

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
      from inventory.location_aliases a
      where a.org_id = p_location.org_id and a.location_id = p_location.id
    ),
    'name', p_location.name,
    'kind', p_location.kind,
    'createdAt', inventory.iso(p_location.created_at),
    'updatedAt', inventory.iso(p_location.updated_at)
  )
$$;

comment on function inventory.location_json is
  'A location as the API shows it.';
grant execute on function inventory.location_json to stockade_api, stockade_jobs;

create or replace function inventory.add_location_aliases(p_location inventory.locations, p_aliases jsonb)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_taken text;
begin
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
  'alias of another location.';
grant execute on function inventory.add_location_aliases to stockade_api, stockade_jobs;

create or replace function inventory.create_location(p_location jsonb)
returns json
language plpgsql
volatile
set search_path = ''
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
  'taken, SK206 when a code is an alias, 23514 for a value out of its bounds.';
grant execute on function inventory.create_location to stockade_api, stockade_jobs;

-- Runs as the owner, and so does inventory.delete_location(), for the reason of inventory.update_item().
create or replace function inventory.update_location(p_code text, p_patch jsonb)
returns json
language plpgsql
volatile
security definer
set search_path = ''
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
  'caller may not write, 23505 when the code is taken, SK206 when a code is an alias, SK301 for a new alias of a form that no '
  'code has, 23514 for a value out of its bounds.';
grant execute on function inventory.update_location to stockade_api;

create or replace function inventory.delete_location(p_code text)
returns uuid
language plpgsql
volatile
security definer
set search_path = ''
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
