--! contract
--! needs inventory/append_only
--! needs inventory/balances
-- Contract: from here on movements belong to entries, nothing of the ledger is ever changed, and a trigger keeps the
-- balances.
lock table inventory.movements in share row exclusive mode;

-- What was written since the backfills.
set local role stockade_ledger;
insert into inventory.entries (org_id, id, kind, reference, occurred_at, recorded_at, actor)
select org_id, id, kind, nullif(reference, ''), occurred_at, recorded_at, coalesce('user:' || user_id, 'system')
from inventory.movements m
where not exists (select from inventory.entries e where e.org_id = m.org_id and e.id = m.id);

insert into inventory.balances as b (org_id, item_id, location_id, lot, on_hand, version)
select org_id, item_id, location_id, lot, sum(quantity), count(*)
from inventory.movements
group by org_id, item_id, location_id, lot
on conflict (org_id, item_id, location_id, lot) do update
  set on_hand = excluded.on_hand,
      version = excluded.version
  where (b.on_hand, b.version) <> (excluded.on_hand, excluded.version);
set local role stockade_owner;

alter table inventory.movements rename column id to entry_id;

-- Postgres 18 names the NOT NULL of a column, and keeps that name when the column gets another one.
do $migration$
begin
  if exists (
    select
    from pg_constraint
    where conrelid = 'inventory.movements'::regclass and conname = 'movements_id_not_null'
  ) then
    alter table inventory.movements rename constraint movements_id_not_null to movements_entry_id_not_null;
  end if;
end
$migration$;
drop index inventory.movements_item;
alter table inventory.movements
  drop constraint movements_org_id_item_id_fkey,
  drop constraint movements_org_id_location_id_fkey,
  drop constraint movements_user_id_fkey,
  drop constraint movements_pkey,
  drop column kind,
  drop column reference,
  drop column user_id,
  alter column entry_id drop default,
  alter column line drop default,
  alter column occurred_at drop default,
  alter column recorded_at drop default,
  add constraint movements_pkey primary key using index movements_org_id_id_line_key,
  add foreign key (org_id, entry_id) references inventory.entries (org_id, id);

create trigger append_only
  before update or delete or truncate on inventory.entries
  for each statement execute function inventory.refuse_change();
alter table inventory.entries enable always trigger append_only;
create trigger append_only_rows
  after delete on inventory.entries
  referencing old table as removed
  for each statement execute function inventory.refuse_change();
alter table inventory.entries enable always trigger append_only_rows;

create trigger append_only
  before update or delete or truncate on inventory.movements
  for each statement execute function inventory.refuse_change();
alter table inventory.movements enable always trigger append_only;
create trigger append_only_rows
  after delete on inventory.movements
  referencing old table as removed
  for each statement execute function inventory.refuse_change();
alter table inventory.movements enable always trigger append_only_rows;

create trigger apply_movements
  after insert on inventory.movements
  referencing new table as added
  for each statement execute function inventory.apply_movements();
alter table inventory.movements enable always trigger apply_movements;
