-- finds tenancy.current_org()
alter function tenancy.current_org() security invoker;

-- Volatile: it runs once per row and may answer differently each time.
-- finds tenancy.current_org()
alter function tenancy.current_org() volatile;

-- finds tenancy.current_actor()
-- and 0032 tenancy.current_actor()
drop function tenancy.current_actor();

-- It trusts a setting that anybody may set.
-- finds tenancy.current_org()
-- and 0032 tenancy.current_org()
-- and 0032 tenancy.current_org()
-- and 0032 tenancy.current_org()
-- and 0032 tenancy.current_org()
create or replace function tenancy.current_org() returns uuid language sql stable security definer set search_path = ''
as $$ select nullif(current_setting('app.org_id', true), '')::uuid $$;

-- It reads the keys, but does not check the context.
-- finds tenancy.current_org()
create or replace function tenancy.current_org() returns uuid language plpgsql stable security definer set search_path = ''
as $$
begin
  perform from tenancy.context_keys;
  return split_part(current_setting('stockade.context', true), '|', 2)::uuid;
end
$$;

-- finds tenancy.verified_context()
create or replace function tenancy.verified_context() returns text[] language plpgsql stable
as $$ begin return string_to_array(current_setting('stockade.context', true), '|'); end $$;

-- It checks nothing.
-- finds tenancy.require_context(text)
-- and 0032 tenancy.require_context(text)
create or replace function tenancy.require_context(p_scope text) returns text[] language plpgsql stable security definer
set search_path = '' as $$ begin return array['', '00000000-0000-0000-0000-000000000000', 'key:1', p_scope]; end $$;

-- The same text finds another table.
-- finds tenancy.verified_context()
-- and 0055 tenancy.verified_context()
alter function tenancy.verified_context() set search_path = public;

-- finds tenancy.email_of_pass(text)
create or replace function tenancy.email_of_pass(p_pass text) returns text language plpgsql stable set search_path = ''
as $$ begin return split_part(p_pass, '|', 3); end $$;

-- Another function of its name does not change it.
-- finds nothing
set local role stockade_owner;
create function tenancy.require_context(p_scope text, p_other text) returns text[] language sql stable set search_path = ''
as $$ select array[p_scope, p_other] $$;
