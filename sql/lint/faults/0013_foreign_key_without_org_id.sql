-- org_id is in it, but comes second.
-- finds planted on inventory.balances
alter table inventory.balances
  drop constraint balances_org_id_item_id_fkey,
  add constraint planted foreign key (item_id, org_id) references inventory.items (id, org_id);

-- It contains a column that looks like org_id.
-- finds planted on inventory.imports
set local role stockade_owner;
alter table inventory.imports
  add column other uuid,
  add column item uuid,
  add constraint planted foreign key (other, item) references inventory.items (org_id, id);

-- A row of one organization names another organization.
-- finds planted on inventory.items
alter table inventory.items add column supplier uuid constraint planted references tenancy.organizations (id);

-- A platform row refers to a tenant's row.
-- finds planted on inventory.planted
set local role stockade_owner;
create table inventory.planted (
  id uuid primary key,
  owner uuid,
  item uuid,
  constraint planted foreign key (owner, item) references inventory.items (org_id, id)
);
comment on table inventory.planted is 'Platform data: planted.';

-- finds nothing
alter table inventory.imports add column made_by uuid references tenancy.users (id);

-- finds nothing
alter table inventory.balances add foreign key (org_id) references tenancy.organizations (id);
