-- finds inventory.planted(uuid)
set local role stockade_owner;
create function inventory.planted(p_org_id uuid) returns text language sql set search_path = ''
as $$ select tenancy.U&"\0073ign_context"(p_org_id, 'job', array['read'], null) $$;

-- finds inventory.planted(text)
-- and 0027 inventory.planted(text)
set local role stockade_owner;
create function inventory.planted(p_table text) returns void language plpgsql set search_path = '' as $planted$
begin
  perform $one$ it's $two$ not over $two$ yet $one$;
  execute p_table;
end
$planted$;

-- finds inventory.planted()
set local role stockade_owner;
create function inventory.planted() returns text language sql set search_path = '' as $$
  select 'a' /* one /* two */ ' */ || set_config('stockade.colour', 'blue', true) /* ' */
$$;

-- finds inventory.planted()
set local role stockade_owner;
create function inventory.planted() returns bigint language sql set search_path = tenancy
as $$ select count(*) from organizations $$;

-- finds inventory.planted()
set local role stockade_owner;
create function inventory.planted() returns text language sql set search_path = '' set standard_conforming_strings = off
as $$ select 'a' $$;

-- finds nothing
set local role stockade_owner;
create function inventory.planted(p_text text) returns text language plpgsql set search_path = '' as $planted$
begin
  /* It costs $5$; U&"no" */ -- $one$
  return e'it\'s $one$ ' || $one$it's 5$, or $6 $one$ || 'u&''' || $$ */ $$ || $1 || "p_text" || (2&4);
end
$planted$;
