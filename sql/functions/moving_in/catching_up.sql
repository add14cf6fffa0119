--! needs moving_in/balances
--! needs moving_in/entries
--! until 000032_switch
-- Catching up with the old program: what it has inserted, changed and deleted becomes entries and balances.

create or replace function moving_in.take_changes(p_limit integer)
returns uuid[]
language plpgsql
volatile
set search_path = ''
-- Rows are found by their keys, however many there are.
set enable_seqscan = off
as $$
declare
  v_movements uuid[];
  v_entries uuid[];
  v_changes jsonb;
begin
  -- A change is seen when its transaction has committed, and then its movement is seen as well.
  with taken as (
    delete from moving_in.changed_movements
    where seq in (select seq from moving_in.changed_movements order by seq limit p_limit)
    returning *
  ),
  summed as (
    select org_id, item_id, location_id, lot, sum(quantity) as quantity, sum(movements) as movements
    from taken
    where org_id is not null
    group by org_id, item_id, location_id, lot
    having sum(quantity) <> 0 or sum(movements) <> 0
  )
  select
    array(select distinct movement_id from taken),
    array(select distinct entry_id from taken),
    (select jsonb_agg(summed) from summed)
  into v_movements, v_entries, v_changes;
  if v_movements = '{}' then
    return v_movements;
  end if;

  -- Nobody else writes balances before the switch.
  update inventory.balances b
  set on_hand = b.on_hand + c.quantity,
      version = b.version + c.movements
  from jsonb_to_recordset(v_changes)
    as c (org_id uuid, item_id uuid, location_id uuid, lot text, quantity numeric, movements bigint)
  where b.org_id = c.org_id and b.item_id = c.item_id and b.location_id = c.location_id and b.lot = c.lot;
  insert into inventory.balances (org_id, item_id, location_id, lot, on_hand, version)
  select c.org_id, c.item_id, c.location_id, c.lot, c.quantity, c.movements
  from jsonb_to_recordset(v_changes)
    as c (org_id uuid, item_id uuid, location_id uuid, lot text, quantity numeric, movements bigint)
  where not exists (
    select
    from inventory.balances b
    where b.org_id = c.org_id and b.item_id = c.item_id and b.location_id = c.location_id and b.lot = c.lot
  );
  delete from inventory.balances b
  using jsonb_to_recordset(v_changes) as c (org_id uuid, item_id uuid, location_id uuid, lot text)
  where b.org_id = c.org_id and b.item_id = c.item_id and b.location_id = c.location_id and b.lot = c.lot
    and b.version = 0;

  perform moving_in.derive_entries(v_movements, v_entries);
  return v_movements;
end
$$;

comment on function moving_in.take_changes is
  'Takes at most p_limit changes into entries and balances. Returns the movements that they were about; none when nothing is '
  'left.';

create or replace function moving_in.unequal_entries(p_most integer)
returns table (movement_id uuid, entry_id uuid, fault text)
language sql
stable
set search_path = ''
as $$
  with pending as materialized (
    select movement_id, entry_id from moving_in.changed_movements
  ),
  settled as (
    select m.*
    from inventory.movements m
    where not exists (select from pending p where p.movement_id = m.id)
  )
  select m.id, m.entry_id, 'it has no entry'
  from settled m
  where not exists (select from inventory.entries e where e.org_id = m.org_id and e.id = m.entry_id)
    and not exists (select from pending p where p.entry_id = m.entry_id)
  union all
  select null, e.id, 'its lines are not those of its kind'
  from inventory.entries e
  left join inventory.movements m on m.org_id = e.org_id and m.entry_id = e.id
  where not exists (select from pending p where p.entry_id = e.id)
  group by e.org_id, e.id, e.kind
  having count(m.id) <> case e.kind when 'transfer' then 2 else 1 end
    or (e.kind = 'transfer' and sum(m.quantity) <> 0)
    or max(m.line) <> count(m.id)
  limit p_most
$$;

comment on function moving_in.unequal_entries is
  'The movements without an entry and the entries without their movements, at most p_most, besides those that are still to '
  'be caught up with.';
