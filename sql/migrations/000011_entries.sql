--! needs inventory/forms
--! needs tenancy/context
-- Expand: the ledger. An entry is one atomic posting, a movement is one line of it.
create table inventory.entries (
  -- No foreign key to organizations: every posting would lock the one row of its organization, and the wall has proven
  -- that it exists.
  org_id uuid not null,
  id uuid not null,
  kind text not null check (inventory.kind_sign(kind) is not null),
  reference text check (inventory.is_visible(reference, 200)),
  occurred_at timestamptz(3) not null check (inventory.is_instant(occurred_at)),
  recorded_at timestamptz(3) not null check (inventory.is_instant(recorded_at)),
  actor text not null check (length(actor) between 1 and 200),
  metadata jsonb not null default '{}' check (metadata = '{}' or inventory.is_metadata(metadata)),
  reverses uuid check ((reverses is not null) = (kind = 'reversal'))
);

comment on table inventory.entries is
  'Tenant data (append-only): the postings of the ledger.';

-- The order in which they are listed, backwards.
create index entries_recorded on inventory.entries (org_id, recorded_at, id);
create index entries_of_kind on inventory.entries (org_id, kind, recorded_at, id);

-- An entry is reversed once, even when two ask at the same time.
create unique index entries_reverses on inventory.entries (org_id, reverses) where reverses is not null;

-- Of indexes that cost the same, Postgres takes the one that was created last: this one must be it.
alter table inventory.entries
  add primary key (org_id, id),
  add foreign key (org_id, reverses) references inventory.entries (org_id, id);

-- The owner fills the table and obeys no policy until the switch.
alter table inventory.entries enable row level security;
create policy tenant on inventory.entries
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

grant select on inventory.entries to stockade_jobs;

-- See the switch, which gives stockade_ledger the tables of the old program as well.
create policy post_ledger on inventory.entries to stockade_ledger using (true) with check (true);
grant select, insert on inventory.entries to stockade_ledger;
