-- A row a minute, so that a restored copy tells to the minute up to when it has what was committed.

create table recovery.heartbeats (
  at timestamptz(3) primary key,
  -- How many organizations there were: a copy that has fewer has lost some.
  organizations bigint not null check (organizations >= 0)
);

comment on table recovery.heartbeats is
  'Platform data: a row a minute. The newest one in a restored copy says up to when the copy has everything.';

create function recovery.beat()
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
  -- A restored copy needs the newest one; a few days of them show when there was none.
  delete from recovery.heartbeats
  where at < v_at - interval '8 days';
  return v_at;
end
$$;

comment on function recovery.beat() is
  'Writes down that the database takes writes now, and with how many organizations. Answers when that was.';

create function recovery.newest_heartbeat()
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

comment on function recovery.newest_heartbeat() is
  'The newest heartbeat: in a restored copy, up to when it has what was committed. None when there never was one.';

grant execute on function recovery.beat() to stockade_jobs;
grant execute on function recovery.newest_heartbeat() to stockade_jobs;
