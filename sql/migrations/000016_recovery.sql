-- What the monitor of the backups knows from one run to the next: how each check stands, what has been told about it, and
-- the alerts that were sent to see whether alerts arrive.

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
  -- What was told last, and not taken back yet.
  alerted_status text check (alerted_status in ('warn', 'fail', 'could_not_run')),
  alerted_severity text check (alerted_severity in ('warning', 'critical')),
  alerted_at timestamptz(3),
  check ((alerted_status is null) = (alerted_severity is null) and (alerted_status is null) = (alerted_at is null))
);

comment on table recovery.monitor_states is
  'Platform data: how each check of the backups stands, since when, and what has been told about it.';

create table recovery.alert_probes (
  id uuid primary key default inventory.new_id(),
  made_at timestamptz(3) not null,
  sent_at timestamptz(3),
  received_at timestamptz(3),
  -- Why it could not be sent.
  failure text check (failure is null or sent_at is null)
);

comment on table recovery.alert_probes is
  'Platform data: the alerts that were sent to see whether alerts arrive.';

create function recovery.note_checks(p_results jsonb, p_at timestamptz)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  insert into recovery.monitor_states as s
    (check_name, title, status, reason, summary, facts, runbook, since, checked_at)
  select r.check_name, r.title, r.status, r.reason, r.summary, r.facts, r.runbook, p_at, p_at
  from jsonb_to_recordset(p_results) as r (
    check_name text,
    title text,
    status text,
    reason text,
    summary text,
    facts jsonb,
    runbook text
  )
  order by r.check_name
  on conflict (check_name) do update
    set title = excluded.title,
        status = excluded.status,
        reason = excluded.reason,
        summary = excluded.summary,
        facts = excluded.facts,
        runbook = excluded.runbook,
        since = case when s.status = excluded.status then s.since else excluded.since end,
        checked_at = excluded.checked_at
    -- Of two runs at once the one that began later knows more.
    where s.checked_at <= excluded.checked_at;
  -- A check that this release no longer has.
  delete from recovery.monitor_states s
  where s.checked_at < p_at
    and not exists (
      select from jsonb_to_recordset(p_results) as r (check_name text) where r.check_name = s.check_name
    );
end
$$;

comment on function recovery.note_checks(jsonb, timestamptz) is
  'Notes the results of a run, [{check_name, title, status, reason, summary, facts, runbook}]. Raises 23514 for a status that '
  'there is not, and for one that could not run without a reason.';

create function recovery.claim_checks()
returns setof recovery.monitor_states
language sql
volatile
security definer
set search_path = ''
as $$
  select *
  from recovery.monitor_states
  order by check_name
  for update
$$;

comment on function recovery.claim_checks() is
  'How every check stands, and what was told about it. Until the end of the transaction nobody else can tell about them: a '
  'second run waits here, and then finds that it has been told.';

create function recovery.note_alerted(p_alerted jsonb, p_at timestamptz)
returns void
language sql
volatile
security definer
set search_path = ''
as $$
  update recovery.monitor_states s
  set alerted_status = a.status,
      alerted_severity = a.severity,
      alerted_at = case when a.status is not null then p_at end
  from jsonb_to_recordset(p_alerted) as a (check_name text, status text, severity text)
  where s.check_name = a.check_name
$$;

comment on function recovery.note_alerted(jsonb, timestamptz) is
  'Notes what was told about checks, [{check_name, status, severity}]; null and null that it is well again.';

create function recovery.list_checks()
returns setof recovery.monitor_states
language sql
stable
security definer
set search_path = ''
as $$
  select *
  from recovery.monitor_states
  order by check_name
$$;

comment on function recovery.list_checks() is 'How every check of the backups stood in the last run.';

create function recovery.begin_alert_probe(p_at timestamptz, p_every interval, p_retry interval)
returns uuid
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_due_at timestamptz;
  v_id uuid;
begin
  -- Two runs at once send one.
  lock table recovery.alert_probes in share row exclusive mode;
  select made_at + case when received_at is null then p_retry else p_every end
  into v_due_at
  from recovery.alert_probes
  order by made_at desc, id desc
  limit 1;
  if v_due_at > p_at then
    return null;
  end if;
  insert into recovery.alert_probes (made_at) values (p_at) returning id into v_id;
  delete from recovery.alert_probes where made_at < p_at - interval '400 days';
  return v_id;
end
$$;

comment on function recovery.begin_alert_probe(timestamptz, interval, interval) is
  'The id of an alert that is to be sent now to see whether alerts arrive; null when none is due. One is p_every after the '
  'last one that arrived, and p_retry after one that did not.';

create function recovery.note_alert_probe(p_id uuid, p_sent_at timestamptz, p_failure text)
returns void
language sql
volatile
security definer
set search_path = ''
as $$
  update recovery.alert_probes
  set sent_at = p_sent_at,
      failure = p_failure
  where id = p_id
$$;

comment on function recovery.note_alert_probe(uuid, timestamptz, text) is
  'Notes when an alert was sent to see whether it arrives, or why it could not be.';

create function recovery.note_alert_received(p_id uuid, p_at timestamptz)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  -- SNS delivers once or more.
  update recovery.alert_probes
  set received_at = coalesce(received_at, p_at)
  where id = p_id;
  return found;
end
$$;

comment on function recovery.note_alert_received(uuid, timestamptz) is
  'Notes that an alert has arrived that was sent to see whether it does. False when none of that id was sent.';

create function recovery.alert_probes()
returns setof recovery.alert_probes
language sql
stable
security definer
set search_path = ''
as $$
  select *
  from recovery.alert_probes
  order by made_at desc, id desc
  limit 10
$$;

comment on function recovery.alert_probes() is
  'The newest ten alerts that were sent to see whether they arrive.';

grant execute on function recovery.note_checks(jsonb, timestamptz) to stockade_jobs;
grant execute on function recovery.claim_checks() to stockade_jobs;
grant execute on function recovery.note_alerted(jsonb, timestamptz) to stockade_jobs;
grant execute on function recovery.begin_alert_probe(timestamptz, interval, interval) to stockade_jobs;
grant execute on function recovery.note_alert_probe(uuid, timestamptz, text) to stockade_jobs;
grant execute on function recovery.note_alert_received(uuid, timestamptz) to stockade_jobs;
grant execute on function recovery.alert_probes() to stockade_jobs;
grant execute on function recovery.list_checks() to stockade_jobs, stockade_admin;
