--! needs inventory/posting_rules
--! needs 000013_balances
--! role stockade_ledger
-- Keeping the balances. These functions belong to stockade_ledger: see the policies post_ledger.

create or replace function inventory.apply_movements()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_short json;
begin
  with applied as (
    -- One upsert per key, in key order: two statements that share keys lock them in the same order and cannot deadlock.
    insert into inventory.balances as b (org_id, item_id, location_id, lot, on_hand, version)
    select org_id, item_id, location_id, lot, sum(quantity), count(*)
    from added
    group by org_id, item_id, location_id, lot
    order by org_id, item_id, location_id, lot
    on conflict (org_id, item_id, location_id, lot) do update
      set on_hand = b.on_hand + excluded.on_hand,
          version = b.version + excluded.version
    returning b.org_id, b.item_id, b.on_hand < b.reserved as below_zero
  )
  -- Nearly always nothing is short. What exactly is short is worked out only when something is.
  select null
  from applied a
  where a.below_zero
    -- Items are looked up one at a time: a join could be planned for another size of batch.
    and not (select i.allow_negative from inventory.items i where i.org_id = a.org_id and i.id = a.item_id)
  limit 1
  into v_short;
  if not found then
    return null;
  end if;

  -- The lines of a key are summed before the check.
  with delta as (
    select org_id, item_id, location_id, lot, sum(quantity) as quantity
    from added
    group by org_id, item_id, location_id, lot
  )
  select json_agg(
    json_build_object(
      'sku', i.sku,
      'location', l.code,
      'lot', nullif(b.lot, ''),
      'available', b.on_hand - b.reserved - d.quantity,
      'requested', - d.quantity
    )
    order by i.sku, l.code, b.lot
  )
  into v_short
  from delta d
  cross join lateral (
    select b.*
    from inventory.balances b
    where b.org_id = d.org_id and b.item_id = d.item_id and b.location_id = d.location_id and b.lot = d.lot
    offset 0
  ) as b
  cross join lateral (
    select i.sku, i.allow_negative from inventory.items i where i.org_id = b.org_id and i.id = b.item_id offset 0
  ) as i
  cross join lateral (
    select l.code from inventory.locations l where l.org_id = b.org_id and l.id = b.location_id offset 0
  ) as l
  where inventory.is_short(d.quantity, b.on_hand, b.reserved, i.allow_negative);

  if v_short is not null then
    raise exception 'not enough stock' using errcode = 'SK201', detail = v_short;
  end if;
  return null;
end
$$;

comment on function inventory.apply_movements is
  'Adds the movements of one statement to their balances. Raises SK201 when a line takes more than is available of '
  'an item that may not go negative; DETAIL lists every such key.';
-- To create the trigger, the owner of the table must be allowed to call it.
grant execute on function inventory.apply_movements to stockade_owner;

create or replace function inventory.raise_stale_balances(
  p_org_id uuid,
  p_skus text[],
  p_codes text[],
  p_items uuid[],
  p_locations uuid[],
  p_lots text[],
  p_expected_versions bigint[]
)
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  v_stale json;
begin
  select json_agg(
    json_build_object(
      'sku', line.sku,
      'location', line.code,
      'lot', nullif(line.lot, ''),
      'expectedVersion', line.expected_version,
      'version', b.version - line.of_this_key
    )
    order by line.n
  )
  into v_stale
  from (
    select *, count(*) over (partition by item_id, location_id, lot) as of_this_key
    from unnest(p_skus, p_codes, p_items, p_locations, p_lots, p_expected_versions)
      with ordinality as line (sku, code, item_id, location_id, lot, expected_version, n)
  ) as line
  -- By its key, and not in a join, for which all balances of the organization could be read.
  cross join lateral (
    select b.version
    from inventory.balances b
    where b.org_id = p_org_id and b.item_id = line.item_id and b.location_id = line.location_id and b.lot = line.lot
    offset 0
  ) as b
  where line.expected_version <> b.version - line.of_this_key;

  if v_stale is not null then
    raise exception 'a balance has changed since it was read' using errcode = 'SK202', detail = v_stale;
  end if;
end
$$;

comment on function inventory.raise_stale_balances is
  'Raises SK202 when the version of a balance, less the lines just applied to it, is not the version that its line '
  'expects: DETAIL lists every such line.';
