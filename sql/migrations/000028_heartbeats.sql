-- A row a minute. In a restored copy the newest one shows, to the minute, up to when everything committed is there.
create table recovery.heartbeats (
  at timestamptz(3) primary key,
  -- How many organizations there were: a copy that has fewer has lost some.
  organizations bigint not null check (organizations >= 0)
);

comment on table recovery.heartbeats is
  'Platform data: a row a minute. The newest one in a restored copy says up to when the copy has everything.';
