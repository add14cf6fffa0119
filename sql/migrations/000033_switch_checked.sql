-- What the switch added without reading the rows is read now, while others write.
--
-- Postgres validates a foreign key as the owner of the table, who sees no row behind the wall: it would find nothing wrong
-- with anything. So the role that sees them reads them first; what others have written since, the keys have checked.
set local role stockade_ledger;
do $migration$
begin
  if exists (
    select
    from inventory.movements m
    where not exists (select from inventory.entries e where e.org_id = m.org_id and e.id = m.entry_id)
  ) then
    raise exception 'there are movements without their entry' using errcode = '23503';
  end if;
  if exists (
    select
    from inventory.balances b
    where not exists (select from inventory.items i where i.org_id = b.org_id and i.id = b.item_id)
      or not exists (select from inventory.locations l where l.org_id = b.org_id and l.id = b.location_id)
  ) then
    raise exception 'there are balances without their item or location' using errcode = '23503';
  end if;
end
$migration$;
set local role stockade_owner;

alter table tenancy.users validate constraint users_email_check_form;
alter table tenancy.users validate constraint users_created_at_check;
alter table inventory.items validate constraint items_sku_check;
alter table inventory.locations validate constraint locations_code_check;
alter table inventory.balances validate constraint balances_org_id_item_id_fkey;
alter table inventory.balances validate constraint balances_org_id_location_id_fkey;
alter table inventory.movements validate constraint movements_org_id_entry_id_fkey;
