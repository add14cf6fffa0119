--! needs 000030_aliases
--! needs inventory/forms
--! needs moving_in/assigning
--! needs moving_in/catching_up
--! needs moving_in/offences
--! needs tenancy/entering
--! until 000032_switch
-- What the switch does besides changing the catalogue.

create or replace function moving_in.refuse_offences()
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  v_offence record;
begin
  select * into v_offence from moving_in.offences(1);
  if not found then
    return;
  end if;
  raise exception '%: % breaks the rule that %', v_offence.table_name, v_offence.value, v_offence.rule
    using errcode = '55000', hint = v_offence.remedy;
end
$$;

comment on function moving_in.refuse_offences is
  'Raises 55000 when the decisions do not cover a row that the old program has written in the last moment.';

create or replace function moving_in.refuse_misplaced()
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  v_row record;
begin
  if moving_in.is_placed_by_default() then
    return;
  end if;
  select * into v_row from (
    select decided.table_name, t.id
    from (
      select 'items' as table_name, i.id, i.org_id, to_jsonb(i) as fields from inventory.items i
      union all
      select 'locations', l.id, l.org_id, to_jsonb(l) from inventory.locations l
    ) as t
    join (select distinct table_name, column_name from moving_in.assignments) as decided using (table_name)
    cross join moving_in.default_organization d
    left join moving_in.assignments a
      on a.table_name = decided.table_name and a.value = t.fields ->> decided.column_name
    where t.org_id <> coalesce(a.org_id, d.org_id)
  ) as misplaced
  limit 1;
  if found then
    raise exception '%: % belongs to another organization since the old program has changed it', v_row.table_name, v_row.id
      using errcode = '55000', hint = 'Run again: it moves before the switch.';
  end if;
end
$$;

comment on function moving_in.refuse_misplaced is
  'Raises 55000 when an item or a location belongs to another organization since the old program has changed it in the last '
  'moment.';

create or replace function moving_in.refuse_movements(p_movements uuid[])
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  v_fault record;
begin
  -- The rules of the check that the types and constraints of the old tables do not hold already.
  select m.id, said.fault into v_fault
  from inventory.movements m
  join inventory.items i on i.id = m.item_id
  join inventory.locations l on l.id = m.location_id
  cross join lateral (
    select case
      when i.org_id <> l.org_id then 'its item and its location belong to different organizations'
      when m.recorded_at > clock_timestamp() + interval '1 millisecond' then 'it was not recorded in the past'
      when m.id > inventory.new_id() then 'its id is newer than now'
    end as fault
  ) as said
  where m.id = any (p_movements)
    and said.fault is not null
  limit 1;
  if found then
    raise exception 'movements: % cannot move in: %', v_fault.id, v_fault.fault
      using errcode = '55000', hint = 'Run npm run migrate:all again: it names every such row, and what to do.';
  end if;
end
$$;

comment on function moving_in.refuse_movements is
  'Raises 55000 when the new program could not carry one of these movements, which the old program has written since the check.';

create or replace function moving_in.catch_up_until(p_left integer)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_left bigint;
  v_before bigint;
begin
  loop
    perform moving_in.refuse_movements(moving_in.take_changes(2000));
    select count(*) into v_left from moving_in.changed_movements;
    -- A program that writes without a pause is never caught up with further than this.
    exit when v_left <= p_left or v_left >= v_before;
    v_before := v_left;
  end loop;
end
$$;

comment on function moving_in.catch_up_until is
  'Catches up until at most p_left changes are left, or until a round leaves no fewer than the round before: what was written '
  'meanwhile. With the old program locked out, nothing is left. Raises 55000 for a movement that cannot move in.';

create or replace function moving_in.apply_codes()
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_org_id uuid;
begin
  for v_org_id in select o.id from tenancy.organizations o where exists (select from moving_in.codes) loop
    -- The wall around the aliases is up already.
    perform tenancy.enter_as_job(v_org_id);
    with renamed as (
      update inventory.items i
      set sku = c.becomes
      from moving_in.codes c
      where c.table_name = 'items'
        and i.sku = c.code
        and i.org_id = v_org_id
      returning i.id, c.code
    )
    insert into inventory.item_aliases (org_id, alias, item_id) select v_org_id, code, id from renamed;
    with renamed as (
      update inventory.locations l
      set code = c.becomes
      from moving_in.codes c
      where c.table_name = 'locations'
        and l.code = c.code
        and l.org_id = v_org_id
      returning l.id, c.code
    )
    insert into inventory.location_aliases (org_id, alias, location_id) select v_org_id, code, id from renamed;
  end loop;
  perform set_config('stockade.context', '', true);
end
$$;

comment on function moving_in.apply_codes is
  'Gives items and locations the codes that were decided, and keeps their old ones as aliases.';

create or replace function moving_in.dismiss_old_program()
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_given record;
  v_to text;
begin
  for v_given in
    select 'table ' || c.oid::regclass as object, a.grantee
    from pg_class c
    cross join aclexplode(c.relacl) as a
    where c.relnamespace = 'inventory'::regnamespace
      and c.relkind = 'r'
      and c.relowner = current_user::regrole
      and a.grantee <> c.relowner
    union
    select 'table ' || t.attrelid::regclass, a.grantee
    from pg_attribute t
    join pg_class c on c.oid = t.attrelid
    cross join aclexplode(t.attacl) as a
    where c.relnamespace = 'inventory'::regnamespace
      and c.relkind = 'r'
      and c.relowner = current_user::regrole
    union
    select 'function ' || p.oid::regprocedure, a.grantee
    from pg_proc p
    cross join aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
    where p.pronamespace = 'inventory'::regnamespace
      and a.grantee <> p.proowner
    union
    select 'schema ' || quote_ident(n.nspname), a.grantee
    from pg_namespace n
    cross join aclexplode(n.nspacl) as a
    where n.nspname = 'inventory'
      and a.grantee <> n.nspowner
  loop
    v_to := case when v_given.grantee = 0 then 'public' else v_given.grantee::regrole::text end;
    continue when v_to like 'stockade\_%';
    -- Cascade takes it from those as well who have it from that role.
    execute format('revoke all on %s from %s cascade', v_given.object, v_to);
  end loop;
  for v_to in
    select distinct case when a.grantee = 0 then 'public' else a.grantee::regrole::text end
    from pg_default_acl d
    cross join aclexplode(d.defaclacl) as a
    where d.defaclrole = current_user::regrole
      and d.defaclnamespace = 'inventory'::regnamespace
      and d.defaclobjtype = 'r'
  loop
    execute format('alter default privileges in schema inventory revoke all on tables from %s', v_to);
  end loop;
end
$$;

comment on function moving_in.dismiss_old_program is
  'Takes from every other role what it was granted on the inventory: the old program ends here.';
