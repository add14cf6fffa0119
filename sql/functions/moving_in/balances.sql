--! needs moving_in/placing
--! needs 000008_movement_columns
--! needs 000013_balances
--! until 000032_switch
-- How movements of the old program become balances. At every moment the movements of a key are its balance plus its changes
-- in moving_in.changed_movements. Filling and catching up keep that true, and equality is that nothing else is true.

create or replace function moving_in.expected_balances()
returns table (org_id uuid, item_id uuid, location_id uuid, lot text, on_hand numeric, version bigint)
language sql
stable
set search_path = ''
as $$
  select m.org_id, m.item_id, m.location_id, m.lot, sum(m.quantity), sum(m.movements)
  from (
    select org_id, item_id, location_id, lot, quantity, 1 as movements
    from inventory.movements
    union all
    select org_id, item_id, location_id, lot, - quantity, - movements
    from moving_in.changed_movements
    where org_id is not null
  ) as m
  group by m.org_id, m.item_id, m.location_id, m.lot
  having sum(m.movements) <> 0 or sum(m.quantity) <> 0
$$;

comment on function moving_in.expected_balances is
  'What the balances must be now: the sums of the movements without the changes that are still to be caught up with.';

create or replace function moving_in.missing_balances()
returns bigint
language sql
stable
set search_path = ''
as $$
  select count(*)
  from moving_in.expected_balances() e
  where not exists (
    select
    from inventory.balances b
    where b.org_id = e.org_id and b.item_id = e.item_id and b.location_id = e.location_id and b.lot = e.lot
  )
$$;

comment on function moving_in.missing_balances is
  'How many keys have movements and no balance yet.';

create or replace function moving_in.fill_balances(p_checkpoint jsonb, p_limit integer)
returns table (checkpoint jsonb, wanted bigint, filled bigint)
language sql
volatile
set search_path = ''
as $$
  with bound as (
    select
      coalesce((p_checkpoint ->> 'org_id')::uuid, '00000000-0000-0000-0000-000000000000') as org_id,
      coalesce((p_checkpoint ->> 'item_id')::uuid, '00000000-0000-0000-0000-000000000000') as item_id,
      coalesce((p_checkpoint ->> 'location_id')::uuid, '00000000-0000-0000-0000-000000000000') as location_id,
      coalesce(p_checkpoint ->> 'lot', '') as lot
  ),
  -- Added up once a batch: there are few.
  pending as materialized (
    select org_id, item_id, location_id, lot, sum(quantity) as quantity, sum(movements) as movements
    from moving_in.changed_movements
    where org_id is not null
    group by org_id, item_id, location_id, lot
  ),
  -- A key whose movements were all deleted since is only in the changes.
  batch as materialized (
    select k.org_id, k.item_id, k.location_id, k.lot
    from (
      (
        select distinct m.org_id, m.item_id, m.location_id, m.lot
        from inventory.movements m
        where (m.org_id, m.item_id, m.location_id, m.lot)
          > (select bound.org_id, bound.item_id, bound.location_id, bound.lot from bound)
        order by m.org_id, m.item_id, m.location_id, m.lot
        limit p_limit
      )
      union
      (
        select p.org_id, p.item_id, p.location_id, p.lot
        from pending p
        where (p.org_id, p.item_id, p.location_id, p.lot)
          > (select bound.org_id, bound.item_id, bound.location_id, bound.lot from bound)
        order by p.org_id, p.item_id, p.location_id, p.lot
        limit p_limit
      )
    ) as k
    order by k.org_id, k.item_id, k.location_id, k.lot
    limit p_limit
  ),
  expected as materialized (
    select
      k.org_id, k.item_id, k.location_id, k.lot,
      coalesce(m.quantity, 0) - coalesce(p.quantity, 0) as on_hand,
      m.movements - coalesce(p.movements, 0) as version
    from batch k
    cross join lateral (
      select sum(m.quantity) as quantity, count(*) as movements
      from inventory.movements m
      where m.org_id = k.org_id and m.item_id = k.item_id and m.location_id = k.location_id and m.lot = k.lot
    ) as m
    left join pending p
      on p.org_id = k.org_id and p.item_id = k.item_id and p.location_id = k.location_id and p.lot = k.lot
  ),
  filled as (
    insert into inventory.balances as b (org_id, item_id, location_id, lot, on_hand, version)
    select org_id, item_id, location_id, lot, on_hand, version
    from expected
    where version > 0
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
    ),
    (select count(*) from expected where version > 0),
    (select count(*) from filled)
$$;

comment on function moving_in.fill_balances is
  'A batch of the backfill that writes the balances of keys, in order.';

create or replace function moving_in.unequal_balances(p_most integer)
returns table (
  org_id uuid,
  item_id uuid,
  location_id uuid,
  stored_on_hand numeric,
  stored_version bigint,
  expected_on_hand numeric,
  expected_version bigint
)
language sql
stable
set search_path = ''
as $$
  select org_id, item_id, location_id, b.on_hand, b.version, e.on_hand, e.version
  from moving_in.expected_balances() e
  full join inventory.balances b using (org_id, item_id, location_id, lot)
  where (b.on_hand, b.version) is distinct from (e.on_hand, e.version)
  order by org_id, item_id, location_id
  limit p_most
$$;

comment on function moving_in.unequal_balances is
  'The keys whose balance is not what its movements add up to, at most p_most.';
