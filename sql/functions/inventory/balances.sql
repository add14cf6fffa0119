--! needs inventory/posting_rules
--! needs inventory/reserving/holds
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
  v_may_be_short boolean;
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
  -- Nearly always nothing is short. What exactly is short is worked out only when something may be.
  select true
  from applied a
  where a.below_zero
    -- Items are looked up one at a time: a join could be planned for another size of batch.
    and not (select i.allow_negative from inventory.items i where i.org_id = a.org_id and i.id = a.item_id)
  limit 1
  into v_may_be_short;
  if not found then
    return null;
  end if;

  -- The lines of a key are summed before the check.
  perform inventory.refuse_short(
    array_agg(d.org_id), array_agg(d.item_id), array_agg(d.location_id), array_agg(d.lot), array_agg(d.quantity)
  )
  from (
    select org_id, item_id, location_id, lot, sum(quantity) as quantity
    from added
    group by org_id, item_id, location_id, lot
  ) as d;
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
