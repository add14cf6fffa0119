-- finds inventory.planted
-- and 0012 inventory.planted
-- and 0053 inventory.planted
set local role stockade_owner;
create table inventory.planted (org_id uuid, id uuid, unique (org_id, id));
comment on table inventory.planted is 'Tenant data: planted.';
alter table inventory.planted enable row level security;
alter table inventory.planted force row level security;
create policy tenant on inventory.planted
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

-- Not null from now on, but existing rows may have one.
-- since Postgres 18
-- finds inventory.planted
-- and 0012 inventory.planted
-- and 0053 inventory.planted
set local role stockade_owner;
create table inventory.planted (org_id uuid, id uuid, unique (org_id, id));
comment on table inventory.planted is 'Tenant data: planted.';
alter table inventory.planted enable row level security;
alter table inventory.planted force row level security;
create policy tenant on inventory.planted
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));
alter table inventory.planted add constraint planted_org_id_not_null not null org_id not valid;
