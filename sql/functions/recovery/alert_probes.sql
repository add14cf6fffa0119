--! needs 000027_backup_monitor
-- Test alerts, sent to see whether alerts arrive.

create or replace function recovery.begin_alert_probe(p_at timestamptz, p_every interval, p_retry interval)
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
  -- Two runs at once send one alert.
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

comment on function recovery.begin_alert_probe is
  'The id of a test alert that must be sent now; null when none is due. One is due p_every after the last one that '
  'arrived, and p_retry after one that did not.';
grant execute on function recovery.begin_alert_probe to stockade_jobs;

create or replace function recovery.note_alert_probe(p_id uuid, p_sent_at timestamptz, p_failure text)
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

comment on function recovery.note_alert_probe is
  'Notes when a test alert was sent, or why it could not be.';
grant execute on function recovery.note_alert_probe to stockade_jobs;

create or replace function recovery.note_alert_received(p_id uuid, p_at timestamptz)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  -- SNS may deliver an alert more than once.
  update recovery.alert_probes
  set received_at = coalesce(received_at, p_at)
  where id = p_id;
  return found;
end
$$;

comment on function recovery.note_alert_received is
  'Notes that a test alert has arrived. False when none of that id was sent.';
grant execute on function recovery.note_alert_received to stockade_jobs;

create or replace function recovery.alert_probes()
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

comment on function recovery.alert_probes is
  'The newest ten test alerts.';
grant execute on function recovery.alert_probes to stockade_jobs;
