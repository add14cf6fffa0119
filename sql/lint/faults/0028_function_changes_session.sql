-- finds inventory.planted()
set local role stockade_owner;
create function inventory.planted() returns text language sql volatile set search_path = ''
as $$ select set_config('stockade.colour', 'blue', false) $$;

-- Only the caller knows the last argument.
-- finds inventory.planted(boolean)
set local role stockade_owner;
create function inventory.planted(p_local boolean) returns text language plpgsql set search_path = '' as $$
begin
  return set_config('stockade.colour', lower('B)LUE'), true) || pg_catalog . SET_CONFIG ('stockade.size', upper('l'), p_local);
end
$$;

-- finds inventory.planted()
set local role stockade_owner;
create function inventory.planted() returns void language plpgsql set search_path = '' as $$
begin
  set role stockade_jobs;
end
$$;

-- For the transaction only, but in another role.
-- finds inventory.planted()
set local role stockade_owner;
create function inventory.planted() returns void language plpgsql set search_path = '' as $$
begin
  if true then
    set local role stockade_jobs;
  end if;
end
$$;

-- finds inventory.planted()
set local role stockade_owner;
create function inventory.planted() returns void language plpgsql set search_path = '' as $$
begin
  perform 1; set
    statement_timeout = 0;
end
$$;

-- finds inventory.planted()
-- and 0027 inventory.planted()
set local role stockade_owner;
create function inventory.planted() returns void language plpgsql set search_path = '' as $$
begin
  execute 'set search_path = public';
end
$$;

-- finds inventory.planted()
set local role stockade_owner;
create function inventory.planted() returns void language plpgsql set search_path = '' as $$
begin
  reset all;
end
$$;

-- finds inventory.planted()
set local role stockade_owner;
create function inventory.planted() returns void language sql set search_path = ''
as $$ update pg_catalog.pg_settings set setting = '0' where name = 'statement_timeout' $$;

-- finds inventory.planted()
set local role stockade_owner;
create function inventory.planted() returns integer language sql set search_path = '' set row_security = off as 'select 1';

-- finds inventory.planted()
set local role stockade_owner;
create function inventory.planted() returns text language sql volatile set search_path = ''
as $$ select pg_catalog."set_config"('stockade.colour', 'blue', false) $$;

-- After an apostrophe that does not end a string.
-- finds inventory.planted()
set local role stockade_owner;
create function inventory.planted() returns text language plpgsql set search_path = '' as $planted$
declare
  v_text text := E'it\'s';
begin
  return set_config('stockade.colour', v_text, false);
end
$planted$;

-- finds inventory.planted()
set local role stockade_owner;
create function inventory.planted() returns text language plpgsql set search_path = '' as $planted$
declare
  v_text text := $one$it's$one$;
begin
  return set_config('stockade.colour', v_text, false);
end
$planted$;

-- finds nothing
set local role stockade_owner;
create function inventory.planted() returns void language plpgsql set search_path = '' set statement_timeout = '5s' as $$
begin
  set local lock_timeout = '1s';
  set constraints all immediate;
  update inventory.items set name = (select set_config('stockade.colour', concat('(', 'b', lower('LUE')), true));
  insert into inventory.locations (org_id, code, name) values (tenancy.current_org(), 'A', 'A')
  on conflict (org_id, code) do update
    set name = 'A';
end
$$;
