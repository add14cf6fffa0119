-- What the monitor of the backups remembers from one run to the next: the state of each check, the last alert about it,
-- and the test alerts that were sent to see whether alerts arrive.
create schema recovery;
revoke all on schema recovery from public;
grant usage on schema recovery to stockade_jobs, stockade_admin;

create table recovery.monitor_states (
  check_name text primary key check (check_name ~ '^[a-z][a-z-]{1,60}$'),
  title text not null,
  status text not null check (status in ('ok', 'warn', 'fail', 'could_not_run', 'not_applicable')),
  reason text check ((reason is not null) = (status = 'could_not_run')),
  summary text not null,
  facts jsonb not null,
  runbook text not null,
  -- Since when it has this status.
  since timestamptz(3) not null,
  checked_at timestamptz(3) not null,
  -- The last alert that was not withdrawn.
  alerted_status text check (alerted_status in ('warn', 'fail', 'could_not_run')),
  alerted_severity text check (alerted_severity in ('warning', 'critical')),
  alerted_at timestamptz(3),
  check ((alerted_status is null) = (alerted_severity is null) and (alerted_status is null) = (alerted_at is null))
);

comment on table recovery.monitor_states is
  'Platform data: the state of each check of the backups, since when, and the last alert about it.';

create table recovery.alert_probes (
  id uuid primary key default inventory.new_id(),
  made_at timestamptz(3) not null,
  sent_at timestamptz(3),
  received_at timestamptz(3),
  -- Why it could not be sent.
  failure text check (failure is null or sent_at is null)
);

comment on table recovery.alert_probes is
  'Platform data: the test alerts that were sent to see whether alerts arrive.';
