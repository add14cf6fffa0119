--! needs inventory/forms
--! needs tenancy/context
--! needs 000006_item_columns
--! needs 000007_location_columns
--! needs 000030_aliases
-- The codes that name items and locations, and their aliases.
--
-- No key spans two tables, so triggers keep codes and aliases apart. Writers of codes share a lock of the organization, a
-- writer of aliases takes it alone: of two transactions that give one code to two items, the second sees the first.
-- What writes both takes it alone from the beginning: two that shared it would each wait for the other to be alone.

create or replace function inventory.find_item(p_code text)
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
    select id into v_id from inventory.items where org_id = v_org_id and id = p_code::uuid;
  else
    select id into v_id from inventory.items where org_id = v_org_id and sku = p_code;
  end if;
  if v_id is null then
    select item_id into v_id from inventory.item_aliases where org_id = v_org_id and alias = p_code;
  end if;
  -- An alias may have another form. What has none is compared in the normal form, as codes are stored.
  if v_id is null and p_code is not nfc normalized then
    return inventory.find_item(normalize(p_code));
  end if;
  return v_id;
end
$$;

comment on function inventory.find_item is
  'The id of the item that a SKU, an alias or an id names, in the organization that was entered; null when there is none.';
grant execute on function inventory.find_item to stockade_ledger;

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
grant execute on function inventory.find_location to stockade_ledger;

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

create or replace function inventory.read_aliases(p_aliases jsonb, p_kept text[])
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_errors json;
begin
  select json_agg(
    json_build_object('field', format('aliases[%s]', given.n - 1), 'message', 'has a form that no code has')
    order by given.n
  )
  into v_errors
  from jsonb_array_elements_text(p_aliases) with ordinality as given (alias, n)
  where given.alias <> all (p_kept) and not inventory.is_code(normalize(given.alias));
  if v_errors is not null then
    raise exception 'an alias has a form that no code has' using errcode = 'SK301', detail = v_errors;
  end if;
  return (
    select coalesce(jsonb_agg(case when given.alias = any (p_kept) then given.alias else normalize(given.alias) end), '[]')
    from jsonb_array_elements_text(p_aliases) as given (alias)
  );
end
$$;

comment on function inventory.read_aliases is
  'A list of aliases in their normal form, except for those of p_kept: an alias that was moved in may have any form, and stays. '
  'Raises SK301, with each field, for a new one of a form that no code has.';

create or replace function inventory.require_aliases(p_aliases jsonb)
returns void
language plpgsql
immutable
set search_path = ''
as $$
begin
  if jsonb_array_length(p_aliases) > 100 then
    raise exception 'a list of aliases is out of its bounds' using errcode = 'SK304',
      detail = json_build_array(json_build_object('field', 'aliases', 'message', 'must have at most 100 codes'));
  end if;
end
$$;

comment on function inventory.require_aliases is
  'Raises SK304 when a list has more than 100 aliases.';

create or replace function inventory.keep_item_codes_apart()
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
  if tg_table_name = 'items' then
    perform pg_advisory_xact_lock_shared(hashtextextended(o.org_id::text, 7326))
    from (select distinct org_id from written order by org_id) as o;
    select w.sku into v_taken
    from written w
    where exists (select from inventory.item_aliases a where a.org_id = w.org_id and a.alias = w.sku)
    limit 1;
  else
    perform pg_advisory_xact_lock(hashtextextended(o.org_id::text, 7326))
    from (select distinct org_id from written order by org_id) as o;
    select w.alias into v_taken
    from written w
    where exists (select from inventory.items i where i.org_id = w.org_id and i.sku = w.alias)
    limit 1;
  end if;
  if found then
    raise exception 'the code % is both a SKU and an alias', v_taken using errcode = 'SK206', detail = to_json(v_taken);
  end if;
  -- Only an import brings an alias of another form: the code that an item had before it moved in.
  if tg_table_name = 'item_aliases' and tenancy.current_actor() <> 'import' then
    select w.alias into v_taken from written w where not inventory.is_code(w.alias) limit 1;
    if found then
      raise exception 'the alias % has not the form of a code', to_json(v_taken) using errcode = 'SK304',
        detail = json_build_array(json_build_object(
          'field', 'aliases', 'message', format('%s has not the form of a code', to_json(v_taken))
        ));
    end if;
  end if;
  return null;
end
$$;

comment on function inventory.keep_item_codes_apart is
  'Refuses a code that would be the SKU of an item and an alias, also when both are written at the same time, and an alias '
  'that is no code. Raises SK206 with the code, SK304; 25001 in a transaction that is not read committed.';

create or replace function inventory.hold_item_codes(p_item jsonb)
returns void
language plpgsql
volatile
-- Login roles take no advisory locks.
security definer
set search_path = ''
as $$
declare
  v_lock constant bigint := hashtextextended(tenancy.require_scope('write')::text, 7326);
begin
  if p_item ? 'aliases' then
    perform pg_advisory_xact_lock(v_lock);
  else
    perform pg_advisory_xact_lock_shared(v_lock);
  end if;
end
$$;

comment on function inventory.hold_item_codes is
  'Takes the lock of the organization that writing an item needs, before any row is locked: alone when aliases are given. '
  'Raises SK902 when no organization was entered, SK104 when the caller may not write.';

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
  -- Only an import brings an alias of another form: the code that a location had before it moved in.
  if tg_table_name = 'location_aliases' and tenancy.current_actor() <> 'import' then
    select w.alias into v_taken from written w where not inventory.is_code(w.alias) limit 1;
    if found then
      raise exception 'the alias % has not the form of a code', to_json(v_taken) using errcode = 'SK304',
        detail = json_build_array(json_build_object(
          'field', 'aliases', 'message', format('%s has not the form of a code', to_json(v_taken))
        ));
    end if;
  end if;
  return null;
end
$$;

comment on function inventory.keep_location_codes_apart is
  'Refuses a code that would be the code of a location and an alias, also when both are written at the same time, and an alias '
  'that is no code. Raises SK206 with the code, SK304; 25001 in a transaction that is not read committed.';

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
