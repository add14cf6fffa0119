-- finds inventory.planted
-- and 0006 tenant on inventory.planted
-- and 0053 inventory.planted
set local role stockade_owner;
create table inventory.planted (org_id text, id uuid, primary key (org_id, id));
comment on table inventory.planted is 'Tenant data: planted.';
alter table inventory.planted enable row level security;
alter table inventory.planted force row level security;
create policy tenant on inventory.planted
  using (org_id = (select tenancy.current_org())::text)
  with check (org_id = (select tenancy.current_org())::text);
