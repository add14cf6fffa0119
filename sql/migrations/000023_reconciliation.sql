--! needs inventory/forms
--! needs tenancy/context
-- Reconciliation: each pass that compares the balances with history, and what it found.
--
-- The comparison itself is a statement of the job, not a function of this database: the database does not check itself.
create table inventory.reconciliation_runs (
  org_id uuid not null references tenancy.organizations (id),
  id uuid not null default inventory.new_id(),
  -- daily: every balance from its last closing on, and the items of one bucket from their first movement on. full: every
  -- balance from its first movement on.
  kind text not null check (kind in ('daily', 'full')),
  status text not null default 'running' check (status in ('running', 'finished', 'failed')),
  started_at timestamptz(3) not null default clock_timestamp() check (inventory.is_instant(started_at)),
  finished_at timestamptz(3) check (inventory.is_instant(finished_at)),
  -- Of a daily run: which thirtieth of the items.
  bucket integer check (bucket >= 0),
  keys_checked bigint not null default 0 check (keys_checked >= 0),
  movements_read bigint not null default 0 check (movements_read >= 0),
  -- Keys that differed. inventory.discrepancies keeps the first thousand.
  found bigint not null default 0 check (found >= 0),
  corrected bigint not null default 0 check (corrected >= 0),
  alerted bigint not null default 0 check (alerted >= 0),
  -- The last seal and the newest entry that the run has seen.
  seal_seq bigint,
  newest_entry uuid,
  -- The seal boundary when the run began. All movements up to it were compared.
  compared_through uuid,
  -- From the newest entry that was compared to the newest there was in the end.
  lag_seconds numeric(12, 3) check (lag_seconds >= 0 and lag_seconds <> 'NaN'),
  -- [{trigger, fault}]: the triggers of the ledger that were not as they must be.
  trigger_faults jsonb not null default '[]' check (jsonb_typeof(trigger_faults) = 'array'),
  error text,
  primary key (org_id, id),
  foreign key (org_id, newest_entry) references inventory.entries (org_id, id),
  foreign key (org_id, compared_through) references inventory.entries (org_id, id),
  check ((finished_at is null) = (status = 'running'))
);
alter table inventory.reconciliation_runs
  alter column org_id set statistics 0,
  alter column id set statistics 0,
  alter column kind set statistics 0,
  alter column status set statistics 0,
  alter column started_at set statistics 0,
  alter column finished_at set statistics 0,
  alter column bucket set statistics 0,
  alter column keys_checked set statistics 0,
  alter column movements_read set statistics 0,
  alter column found set statistics 0,
  alter column corrected set statistics 0,
  alter column alerted set statistics 0,
  alter column seal_seq set statistics 0,
  alter column newest_entry set statistics 0,
  alter column compared_through set statistics 0,
  alter column lag_seconds set statistics 0,
  alter column trigger_faults set statistics 0,
  alter column error set statistics 0;

comment on table inventory.reconciliation_runs is
  'Tenant data: the passes that compared balances with history.';

