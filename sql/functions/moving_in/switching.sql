--! needs 000030_aliases
--! needs inventory/forms
--! needs moving_in/catching_up
--! needs moving_in/offences
--! needs tenancy/entering
--! until 000031_switch
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

create or replace function moving_in.apply_codes()
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_renamed record;
begin
  for v_renamed in
    update inventory.items i
    set sku = c.becomes
    from moving_in.codes c
    where c.table_name = 'items'
      and i.sku = c.code
    returning i.org_id, i.id, c.code
  loop
    -- The wall around the aliases is up already.
    perform tenancy.enter_as_job(v_renamed.org_id);
    insert into inventory.item_aliases (org_id, alias, item_id) values (v_renamed.org_id, v_renamed.code, v_renamed.id);
  end loop;
  for v_renamed in
    update inventory.locations l
    set code = c.becomes
    from moving_in.codes c
    where c.table_name = 'locations'
      and l.code = c.code
    returning l.org_id, l.id, c.code
  loop
    perform tenancy.enter_as_job(v_renamed.org_id);
    insert into inventory.location_aliases (org_id, alias, location_id)
    values (v_renamed.org_id, v_renamed.code, v_renamed.id);
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
      and c.relname in ('users', 'items', 'locations', 'movements')
      and a.grantee <> c.relowner
    union
    select 'table ' || t.attrelid::regclass, a.grantee
    from pg_attribute t
    join pg_class c on c.oid = t.attrelid
    cross join aclexplode(t.attacl) as a
    where c.relnamespace = 'inventory'::regnamespace
      and c.relname in ('users', 'items', 'locations', 'movements')
    union
    select 'function ' || p.oid::regprocedure, a.grantee
    from pg_proc p
    cross join aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
    where p.oid = 'inventory.new_id()'::regprocedure
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
    execute format('revoke all on %s from %s', v_given.object, v_to);
  end loop;
end
$$;

comment on function moving_in.dismiss_old_program is
  'Takes from every other role what it was granted on the inventory: the old program ends here.';
