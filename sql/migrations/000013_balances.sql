--! needs tenancy/context
-- Expand: one balance per item, location and lot. From the switch on, a trigger keeps it in the transaction of the movement
-- and nobody else writes it. Until then the move does.
create table inventory.balances (
  org_id uuid not null,
  item_id uuid not null,
  location_id uuid not null,
  lot text not null,
  on_hand numeric(15, 4) not null default 0 check (on_hand <> 'NaN'),
  -- NaN is greater than every number.
  reserved numeric(15, 4) not null default 0 check (reserved >= 0 and reserved <> 'NaN'),
  -- The foreign keys come with the switch: the old program may delete an item before its balance is gone.
  version bigint not null check (version >= 0)
) with (fillfactor = 80);

comment on table inventory.balances is
  'Tenant data (derived): the sums of the movements of each item, location and lot.';
comment on column inventory.balances.version is
  'The number of movements in this balance.';

-- No index on a column that changes, so that updates stay heap-only.
create index balances_location on inventory.balances (org_id, location_id, item_id, lot);
-- Of indexes that cost the same, Postgres takes the one that was created last: this one must be it.
alter table inventory.balances add primary key (org_id, item_id, location_id, lot);

-- The owner fills the table and obeys no policy until the switch.
alter table inventory.balances enable row level security;
create policy tenant on inventory.balances
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));
create policy post_ledger on inventory.balances to stockade_ledger using (true) with check (true);

grant select on inventory.balances to stockade_jobs;
grant select, insert, update on inventory.balances to stockade_ledger;
