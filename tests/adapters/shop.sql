create schema shop authorization stockade_owner;
set role stockade_owner;

create type shop."ItemKind" as enum ('PART', 'BUNDLE');

create table shop."Item" (
  "id" text not null,
  "name" text not null,
  "kind" shop."ItemKind" not null default 'PART',
  "unitPrice" decimal(65, 30) not null default 0,
  "createdAt" timestamp(3) not null default current_timestamp,
  org_id uuid not null default tenancy.current_org() references tenancy.organizations (id),
  constraint "Item_pkey" primary key (org_id, "id"),
  constraint "Item_name_key" unique (org_id, "name") deferrable initially deferred
);

create table shop."Tag" (
  "id" text not null,
  "label" text not null,
  org_id uuid not null default tenancy.current_org() references tenancy.organizations (id),
  constraint "Tag_pkey" primary key (org_id, "id")
);

create table shop."_ItemToTag" (
  "A" text not null,
  "B" text not null,
  org_id uuid not null default tenancy.current_org() references tenancy.organizations (id),
  constraint "_ItemToTag_AB_pkey" primary key (org_id, "A", "B"),
  constraint "_ItemToTag_A_fkey" foreign key (org_id, "A") references shop."Item" (org_id, "id") on delete cascade,
  constraint "_ItemToTag_B_fkey" foreign key (org_id, "B") references shop."Tag" (org_id, "id") on delete cascade
);

create index "_ItemToTag_B_index" on shop."_ItemToTag" (org_id, "B");

comment on table shop."Item" is 'Tenant data: what the shop sells.';
comment on table shop."Tag" is 'Tenant data: words to find items by.';
comment on table shop."_ItemToTag" is 'Tenant data: the tags of an item.';

do $$
declare
  v_table regclass;
begin
  foreach v_table in array array['shop."Item"', 'shop."Tag"', 'shop."_ItemToTag"']::regclass[] loop
    execute format('alter table %s enable row level security', v_table);
    execute format('alter table %s force row level security', v_table);
    execute format(
      'create policy tenant on %s using (org_id = (select tenancy.current_org()))
       with check (org_id = (select tenancy.current_org()))',
      v_table
    );
  end loop;
end
$$;

reset role;

create function shop.plant(p_org_id uuid, p_slug text)
returns void
language sql
set search_path = ''
as $$
  insert into shop."Item" (org_id, "id", "name")
  select p_org_id, concat(p_slug, '-', n), concat(p_slug, '-', n)
  from generate_series(1, 2) as n;
  insert into shop."Tag" (org_id, "id", "label") values (p_org_id, p_slug || '-tag', p_slug || '-tag');
  insert into shop."_ItemToTag" (org_id, "A", "B") values (p_org_id, p_slug || '-1', p_slug || '-tag');
$$;

revoke execute on function shop.plant from public;
