--! backfill
--! role stockade_ledger
-- A movement of the single-tenant inventory becomes an entry of one line under the same id.
select count(*)
from inventory.movements m
where not exists (select from inventory.entries e where e.org_id = m.org_id and e.id = m.id);

with batch as (
  select m.*
  from inventory.movements m
  where ($1::jsonb is null or (m.org_id, m.id) > (($1::jsonb ->> 'org_id')::uuid, ($1::jsonb ->> 'id')::uuid))
  order by m.org_id, m.id
  limit $2
),
missing as (
  select b.*
  from batch b
  where not exists (select from inventory.entries e where e.org_id = b.org_id and e.id = b.id)
),
filled as (
  insert into inventory.entries (org_id, id, kind, reference, occurred_at, recorded_at, actor)
  select org_id, id, kind, nullif(reference, ''), occurred_at, recorded_at, coalesce('user:' || user_id, 'system')
  from missing
  returning 1
)
select
  (select jsonb_build_object('org_id', org_id, 'id', id) from batch order by org_id desc, id desc limit 1) as checkpoint,
  (select count(*) from missing) as wanted,
  (select count(*) from filled) as filled;
