-- finds inventory.planted(text)
set local role stockade_owner;
create function inventory.planted(p_table text) returns void language plpgsql set search_path = '' as $$
begin
  execute 'delete from ' || p_table;
end
$$;

-- finds inventory.planted(text)
set local role stockade_owner;
create function inventory.planted(p_query text) returns xml language sql security definer set search_path = ''
as $$ select query_to_xml(p_query, false, false, '') $$;

-- finds inventory.planted(text)
set local role stockade_owner;
create function inventory.planted(p_query text) returns bigint language sql set search_path = ''
begin atomic
  select count(*) from ts_stat(p_query);
end;

-- This is not a comment: the quotes around it are quoted.
-- finds inventory.planted(text)
set local role stockade_owner;
create function inventory.planted(p_table text) returns void language plpgsql set search_path = '' as $$
begin
  perform '-- '' --'; execute p_table;
end
$$;

-- Nor is this one a comment: the quote before it is escaped.
-- finds inventory.planted(text)
set local role stockade_owner;
create function inventory.planted(p_table text) returns void language plpgsql set search_path = '' as $$
declare
  v_text text;
begin
  v_text := E'\'--'; execute p_table;
end
$$;

-- finds inventory.planted(text)
set local role stockade_owner;
create function inventory.planted(p_query text) returns xml language sql security definer set search_path = ''
as $$ select pg_catalog . "query_to_xml" (p_query, false, false, '') $$;

-- finds nothing
set local role stockade_owner;
create function inventory.planted() returns void language plpgsql set search_path = '' as $$
begin
  -- Do not execute it here.
  /* Nor
   * execute it here. */
  raise exception 'nothing is executed';
end
$$;
