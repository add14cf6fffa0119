--! needs 000027_backup_monitor
-- The checks of the backups: their results, and the alerts that were sent about them.

create or replace function recovery.note_checks(p_results jsonb, p_at timestamptz)
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
    -- Of two runs at once, the one that began later knows more.
    where s.checked_at <= excluded.checked_at;
  -- Checks that this release no longer has.
  delete from recovery.monitor_states s
  where s.checked_at < p_at
    and not exists (
      select from jsonb_to_recordset(p_results) as r (check_name text) where r.check_name = s.check_name
    );
end
$$;

comment on function recovery.note_checks is
  'Notes the results of a run, [{check_name, title, status, reason, summary, facts, runbook}]. Raises 23514 for an '
  'unknown status, and for a check that could not run without a reason.';
grant execute on function recovery.note_checks to stockade_jobs;

create or replace function recovery.claim_checks()
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

comment on function recovery.claim_checks is
  'The state of every check, and the last alert about it. Until the end of the transaction no other run can '
  'send alerts about them: a second run waits here, and then finds that they were sent.';
grant execute on function recovery.claim_checks to stockade_jobs;

create or replace function recovery.note_alerted(p_alerted jsonb, p_at timestamptz)
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

comment on function recovery.note_alerted is
  'Notes the alerts that were sent about checks, [{check_name, status, severity}]; null and null when a check is well '
  'again.';
grant execute on function recovery.note_alerted to stockade_jobs;

create or replace function recovery.list_checks()
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

comment on function recovery.list_checks is
  'The state of every check of the backups in the last run.';
grant execute on function recovery.list_checks to stockade_jobs, stockade_admin;
