--! needs inventory/append_only
--! needs inventory/forms
--! needs tenancy/context
-- Seals: what the ledger held up to an instant, as one hash that follows from the one before.
--
-- A seal covers the movements between two entry ids. An id is drawn when a posting begins, and postings commit in another
-- order: the newest committed id says nothing of those under way. Therefore there is a boundary. Writers share a lock;
-- the sealer takes it alone for the instant in which it reads the newest id. After that a posting with an id before the
-- boundary is refused and starts again with a new id.

-- How far each organization is closed to new movements: no movement before the boundary is ever committed again.
create table inventory.seal_boundaries (
  org_id uuid primary key references tenancy.organizations (id),
  -- The newest entry that the boundary includes.
  boundary uuid not null,
  -- No movement recorded then or before is committed from here on.
  settled_through timestamptz(3) not null check (inventory.is_instant(settled_through)),
  foreign key (org_id, boundary) references inventory.entries (org_id, id)
);
alter table inventory.seal_boundaries
  alter column org_id set statistics 0,
  alter column boundary set statistics 0,
  alter column settled_through set statistics 0;

create table inventory.seals (
  org_id uuid not null references tenancy.organizations (id),
  seq bigint not null check (seq >= 1),
  -- Of the bytes that are hashed, as docs/SEALS.md defines them.
  version smallint not null check (version in (1, 2)),
  -- Of the first seal: 32 zero bytes.
  previous_hash bytea not null check (length(previous_hash) = 32),
  -- The seal covers the movements of the entries after after_entry (null: from the first on), up to and with boundary.
  after_entry uuid,
  boundary uuid not null,
  movements bigint not null check (movements >= 1),
  -- Null in version 1, which counts none.
  entries bigint check (entries >= 1),
  -- Over the movements, by entry and line: RFC 6962 with SHA-256. docs/SEALS.md defines the bytes of a leaf.
  merkle_root bytea not null check (length(merkle_root) = 32),
  closings bigint not null check (closings >= 1),
  closing_digest bytea not null check (length(closing_digest) = 32),
  -- The latest recorded_at of this seal and those before it.
  recorded_through timestamptz(3) not null check (inventory.is_instant(recorded_through)),
  -- No movement recorded then or before is in a later seal. Null while that is known of no instant.
  settled_through timestamptz(3) check (inventory.is_instant(settled_through)),
  sealed_at timestamptz(3) not null check (inventory.is_instant(sealed_at)),
  hash bytea not null check (length(hash) = 32),
  primary key (org_id, seq),
  constraint seals_entries_check_version check ((entries is null) = (version = 1)),
  -- An entry is the boundary of one seal.
  unique (org_id, boundary),
  foreign key (org_id, boundary) references inventory.entries (org_id, id),
  foreign key (org_id, after_entry) references inventory.seals (org_id, boundary)
);
alter table inventory.seals
  alter column org_id set statistics 0,
  alter column seq set statistics 0,
  alter column version set statistics 0,
  alter column previous_hash set statistics 0,
  alter column after_entry set statistics 0,
  alter column boundary set statistics 0,
  alter column movements set statistics 0,
  alter column entries set statistics 0,
  alter column merkle_root set statistics 0,
  alter column closings set statistics 0,
  alter column closing_digest set statistics 0,
  alter column recorded_through set statistics 0,
  alter column settled_through set statistics 0,
  alter column sealed_at set statistics 0,
  alter column hash set statistics 0;

-- The leaves, 1024 a page: a whole subtree of the tree, except for the last page. An inclusion proof reads one page and
-- the roots of the others, and a leaf that differs is found by its id.
create table inventory.seal_pages (
  org_id uuid not null,
  seq bigint not null,
  page integer not null check (page >= 0),
  -- Entry id (16 bytes) and line (4 bytes) of the last leaf.
  last_leaf bytea not null check (length(last_leaf) = 20),
  root bytea not null check (length(root) = 32),
  -- Of each leaf its entry id (16 bytes), line (4 bytes, big endian) and hash (32 bytes).
  leaves bytea not null check (length(leaves) between 52 and 53248 and length(leaves) % 52 = 0),
  primary key (org_id, seq, page),
  foreign key (org_id, seq) references inventory.seals (org_id, seq)
);
alter table inventory.seal_pages
  alter column org_id set statistics 0,
  alter column seq set statistics 0,
  alter column page set statistics 0,
  alter column last_leaf set statistics 0,
  alter column root set statistics 0,
  alter column leaves set statistics 0;

