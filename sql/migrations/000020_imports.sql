--! needs inventory/forms
--! needs tenancy/context
-- Imports: the files that were imported, how far each has come, and the lines that were rejected.
--
-- A line of a file is settled when it lies at or below lines_through of its import: it is applied, unless import_rejects
-- lists it. Both are written in the transaction that posts the line, so that no run applies a line twice.
create table inventory.imports (
  org_id uuid not null references tenancy.organizations (id),
  id uuid not null default inventory.new_id(),
  -- SHA-256 of the file, and of how the profile reads its lines: the same file read the same way is the same import.
  file_digest bytea not null check (length(file_digest) = 32),
  profile_digest bytea not null check (length(profile_digest) = 32),
  file_name text not null check (length(file_name) between 1 and 255),
  lines_through bigint not null default 0 check (lines_through >= 0),
  applied bigint not null default 0 check (applied >= 0),
  rejected bigint not null default 0 check (rejected >= 0),
  entries bigint not null default 0 check (entries >= 0),
  started_at timestamptz(3) not null default now() check (inventory.is_instant(started_at)),
  finished_at timestamptz(3) check (inventory.is_instant(finished_at)),
  primary key (org_id, id),
  unique (org_id, file_digest, profile_digest)
);
alter table inventory.imports
  alter column org_id set statistics 0,
  alter column id set statistics 0,
  alter column file_digest set statistics 0,
  alter column profile_digest set statistics 0,
  alter column file_name set statistics 0,
  alter column lines_through set statistics 0,
  alter column applied set statistics 0,
  alter column rejected set statistics 0,
  alter column entries set statistics 0,
  alter column started_at set statistics 0,
  alter column finished_at set statistics 0;

comment on table inventory.imports is
  'Tenant data: the files that were imported, and how far each has come.';

create table inventory.import_rejects (
  org_id uuid not null,
  import_id uuid not null,
  line bigint not null check (line >= 1),
  reason text not null check (length(reason) between 1 and 2000),
  primary key (org_id, import_id, line),
  foreign key (org_id, import_id) references inventory.imports (org_id, id)
);
alter table inventory.import_rejects
  alter column org_id set statistics 0,
  alter column import_id set statistics 0,
  alter column line set statistics 0,
  alter column reason set statistics 0;

comment on table inventory.import_rejects is
  'Tenant data: the lines of imported files that were rejected.';

alter table inventory.imports enable row level security;
alter table inventory.imports force row level security;
create policy tenant on inventory.imports
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

alter table inventory.import_rejects enable row level security;
alter table inventory.import_rejects force row level security;
create policy tenant on inventory.import_rejects
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

grant select on inventory.imports, inventory.import_rejects to stockade_jobs;
