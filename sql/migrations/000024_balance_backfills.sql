--! needs inventory/forms
--! needs tenancy/context
-- How far the rebuilding of an organization's balances from history has come.
create table inventory.balance_backfills (
  org_id uuid primary key references tenancy.organizations (id),
  started_at timestamptz(3) not null default clock_timestamp() check (inventory.is_instant(started_at)),
  -- Set when every balance was found equal to its history.
  finished_at timestamptz(3) check (inventory.is_instant(finished_at)),
  -- {item, location, lot}: the last key that was rebuilt; null before the first.
  checkpoint jsonb,
  -- Whether no key is left after the checkpoint.
  walked boolean not null default false,
  keys bigint not null default 0 check (keys >= 0),
  movements bigint not null default 0 check (movements >= 0),
  changed bigint not null default 0 check (changed >= 0),
  total_movements bigint not null check (total_movements >= 0)
);
alter table inventory.balance_backfills
  alter column org_id set statistics 0,
  alter column started_at set statistics 0,
  alter column finished_at set statistics 0,
  alter column checkpoint set statistics 0,
  alter column walked set statistics 0,
  alter column keys set statistics 0,
  alter column movements set statistics 0,
  alter column changed set statistics 0,
  alter column total_movements set statistics 0;

comment on table inventory.balance_backfills is
  'Tenant data: how far the rebuilding of the balances from history has come.';

alter table inventory.balance_backfills enable row level security;
alter table inventory.balance_backfills force row level security;
create policy tenant on inventory.balance_backfills
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

grant select on inventory.balance_backfills to stockade_jobs;
