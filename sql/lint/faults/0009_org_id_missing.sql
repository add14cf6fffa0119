-- finds inventory.planted
-- and 0004 tenant on inventory.planted
-- and 0012 inventory.planted_pkey
-- and 0015 inventory.planted.organization
-- and 0053 inventory.planted
set local role stockade_owner;
create table inventory.planted (organization uuid primary key);
comment on table inventory.planted is 'Tenant data: planted.';
alter table inventory.planted enable row level security;
alter table inventory.planted force row level security;
create policy tenant on inventory.planted using (false) with check (false);
