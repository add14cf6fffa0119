--! needs inventory/reserving/expiry
--! needs inventory/posting_rules
--! needs 000013_balances
--! role stockade_ledger
-- Keeping what is reserved of the balances. These functions belong to stockade_ledger: see the policies post_ledger.

create or replace function inventory.refuse_short(
  p_orgs uuid[],
  p_items uuid[],
  p_locations uuid[],
  p_lots text[],
  p_changes numeric[]
)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  -- The balances are locked already. What expires from here on cannot be committed any more.
  v_at constant timestamptz := clock_timestamp();
  v_short json;
begin
  select json_agg(
    json_build_object(
      'sku', i.sku,
      'location', l.code,
      'lot', nullif(k.lot, ''),
      'available', b.on_hand - r.reserved - k.change,
      'requested', - k.change
    )
    order by i.sku, l.code, k.lot
  )
  into v_short
  from unnest(p_orgs, p_items, p_locations, p_lots, p_changes) as k (org_id, item_id, location_id, lot, change)
  -- Looked up one at a time: a join could be planned for another number of lines.
  cross join lateral (
    select b.on_hand, b.reserved
    from inventory.balances b
    where b.org_id = k.org_id and b.item_id = k.item_id and b.location_id = k.location_id and b.lot = k.lot
    offset 0
  ) as b
  cross join lateral (
    select case
      when b.reserved = 0 then b.reserved
      else greatest(b.reserved - inventory.expired_holds(k.org_id, k.item_id, k.location_id, k.lot, v_at), 0)
    end as reserved
    offset 0
  ) as r
  cross join lateral (
    select i.sku, i.allow_negative from inventory.items i where i.org_id = k.org_id and i.id = k.item_id offset 0
  ) as i
  cross join lateral (
    select l.code from inventory.locations l where l.org_id = k.org_id and l.id = k.location_id offset 0
  ) as l
  where inventory.is_short(k.change, b.on_hand, r.reserved, i.allow_negative);

  if v_short is not null then
    raise exception 'not enough stock' using errcode = 'SK201', detail = v_short;
  end if;
end
$$;

comment on function inventory.refuse_short is
  'Raises SK201 when the stock policy refuses a change of what is available of some balances. Each is given once, locked and with '
  'its change made; p_changes says by how much its available quantity changed. DETAIL lists every one that is short. A hold that '
  'has expired counts for nothing.';

create or replace function inventory.apply_holds()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_changed jsonb;
  v_key record;
  v_on_hand numeric;
  v_reserved numeric;
  v_orgs uuid[] := '{}';
  v_items uuid[] := '{}';
  v_locations uuid[] := '{}';
  v_lots text[] := '{}';
  v_changes numeric[] := '{}';
begin
  -- An insert has no rows from before.
  if tg_op = 'INSERT' then
    select jsonb_agg(c)
    into v_changed
    from (
      select org_id, item_id, location_id, lot, sum(held) as held
      from held_now
      group by org_id, item_id, location_id, lot
      having sum(held) <> 0
    ) as c;
  else
    select jsonb_agg(c)
    into v_changed
    from (
      select org_id, item_id, location_id, lot, sum(held) as held
      from (
        select org_id, item_id, location_id, lot, held from held_now
        union all
        select org_id, item_id, location_id, lot, - held from held_before
      ) as line
      group by org_id, item_id, location_id, lot
      having sum(held) <> 0
    ) as c;
  end if;

  -- In key order, as the trigger on movements does, so that the two cannot deadlock.
  for v_key in
    select c.org_id, c.item_id, c.location_id, c.lot, c.held
    from jsonb_to_recordset(v_changed) as c (org_id uuid, item_id uuid, location_id uuid, lot text, held numeric)
    order by c.org_id, c.item_id, c.location_id, c.lot
  loop
    insert into inventory.balances as b (org_id, item_id, location_id, lot, reserved, version)
    values (v_key.org_id, v_key.item_id, v_key.location_id, v_key.lot, greatest(v_key.held, 0), 0)
    on conflict (org_id, item_id, location_id, lot) do update
      -- A balance that has lost its holds, which the reconciliation finds, keeps nobody from ending one.
      set reserved = greatest(b.reserved + v_key.held, 0)
    returning b.on_hand, b.reserved into v_on_hand, v_reserved;
    -- Nearly always nothing is short. What exactly is short is worked out only when something may be.
    if v_key.held > 0 and v_on_hand < v_reserved then
      v_orgs := v_orgs || v_key.org_id;
      v_items := v_items || v_key.item_id;
      v_locations := v_locations || v_key.location_id;
      v_lots := v_lots || v_key.lot;
      v_changes := v_changes || - v_key.held;
    end if;
  end loop;
  if v_orgs <> '{}' then
    perform inventory.refuse_short(v_orgs, v_items, v_locations, v_lots, v_changes);
  end if;
  return null;
end
$$;

comment on function inventory.apply_holds is
  'Adds what the lines of a statement hold to what is reserved of their balances, and takes off what they hold no longer. Raises '
  'SK201 when a line holds more than is available of an item that may not go below zero; DETAIL lists every such balance.';
-- To create the triggers, the owner of the table must be allowed to call it.
grant execute on function inventory.apply_holds to stockade_owner;
