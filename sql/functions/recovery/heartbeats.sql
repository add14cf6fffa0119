--! needs 000003_organizations
--! needs 000028_heartbeats
-- Heartbeats: proof of how far a restored copy goes.

create or replace function recovery.beat()
returns timestamptz
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_at timestamptz(3) := clock_timestamp();
begin
  insert into recovery.heartbeats (at, organizations)
  select v_at, count(*)
  from tenancy.organizations
  on conflict (at) do nothing;
  -- A restored copy needs only the newest one. A few days of them show when they were missing.
  delete from recovery.heartbeats
  where at < v_at - interval '8 days';
  return v_at;
end
$$;

comment on function recovery.beat is
  'Records that the database takes writes now, and how many organizations it has. Returns the time it recorded.';
grant execute on function recovery.beat to stockade_jobs;

create or replace function recovery.newest_heartbeat()
returns setof recovery.heartbeats
language sql
stable
security definer
set search_path = ''
as $$
  select *
  from recovery.heartbeats
  order by at desc
  limit 1
$$;

comment on function recovery.newest_heartbeat is
  'The newest heartbeat. In a restored copy: the time up to which everything committed is there. No row when there '
  'never was one.';
grant execute on function recovery.newest_heartbeat to stockade_jobs;
