-- Every row of the inventory gets an organization, first in every key, and the wall goes up around it.
--
-- Rows that exist belong to one organization, 'main'. A constant default fills org_id for them without rewriting
-- a table; it is dropped at once, so that from here on a row without an organization is refused.
do $migration$
declare
  v_org_id uuid;
  v_table text;
begin
  if exists (select from inventory.items) or exists (select from inventory.locations) then
    -- organizations is under FORCE row-level security, and no policy lets the owner insert one.
    alter table tenancy.organizations no force row level security;
    insert into tenancy.organizations (slug, name) values ('main', 'Main') returning id into v_org_id;
    alter table tenancy.organizations force row level security;
    alter table tenancy.memberships no force row level security;
    insert into tenancy.memberships (org_id, user_id, role) select v_org_id, id, 'admin' from tenancy.users;
    alter table tenancy.memberships force row level security;
  end if;
  foreach v_table in array array['items', 'locations', 'movements'] loop
    execute format(
      'alter table inventory.%I add column org_id uuid not null default %L',
      v_table, coalesce(v_org_id, '00000000-0000-0000-0000-000000000000')
    );
    execute format('alter table inventory.%I alter column org_id drop default', v_table);
  end loop;
end
$migration$;

alter table inventory.movements
  drop constraint movements_item_id_fkey,
  drop constraint movements_location_id_fkey,
  drop constraint movements_user_id_fkey;

alter table inventory.items
  drop constraint items_pkey,
  drop constraint items_sku_key,
  drop constraint items_sku_check,
  add primary key (org_id, id),
  add unique (org_id, sku),
  add foreign key (org_id) references tenancy.organizations (id),
  -- A SKU is a path segment of the API: no control characters, nothing that ends a segment, no blank at either end.
  add constraint items_sku_check check (
    length(sku) between 1 and 64 and sku = btrim(sku) and sku !~ '[[:cntrl:]/?%\\]|^\.+$'
  ),
  add column tracking text not null default 'none' check (tracking in ('none', 'lot')),
  add column allow_negative boolean not null default false,
  add column reorder_point numeric(15, 4) check (reorder_point >= 0),
  add column metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
  add column updated_at timestamptz(3) not null default now();

alter table inventory.locations
  drop constraint locations_pkey,
  drop constraint locations_code_key,
  drop constraint locations_code_check,
  add primary key (org_id, id),
  add unique (org_id, code),
  add foreign key (org_id) references tenancy.organizations (id),
  add constraint locations_code_check check (
    length(code) between 1 and 64 and code = btrim(code) and code !~ '[[:cntrl:]/?%\\]|^\.+$'
  ),
  add column updated_at timestamptz(3) not null default now();

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

grant select on inventory.items, inventory.locations to stockade_api, stockade_jobs;
grant insert (org_id, sku, name, unit, tracking, allow_negative, reorder_point, metadata) on inventory.items to stockade_api, stockade_jobs;
grant update (sku, name, unit, allow_negative, reorder_point, metadata, updated_at) on inventory.items to stockade_api;
grant delete on inventory.items to stockade_api;
grant insert (org_id, code, name, kind) on inventory.locations to stockade_api, stockade_jobs;
grant update (code, name, kind, updated_at) on inventory.locations to stockade_api;
grant delete on inventory.locations to stockade_api;
