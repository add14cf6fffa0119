--! needs inventory/append_only
-- The watch over the ledger's triggers: every change of them, and the faults that an alert was sent about.
create table inventory.trigger_changes (
  id uuid primary key default inventory.new_id(),
  at timestamptz not null default clock_timestamp(),
  -- watch: from here on every change is noted. change: something was different after this command.
  kind text not null check (kind in ('watch', 'change')),
  command text not null,
  -- The login, not a person.
  by text not null default session_user,
  -- {name: {enabled, digest}} after it.
  triggers jsonb not null
);

comment on table inventory.trigger_changes is
  'Platform data (append-only): every change of the ledger''s triggers, with what they were after it.';

create trigger append_only
  before update or delete or truncate on inventory.trigger_changes
  for each statement execute function inventory.refuse_change();
alter table inventory.trigger_changes enable always trigger append_only;

-- Every tick of the job finds a broken trigger again. An alert goes out at once, and then once a day.
create table inventory.told_trigger_faults (
  only_row boolean primary key default true check (only_row),
  -- [{trigger, fault}]: the faults of the last alert; empty while every trigger is as it must be.
  faults jsonb not null default '[]' check (jsonb_typeof(faults) = 'array'),
  told_at timestamptz(3) not null default '-infinity'
);

comment on table inventory.told_trigger_faults is
  'Platform data: the faults of the ledger''s triggers that the last alert was about, and when it was sent.';
