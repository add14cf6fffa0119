--! needs 000005_moving_in
--! until 000032_switch
-- The triggers on the path of the old program. They give each row its organization, and note which movements have changed.
-- They lock no row that two transactions could share: the old program waits for nothing because of the move.

create or replace function moving_in.decided_organization()
returns uuid
language plpgsql
stable
set search_path = ''
as $$
declare
  v_org_id uuid := (select org_id from moving_in.default_organization);
begin
  if v_org_id is null and (
    exists (select from inventory.users)
    or exists (select from inventory.items)
    or exists (select from inventory.locations)
  ) then
    raise exception 'this database has rows, and nobody has decided which organization they belong to'
      using errcode = '55000', hint = 'Run npm run migrate:org with --slug and --name.';
  end if;
  -- An empty inventory belongs to nobody. Rows that are written before the switch move to the organization that is decided.
  return coalesce(v_org_id, '00000000-0000-0000-0000-000000000000');
end
$$;

comment on function moving_in.decided_organization is
  'The organization that the rows of the old program belong to by default. Raises 55000 when there are rows and nobody '
  'has decided it.';

create or replace function moving_in.organization_of(p_table text, p_row jsonb)
returns uuid
language sql
stable
set search_path = ''
as $$
  select coalesce(
    (
      select a.org_id
      from moving_in.assignments a
      where a.table_name = p_table
        and a.value = p_row ->> a.column_name
    ),
    (select d.org_id from moving_in.default_organization d)
  )
$$;

comment on function moving_in.organization_of is
  'The organization that a row of items or locations belongs to, by the decisions.';

create or replace function moving_in.place_row()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  new.org_id := coalesce(moving_in.organization_of(tg_table_name, to_jsonb(new)), new.org_id);
  return new;
end
$$;

comment on function moving_in.place_row is
  'Gives an item or a location that the old program inserts its organization.';

create or replace function moving_in.place_movement()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- An item that does not exist is left to the foreign key of the old program.
  new.org_id := coalesce((select i.org_id from inventory.items i where i.id = new.item_id), new.org_id);
  new.entry_id := coalesce(new.entry_id, new.id);
  return new;
end
$$;

comment on function moving_in.place_movement is
  'Gives a movement that the old program inserts or updates the organization of its item, and an entry of its own.';

create or replace function moving_in.note_movement()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if tg_op <> 'INSERT' then
    insert into moving_in.changed_movements
      (movement_id, entry_id, org_id, item_id, location_id, lot, quantity, movements)
    values (
      old.id, coalesce(old.entry_id, old.id), old.org_id, old.item_id, old.location_id, old.lot, - old.quantity, -1
    );
  end if;
  if tg_op <> 'DELETE' then
    insert into moving_in.changed_movements
      (movement_id, entry_id, org_id, item_id, location_id, lot, quantity, movements)
    values (new.id, new.entry_id, new.org_id, new.item_id, new.location_id, new.lot, new.quantity, 1);
  end if;
  return null;
end
$$;

comment on function moving_in.note_movement is
  'Notes a movement that the old program inserts, updates or deletes, with what that adds to balances.';
