--! contract
--! needs inventory/forms
--! needs tenancy/context
-- Contract: the wall goes up. Every key and every reference begins with the organization, a row without one is refused,
-- and each organization sees its own rows only.
alter table inventory.users set schema tenancy;

comment on table tenancy.users is
  'Platform data: the people, by e-mail address. One may belong to several organizations: memberships says to which.';

grant select, insert, update on tenancy.users to stockade_admin;

-- The users of the single-tenant inventory could do everything.
set local role stockade_admin;
insert into tenancy.memberships (org_id, user_id, role)
select o.id, u.id, 'admin'
from tenancy.organizations o
cross join tenancy.users u
where o.slug = 'main';
set local role stockade_owner;

alter table inventory.movements
  drop constraint movements_item_id_fkey,
  drop constraint movements_location_id_fkey;

alter table inventory.items
  drop constraint items_pkey,
  drop constraint items_sku_key,
  drop constraint items_sku_check,
  add constraint items_pkey primary key using index items_org_id_id_key,
  add constraint items_org_id_sku_key unique using index items_org_id_sku_key,
  add foreign key (org_id) references tenancy.organizations (id),
  add constraint items_sku_check check (inventory.is_code(sku)),
  alter column org_id drop default;

alter table inventory.locations
  drop constraint locations_pkey,
  drop constraint locations_code_key,
  drop constraint locations_code_check,
  add constraint locations_pkey primary key using index locations_org_id_id_key,
  add constraint locations_org_id_code_key unique using index locations_org_id_code_key,
  add foreign key (org_id) references tenancy.organizations (id),
  add constraint locations_code_check check (inventory.is_code(code)),
  alter column org_id drop default;

alter table inventory.movements
  drop constraint movements_pkey,
  add constraint movements_pkey primary key using index movements_org_id_id_key,
  add foreign key (org_id, item_id) references inventory.items (org_id, id),
  add foreign key (org_id, location_id) references inventory.locations (org_id, id),
  alter column org_id drop default;

comment on table inventory.items is
  'Tenant data: what is kept in stock.';
comment on table inventory.locations is
  'Tenant data: where stock is kept.';

alter table inventory.items enable row level security;
alter table inventory.items force row level security;
create policy tenant on inventory.items
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

alter table inventory.locations enable row level security;
alter table inventory.locations force row level security;
create policy tenant on inventory.locations
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

alter table inventory.movements enable row level security;
alter table inventory.movements force row level security;
create policy tenant on inventory.movements
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

grant select on inventory.items, inventory.locations, inventory.movements to stockade_api, stockade_jobs;
grant insert (org_id, sku, name, unit) on inventory.items to stockade_api, stockade_jobs;
grant update (sku, name, unit) on inventory.items to stockade_api;
grant delete on inventory.items to stockade_api;
grant insert (org_id, code, name, kind) on inventory.locations to stockade_api, stockade_jobs;
grant update (code, name, kind) on inventory.locations to stockade_api;
grant delete on inventory.locations to stockade_api;