-- Hashes cannot be compressed, so Postgres does not try.
alter table inventory.seal_pages alter column leaves set storage external;

-- The balance, after the seal, of each key that its movements changed.
create table inventory.seal_closings (
  org_id uuid not null,
  item_id uuid not null,
  location_id uuid not null,
  lot text not null,
  seq bigint not null,
  -- Two digits more than a balance: a seal cuts by ids, and the sum up to there may never have been a balance.
  on_hand numeric(17, 4) not null check (on_hand <> 'NaN'),
  version bigint not null check (version >= 1),
  foreign key (org_id, seq) references inventory.seals (org_id, seq)
);
alter table inventory.seal_closings
  alter column org_id set statistics 0,
  alter column item_id set statistics 0,
  alter column location_id set statistics 0,
  alter column lot set statistics 0,
  alter column seq set statistics 0,
  alter column on_hand set statistics 0,
  alter column version set statistics 0;

create index seal_closings_seq on inventory.seal_closings (org_id, seq);
-- Of indexes that cost the same, Postgres takes the one that was created last: this one must be it.
alter table inventory.seal_closings add primary key (org_id, item_id, location_id, lot, seq);

-- Where a seal is stored outside of the database. An organization that was moved is anchored again in the bucket of its
-- new place.
create table inventory.seal_anchors (
  org_id uuid not null,
  seq bigint not null,
  bucket text not null check (length(bucket) between 1 and 255),
  key text not null check (length(key) between 1 and 1024),
  -- As the bucket reported it.
  version_id text check (length(version_id) between 1 and 1024),
  anchored_at timestamptz(3) not null default now() check (inventory.is_instant(anchored_at)),
  primary key (org_id, seq, bucket),
  foreign key (org_id, seq) references inventory.seals (org_id, seq)
);
alter table inventory.seal_anchors
  alter column org_id set statistics 0,
  alter column seq set statistics 0,
  alter column bucket set statistics 0,
  alter column key set statistics 0,
  alter column version_id set statistics 0,
  alter column anchored_at set statistics 0;

comment on table inventory.seal_boundaries is
  'Tenant data (derived): how far the ledger of an organization is closed to new movements.';
comment on table inventory.seals is
  'Tenant data (append-only): the seals of the ledger, each chained to the one before.';
comment on table inventory.seal_pages is
  'Tenant data (append-only): the hashes of the sealed movements.';
comment on table inventory.seal_closings is
  'Tenant data (append-only): what the balances were when they were sealed.';
comment on table inventory.seal_anchors is
  'Tenant data (append-only): where seals are stored outside of the database.';

do $migration$
declare
  v_table text;
begin
  foreach v_table in array array['seal_boundaries', 'seals', 'seal_pages', 'seal_closings', 'seal_anchors'] loop
    execute format('alter table inventory.%I enable row level security', v_table);
    execute format('alter table inventory.%I force row level security', v_table);
    execute format(
      'create policy tenant on inventory.%I using (org_id = (select tenancy.current_org())) '
      'with check (org_id = (select tenancy.current_org()))',
      v_table
    );
    continue when v_table = 'seal_boundaries';
    execute format(
      'create trigger append_only before update or delete or truncate on inventory.%I '
      'for each statement execute function inventory.refuse_change()',
      v_table
    );
    execute format(
      'create trigger append_only_rows after delete on inventory.%I referencing old table as removed '
      'for each statement execute function inventory.refuse_change()',
      v_table
    );
    execute format('alter table inventory.%I enable always trigger append_only', v_table);
    execute format('alter table inventory.%I enable always trigger append_only_rows', v_table);
  end loop;
end
$migration$;

grant select on
  inventory.seal_boundaries, inventory.seals, inventory.seal_pages, inventory.seal_closings, inventory.seal_anchors
  to stockade_jobs;

-- A posting reads the boundary of the organization that it names in every statement.
create policy post_ledger on inventory.seal_boundaries for select to stockade_ledger using (true);
grant select on inventory.seal_boundaries to stockade_ledger;
