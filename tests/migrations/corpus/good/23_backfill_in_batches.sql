--! backfill
select count(*) from depot.parcels where remark is null;

with batch as (
  select id from depot.parcels
  where remark is null and ($1::jsonb is null or id > ($1::jsonb ->> 'id')::uuid)
  order by id
  limit $2
),
filled as (
  update depot.parcels p set remark = 'none' from batch b where p.id = b.id returning 1
)
select
  (select jsonb_build_object('id', id) from batch order by id desc limit 1) as checkpoint,
  (select count(*) from batch) as wanted,
  (select count(*) from filled) as filled;