create table inventory.discrepancies (
  org_id uuid not null,
  run_id uuid not null,
  number integer not null check (number >= 1),
  -- Null when it is about the seals and not about a balance.
  item_id uuid,
  location_id uuid,
  lot text,
  -- Null when there is no row.
  stored_on_hand numeric,
  stored_reserved numeric,
  stored_version bigint,
  computed_on_hand numeric,
  computed_reserved numeric,
  computed_version bigint,
  -- Null until it is settled.
  cause text check (cause in (
    'direct_write', 'trigger_disabled', 'movement_deleted', 'movement_altered', 'movement_inserted', 'partial_backfill',
    'restored_to_older_point', 'seal_altered', 'anchor_missing', 'impossible_value', 'unknown'
  )),
  -- What the cause follows from; of a correction the figures before and after.
  detail jsonb not null default '{}' check (jsonb_typeof(detail) = 'object'),
  -- found: not settled yet. gone: at a second look the balance was right.
  action text not null default 'found' check (action in ('found', 'corrected', 'alerted', 'applied', 'gone')),
  settled_at timestamptz(3) check (inventory.is_instant(settled_at)),
  primary key (org_id, run_id, number),
  unique (org_id, run_id, item_id, location_id, lot),
  foreign key (org_id, run_id) references inventory.reconciliation_runs (org_id, id),
  check (num_nulls(item_id, location_id, lot) in (0, 3))
);
alter table inventory.discrepancies
  alter column org_id set statistics 0,
  alter column run_id set statistics 0,
  alter column number set statistics 0,
  alter column item_id set statistics 0,
  alter column location_id set statistics 0,
  alter column lot set statistics 0,
  alter column stored_on_hand set statistics 0,
  alter column stored_reserved set statistics 0,
  alter column stored_version set statistics 0,
  alter column computed_on_hand set statistics 0,
  alter column computed_reserved set statistics 0,
  alter column computed_version set statistics 0,
  alter column cause set statistics 0,
  alter column detail set statistics 0,
  alter column action set statistics 0,
  alter column settled_at set statistics 0;

comment on table inventory.discrepancies is
  'Tenant data: what the passes found, why, and what was done about it.';

-- Whether a key was corrected before.
create index discrepancies_key on inventory.discrepancies (org_id, item_id, location_id, lot);

create table inventory.reconciliation_state (
  org_id uuid primary key references tenancy.organizations (id),
  due_at timestamptz(3) not null default '-infinity' check (due_at = '-infinity' or inventory.is_instant(due_at)),
  -- The run that has taken the organization, and until when: one that dies keeps others out no longer than that.
  lease uuid,
  leased_until timestamptz(3) check (inventory.is_instant(leased_until)),
  next_bucket integer not null default 0 check (next_bucket >= 0),
  -- The run that is not finished, and how far it has come.
  run_id uuid,
  checkpoint jsonb,
  failures integer not null default 0 check (failures >= 0),
  -- Balances were found right up to this entry. Before the first such run, a run compares all history.
  compared_through uuid,
  -- When the last alert about its failures was sent; null when none is open.
  failure_told_at timestamptz(3) check (inventory.is_instant(failure_told_at)),
  -- When the last run that found every balance right began; null before the first.
  proven_at timestamptz(3) check (inventory.is_instant(proven_at)),
  foreign key (org_id, compared_through) references inventory.entries (org_id, id),
  foreign key (org_id, run_id) references inventory.reconciliation_runs (org_id, id)
);
-- The organization that has been due longest comes first.
create index reconciliation_state_due on inventory.reconciliation_state (due_at, org_id);
alter table inventory.reconciliation_state
  alter column org_id set statistics 0,
  alter column due_at set statistics 0,
  alter column lease set statistics 0,
  alter column leased_until set statistics 0,
  alter column next_bucket set statistics 0,
  alter column run_id set statistics 0,
  alter column checkpoint set statistics 0,
  alter column failures set statistics 0,
  alter column compared_through set statistics 0,
  alter column failure_told_at set statistics 0,
  alter column proven_at set statistics 0;

comment on table inventory.reconciliation_state is
  'Tenant data: when an organization is due for its next pass, and which run has taken it.';

alter table inventory.reconciliation_runs enable row level security;
alter table inventory.reconciliation_runs force row level security;
create policy tenant on inventory.reconciliation_runs
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

alter table inventory.discrepancies enable row level security;
alter table inventory.discrepancies force row level security;
create policy tenant on inventory.discrepancies
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

alter table inventory.reconciliation_state enable row level security;
alter table inventory.reconciliation_state force row level security;
create policy tenant on inventory.reconciliation_state
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));
-- Which organization is due next is asked before one is entered.
create policy lease_owner on inventory.reconciliation_state to stockade_owner using (true) with check (true);

grant select on inventory.reconciliation_runs, inventory.discrepancies, inventory.reconciliation_state to stockade_jobs;
