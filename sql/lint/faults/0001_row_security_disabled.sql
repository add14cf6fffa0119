-- finds inventory.items
alter table inventory.items disable row level security;

-- A partition is a table: a query that names it meets only its own policies.
-- finds inventory.planted_2026
set local role stockade_owner;
create table inventory.planted (org_id uuid references tenancy.organizations, at date, id uuid, primary key (org_id, at, id))
  partition by range (at);
comment on table inventory.planted is 'Tenant data: planted.';
alter table inventory.planted enable row level security;
alter table inventory.planted force row level security;
create policy tenant on inventory.planted
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));
create table inventory.planted_2026 partition of inventory.planted for values from ('2026-01-01') to ('2027-01-01');
comment on table inventory.planted_2026 is 'Tenant data: planted.';
alter table inventory.planted_2026 force row level security;
create policy tenant on inventory.planted_2026
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

-- A table with an org_id belongs to tenants, whatever its comment says.
-- finds inventory.planted
-- and 0002 inventory.planted
-- and 0003 inventory.planted
set local role stockade_owner;
create table inventory.planted (org_id uuid primary key references tenancy.organizations);
comment on table inventory.planted is 'Secret: planted.';
