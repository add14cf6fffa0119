--! needs inventory/forms
--! needs tenancy/context
--! needs 000006_item_columns
--! needs 000030_aliases
-- Items, and the codes that name them.
--
-- No key spans two tables, so a trigger keeps SKUs and aliases apart. Writers of SKUs share a lock of the organization, a
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
grant execute on function inventory.find_item to stockade_api, stockade_jobs, stockade_ledger;

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
  return null;
end
$$;

comment on function inventory.keep_item_codes_apart is
  'Refuses a code that would be the SKU of an item and an alias, also when both are written at the same time. Raises SK206 with '
  'the code; 25001 in a transaction that is not read committed.';

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
grant execute on function inventory.hold_item_codes to stockade_api, stockade_jobs;

create or replace function inventory.item_json(p_item inventory.items)
returns json
language sql
stable
set search_path = ''
as $$
  select json_build_object(
    'id', p_item.id,
    'sku', p_item.sku,
    'aliases', (
      select coalesce(json_agg(a.alias order by a.alias), '[]')
      from inventory.item_aliases a
      where a.org_id = p_item.org_id and a.item_id = p_item.id
    ),
    'name', p_item.name,
    'unit', p_item.unit,
    'tracking', p_item.tracking,
    'allowNegative', p_item.allow_negative,
    'reorderPoint', p_item.reorder_point,
    'metadata', p_item.metadata,
    'createdAt', inventory.iso(p_item.created_at),
    'updatedAt', inventory.iso(p_item.updated_at)
  )
$$;

comment on function inventory.item_json is
  'An item as the API shows it.';
grant execute on function inventory.item_json to stockade_api, stockade_jobs;

create or replace function inventory.add_item_aliases(p_item inventory.items, p_aliases jsonb)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_taken text;
begin
  -- In the order of the codes: two writers that give the same ones cannot deadlock.
  insert into inventory.item_aliases (org_id, alias, item_id)
  select p_item.org_id, given.alias, p_item.id
  from jsonb_array_elements_text(p_aliases) as given (alias)
  order by given.alias
  on conflict (org_id, alias) do nothing;

  select given.alias into v_taken
  from jsonb_array_elements_text(p_aliases) as given (alias)
  where not exists (
    select from inventory.item_aliases a where a.org_id = p_item.org_id and a.alias = given.alias and a.item_id = p_item.id
  )
  limit 1;
  if found then
    raise exception 'the alias % is that of another item', v_taken using errcode = 'SK206', detail = to_json(v_taken);
  end if;
end
$$;

comment on function inventory.add_item_aliases is
  'Gives an item the aliases of a list that it does not have yet. Raises SK206, with the code, when one is a SKU or the alias of '
  'another item.';
grant execute on function inventory.add_item_aliases to stockade_api, stockade_jobs;

create or replace function inventory.create_item(p_item jsonb)
returns json
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_item inventory.items;
begin
  perform inventory.hold_item_codes(p_item);
  insert into inventory.items (org_id, sku, name, unit, tracking, allow_negative, reorder_point, metadata)
  values (
    tenancy.require_scope('write'),
    p_item ->> 'sku',
    p_item ->> 'name',
    coalesce(p_item ->> 'unit', 'each'),
    coalesce(p_item ->> 'tracking', 'none'),
    coalesce((p_item ->> 'allowNegative')::boolean, false),
    (p_item ->> 'reorderPoint')::numeric,
    coalesce(p_item -> 'metadata', '{}')
  )
  returning * into v_item;
  if p_item ? 'aliases' then
    perform inventory.add_item_aliases(v_item, inventory.read_aliases(p_item -> 'aliases', '{}'));
  end if;
  return inventory.item_json(v_item);
end
$$;

comment on function inventory.create_item is
  'Creates an item of the organization that was entered: {sku, aliases?, name, unit?, tracking?, allowNegative?, '
  'reorderPoint?, metadata?}, and returns it as the API shows it. Raises SK902 when no organization was entered, '
  'SK104 when the caller may not write, 23505 when the SKU is taken, SK206 when a code is a SKU and an alias, 23514 for a value '
  'out of its bounds.';
grant execute on function inventory.create_item to stockade_api, stockade_jobs;

-- A role that may update or delete rows of a table may lock the whole of it against everybody. So the two functions that do it
-- run as the owner, who obeys the policies too, and login roles have neither privilege.
create or replace function inventory.update_item(p_code text, p_patch jsonb)
returns json
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_org_id constant uuid := tenancy.require_scope('write');
  v_id uuid;
  v_item inventory.items;
begin
  perform inventory.hold_item_codes(p_patch);
  v_id := inventory.find_item(p_code);
  -- Two changes of one item come one after the other, the aliases too.
  perform from inventory.items where org_id = v_org_id and id = v_id for no key update;
  if not found then
    return null;
  end if;
  if p_patch ? 'aliases' then
    p_patch := p_patch || jsonb_build_object('aliases', inventory.read_aliases(
      p_patch -> 'aliases',
      array(select a.alias from inventory.item_aliases a where a.org_id = v_org_id and a.item_id = v_id)
    ));
  end if;
  -- An alias that becomes the SKU of its own item is an alias no longer.
  delete from inventory.item_aliases
  where org_id = v_org_id
    and item_id = v_id
    and (p_patch ? 'aliases' and not p_patch -> 'aliases' ? alias or alias = p_patch ->> 'sku');
  update inventory.items
  set sku = coalesce(p_patch ->> 'sku', sku),
      name = coalesce(p_patch ->> 'name', name),
      unit = coalesce(p_patch ->> 'unit', unit),
      allow_negative = coalesce((p_patch ->> 'allowNegative')::boolean, allow_negative),
      reorder_point = case when p_patch ? 'reorderPoint' then (p_patch ->> 'reorderPoint')::numeric else reorder_point end,
      metadata = coalesce(p_patch -> 'metadata', metadata),
      updated_at = now()
  where org_id = v_org_id and id = v_id
  returning * into v_item;
  if p_patch ? 'aliases' then
    perform inventory.add_item_aliases(v_item, p_patch -> 'aliases');
  end if;
  return inventory.item_json(v_item);
end
$$;

comment on function inventory.update_item is
  'Changes the fields of an item that p_patch has, {sku?, aliases?, name?, unit?, allowNegative?, reorderPoint?, metadata?}, and '
  'returns it as the API shows it; null when p_code names none. The aliases are replaced as a whole. Raises SK902 when no '
  'organization was entered, SK104 when the caller may not write, 23505 when the SKU is taken, SK206 when a code is a SKU and an '
  'alias, SK301 for a new alias of a form that no code has, 23514 for a value out of its bounds.';
grant execute on function inventory.update_item to stockade_api;

create or replace function inventory.delete_item(p_code text)
returns uuid
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_org_id constant uuid := tenancy.require_scope('write');
  v_id constant uuid := inventory.find_item(p_code);
begin
  delete from inventory.items where org_id = v_org_id and id = v_id;
  return case when found then v_id end;
end
$$;

comment on function inventory.delete_item is
  'Deletes an item that has never had a movement, and returns its id; null when p_code names none. Raises SK902 when no '
  'organization was entered, SK104 when the caller may not write, 23503 when it has a balance.';
grant execute on function inventory.delete_item to stockade_api;
