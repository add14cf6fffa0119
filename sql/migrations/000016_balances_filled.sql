--! backfill
--! role stockade_ledger
-- What the movements of each item, location and lot add up to becomes its balance.
select count(*)
from (
  select org_id, item_id, location_id, lot
  from inventory.movements
  except
  select org_id, item_id, location_id, lot
  from inventory.balances
) as missing;

with batch as (
  select org_id, item_id, location_id, lot, sum(quantity) as on_hand, count(*) as version
  from inventory.movements
  where $1::jsonb is null
    or (org_id, item_id, location_id, lot) > (
      ($1::jsonb ->> 'org_id')::uuid, ($1::jsonb ->> 'item_id')::uuid, ($1::jsonb ->> 'location_id')::uuid, $1::jsonb ->> 'lot'
    )
  group by org_id, item_id, location_id, lot
  order by org_id, item_id, location_id, lot
  limit $2
),
filled as (
  insert into inventory.balances as b (org_id, item_id, location_id, lot, on_hand, version)
  select org_id, item_id, location_id, lot, on_hand, version
  from batch
  on conflict (org_id, item_id, location_id, lot) do update
    set on_hand = excluded.on_hand,
        version = excluded.version
  returning 1
)
select
  (
    select jsonb_build_object('org_id', org_id, 'item_id', item_id, 'location_id', location_id, 'lot', lot)
    from batch
    order by org_id desc, item_id desc, location_id desc, lot desc
    limit 1
  ) as checkpoint,
  (select count(*) from batch) as wanted,
  (select count(*) from filled) as filled;
