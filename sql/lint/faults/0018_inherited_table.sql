-- finds inventory.planted
set local role stockade_owner;
create table inventory.planted (primary key (org_id, id), foreign key (org_id) references tenancy.organizations)
  inherits (inventory.locations);
comment on table inventory.planted is 'Tenant data: planted.';
alter table inventory.planted enable row level security;
alter table inventory.planted force row level security;
create policy tenant on inventory.planted
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));
