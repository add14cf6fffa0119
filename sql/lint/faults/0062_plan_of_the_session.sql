-- finds inventory.get_item(text)
alter function inventory.get_item(text) reset enable_seqscan;

-- finds inventory.list_items(integer,text,text)
alter function inventory.list_items(integer, text, text) set random_page_cost = 1000;

-- Through another function, too.
-- finds inventory.planted(text)
set local role stockade_owner;
create function inventory.planted(p_name text) returns uuid language plpgsql security definer set search_path = ''
  as $$ begin return inventory.find_item(p_name); end $$;
revoke all on function inventory.planted(text) from public;
grant execute on function inventory.planted(text) to stockade_api;

-- finds nothing
set local role stockade_owner;
create function inventory.planted(p_name text) returns uuid language plpgsql security definer set search_path = ''
  as $$ begin return inventory.find_item(p_name); end $$;
revoke all on function inventory.planted(text) from public;
grant execute on function inventory.planted(text) to stockade_jobs;
