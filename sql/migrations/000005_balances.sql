-- One balance per item, location and lot, kept by a trigger in the transaction of the movement. Nobody else writes it.
create table inventory.balances (
  org_id uuid not null,
  item_id uuid not null,
  location_id uuid not null,
  lot text not null,
  on_hand numeric(15, 4) not null default 0,
  reserved numeric(15, 4) not null default 0 check (reserved >= 0),
  version bigint not null check (version >= 0),
  primary key (org_id, item_id, location_id, lot),
  -- Every movement has its balance row, so these two also hold for movements: checked once per key, not per movement.
  foreign key (org_id, item_id) references inventory.items (org_id, id),
  foreign key (org_id, location_id) references inventory.locations (org_id, id)
) with (fillfactor = 80);

-- No index on a column that changes, so that updates stay heap-only.
create index balances_location on inventory.balances (org_id, location_id, item_id, lot);

comment on column inventory.balances.version is 'The number of movements in this balance.';

-- Under FORCE even the owner sees only the organization it has entered, which here is none.
alter table inventory.movements no force row level security;
insert into inventory.balances (org_id, item_id, location_id, lot, on_hand, version)
select org_id, item_id, location_id, lot, sum(quantity), count(*)
from inventory.movements
group by org_id, item_id, location_id, lot;
alter table inventory.movements force row level security;

create function inventory.apply_movements()
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
  -- Nearly always the answer is no; who is short of what is only worked out when it is yes.
  select null
  from applied a
  where a.below_zero
    -- One item looked up at a time: a join could be planned for another size of batch.
    and not (select i.allow_negative from inventory.items i where i.org_id = a.org_id and i.id = a.item_id)
  limit 1
  into v_short;
  if not found then
    return null;
  end if;

  -- Only a key that was taken from can be short: a receipt into a negative balance is always welcome.
  with delta as (
    select org_id, item_id, location_id, lot, sum(quantity) as quantity
    from added
    group by org_id, item_id, location_id, lot
    having sum(quantity) < 0
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
  join inventory.balances b using (org_id, item_id, location_id, lot)
  join inventory.items i on i.org_id = b.org_id and i.id = b.item_id
  join inventory.locations l on l.org_id = b.org_id and l.id = b.location_id
  where b.on_hand < b.reserved
    and not i.allow_negative;

  if v_short is not null then
    raise exception 'not enough stock' using errcode = 'SK201', detail = v_short;
  end if;
  return null;
end
$$;

comment on function inventory.apply_movements() is
  'Adds the movements of one statement to their balances. Raises SK201 when a line takes more than is available '
  'of an item that may not go negative; DETAIL lists every such key.';

create trigger apply_movements
  after insert on inventory.movements
  referencing new table as added
  for each statement execute function inventory.apply_movements();
alter table inventory.movements enable always trigger apply_movements;

alter table inventory.balances enable row level security;
alter table inventory.balances force row level security;
create policy tenant on inventory.balances
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

grant select on inventory.balances to stockade_api, stockade_jobs;

-- The functions that post have verified the context once and say the organization in every statement. They belong to
-- stockade_ledger, who obeys no policy on these tables and has nothing beyond what posting takes; each further function of
-- his is a fault for the isolation lint until it is listed there.
create policy post_ledger on inventory.items for select to stockade_ledger using (true);
create policy post_ledger on inventory.locations for select to stockade_ledger using (true);
create policy post_ledger on inventory.entries to stockade_ledger using (true) with check (true);
create policy post_ledger on inventory.movements to stockade_ledger using (true) with check (true);
create policy post_ledger on inventory.balances to stockade_ledger using (true) with check (true);
grant select on inventory.items, inventory.locations to stockade_ledger;
grant select, insert on inventory.entries, inventory.movements to stockade_ledger;
grant select, insert, update on inventory.balances to stockade_ledger;

-- Who gets a function must be able to create one for that moment.
grant create on schema inventory to stockade_ledger;
alter function inventory.apply_movements() owner to stockade_ledger;
revoke create on schema inventory from stockade_ledger;
