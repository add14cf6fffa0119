--! needs inventory/append_only
--! needs inventory/forms
--! needs tenancy/context
-- Reservations: stock that is held for somebody until it is committed, released, or the hold expires.
--
-- A hold that has expired counts for nothing from that moment on, whether or not anybody has written so. What is stored
-- follows later: balances.reserved is the sum of what lines hold, expired or not, and a reader subtracts the expired ones.
--
-- A line changes only while its balance is locked. Whether a hold has expired is asked once more after that: of two that
-- want the stock at that moment, one has it.
create table inventory.reservations (
  -- No foreign key to organizations: every reservation would lock the one row of its organization, and the wall has proven
  -- that it exists.
  org_id uuid not null,
  id uuid not null,
  -- expired is stored when the lines are closed. Until then an open reservation whose time is over is expired too.
  state text not null default 'open' check (state in ('open', 'committed', 'released', 'expired')),
  reference text check (inventory.is_visible(reference, 200)),
  -- Infinity: it never expires.
  expires_at timestamptz(3) not null check (expires_at = 'infinity' or inventory.is_instant(expires_at)),
  created_at timestamptz(3) not null check (inventory.is_instant(created_at)),
  closed_at timestamptz(3) check (inventory.is_instant(closed_at)),
  actor text not null check (length(actor) between 1 and 200),
  metadata jsonb not null default '{}' check (metadata = '{}' or inventory.is_metadata(metadata)),
  check ((closed_at is null) = (state = 'open'))
);
alter table inventory.reservations
  alter column org_id set statistics 0,
  alter column id set statistics 0,
  alter column state set statistics 0,
  alter column reference set statistics 0,
  alter column expires_at set statistics 0,
  alter column created_at set statistics 0,
  alter column closed_at set statistics 0,
  alter column actor set statistics 0,
  alter column metadata set statistics 0;

-- For lists, backwards; and for those whose time is over.
create index reservations_of_state on inventory.reservations (org_id, state, id);
create index reservations_of_reference on inventory.reservations (org_id, reference, id) where reference is not null;
create index reservations_expiring on inventory.reservations (org_id, expires_at, id) where state = 'open';
-- Of indexes that cost the same, Postgres takes the one that was created last: these must be it.
alter table inventory.reservations
  add unique (org_id, id, expires_at),
  add primary key (org_id, id);

create table inventory.reservation_lines (
  org_id uuid not null,
  reservation_id uuid not null,
  line integer not null check (line between 1 and 1000),
  item_id uuid not null,
  location_id uuid not null,
  lot text not null check (lot = '' or inventory.is_visible(lot, 64)),
  -- What was asked for. It was held in full, unless a part was welcome.
  quantity numeric(15, 4) not null check (quantity > 0 and quantity <> 'NaN'),
  held numeric(15, 4) not null check (held >= 0 and held <> 'NaN'),
  committed numeric(15, 4) not null default 0 check (committed >= 0 and committed <> 'NaN'),
  released numeric(15, 4) not null default 0 check (released >= 0 and released <> 'NaN'),
  -- That of the reservation, here too: a reader finds the expired holds of a balance without looking anything else up.
  expires_at timestamptz(3) not null check (expires_at = 'infinity' or inventory.is_instant(expires_at)),
  check (held + committed + released <= quantity),
  foreign key (org_id, reservation_id, expires_at)
    references inventory.reservations (org_id, id, expires_at) on update cascade,
  foreign key (org_id, item_id) references inventory.items (org_id, id),
  foreign key (org_id, location_id) references inventory.locations (org_id, id)
);
alter table inventory.reservation_lines
  alter column org_id set statistics 0,
  alter column reservation_id set statistics 0,
  alter column line set statistics 0,
  alter column item_id set statistics 0,
  alter column location_id set statistics 0,
  alter column lot set statistics 0,
  alter column quantity set statistics 0,
  alter column held set statistics 0,
  alter column committed set statistics 0,
  alter column released set statistics 0,
  alter column expires_at set statistics 0;

create index reservation_lines_of_item on inventory.reservation_lines (org_id, item_id, reservation_id, line);
create index reservation_lines_of_location on inventory.reservation_lines (org_id, location_id, reservation_id, line);
create index reservation_lines_held
  on inventory.reservation_lines (org_id, item_id, location_id, lot, expires_at) where held > 0;
-- Of indexes that cost the same, Postgres takes the one that was created last: this one must be it.
alter table inventory.reservation_lines add primary key (org_id, reservation_id, line);

-- allow several-tables-locked: the new table is empty, so no key reads a row, and the file ends in an instant.
create table inventory.reservation_entries (
  org_id uuid not null,
  reservation_id uuid not null,
  entry_id uuid not null,
  foreign key (org_id, reservation_id) references inventory.reservations (org_id, id),
  foreign key (org_id, entry_id) references inventory.entries (org_id, id),
  primary key (org_id, reservation_id, entry_id)
);
alter table inventory.reservation_entries
  alter column org_id set statistics 0,
  alter column reservation_id set statistics 0,
  alter column entry_id set statistics 0;
create index reservation_entries_entry on inventory.reservation_entries (org_id, entry_id);

comment on table inventory.reservations is
  'Tenant data: the holds on stock, with what became of them.';
comment on table inventory.reservation_lines is
  'Tenant data: what each reservation holds, of which item, at which location, of which lot.';
comment on table inventory.reservation_entries is
  'Tenant data (append-only): the issues that reservations were committed with.';

alter table inventory.reservations enable row level security;
alter table inventory.reservations force row level security;
create policy tenant on inventory.reservations
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

alter table inventory.reservation_lines enable row level security;
alter table inventory.reservation_lines force row level security;
create policy tenant on inventory.reservation_lines
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

alter table inventory.reservation_entries enable row level security;
alter table inventory.reservation_entries force row level security;
create policy tenant on inventory.reservation_entries
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

-- Without its reservation nobody could say why stock was held.
create trigger no_removal
  before delete or truncate on inventory.reservations
  for each statement execute function inventory.refuse_change();
alter table inventory.reservations enable always trigger no_removal;
create trigger no_removal_rows
  after delete on inventory.reservations
  referencing old table as removed
  for each statement execute function inventory.refuse_change();
alter table inventory.reservations enable always trigger no_removal_rows;

create trigger no_removal
  before delete or truncate on inventory.reservation_lines
  for each statement execute function inventory.refuse_change();
alter table inventory.reservation_lines enable always trigger no_removal;
create trigger no_removal_rows
  after delete on inventory.reservation_lines
  referencing old table as removed
  for each statement execute function inventory.refuse_change();
alter table inventory.reservation_lines enable always trigger no_removal_rows;

create trigger append_only
  before update or delete or truncate on inventory.reservation_entries
  for each statement execute function inventory.refuse_change();
alter table inventory.reservation_entries enable always trigger append_only;
create trigger append_only_rows
  after delete on inventory.reservation_entries
  referencing old table as removed
  for each statement execute function inventory.refuse_change();
alter table inventory.reservation_entries enable always trigger append_only_rows;

grant select on inventory.reservations, inventory.reservation_lines, inventory.reservation_entries to stockade_jobs;

-- A posting subtracts what has expired of the balances that it names.
create policy post_ledger on inventory.reservation_lines for select to stockade_ledger using (true);
grant select on inventory.reservation_lines to stockade_ledger;
