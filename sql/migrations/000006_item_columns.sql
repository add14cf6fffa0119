--! needs inventory/forms
-- Expand: every row of the inventory gets an organization. What exists belongs to one organization, 'main'.
--
-- A constant default fills org_id without rewriting or reading a table, and without ever holding a null. It stays until
-- the wall goes up, so that the release before this one, which knows no organizations, goes on writing.
do $migration$
declare
  v_main uuid;
  v_table text;
begin
  if exists (select from inventory.items) or exists (select from inventory.locations) then
    -- Policies let only this role create an organization.
    set local role stockade_admin;
    insert into tenancy.organizations (slug, name) values ('main', 'Main') returning id into v_main;
    set local role stockade_owner;
  end if;
  foreach v_table in array array['items', 'locations', 'movements'] loop
    execute format(
      'alter table inventory.%I add column org_id uuid not null default %L',
      v_table, coalesce(v_main, '00000000-0000-0000-0000-000000000000')
    );
  end loop;
end
$migration$;
