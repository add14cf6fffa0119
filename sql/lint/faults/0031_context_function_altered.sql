-- finds tenancy.current_org()
alter function tenancy.current_org() security invoker;

-- Once per row, and another answer each time.
-- finds tenancy.current_org()
alter function tenancy.current_org() volatile;

-- finds tenancy.current_actor()
-- and 0032 tenancy.current_actor()
-- and 0032 tenancy.current_actor()
drop function tenancy.current_actor();

-- It believes a setting that anybody may set.
-- finds tenancy.current_org()
-- and 0032 tenancy.current_org()
-- and 0032 tenancy.current_org()
-- and 0032 tenancy.current_org()
-- and 0032 tenancy.current_org()
create or replace function tenancy.current_org() returns uuid language sql stable security definer set search_path = ''
as $$ select nullif(current_setting('app.org_id', true), '')::uuid $$;
