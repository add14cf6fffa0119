--! needs inventory/append_only
-- What is left of an organization that was erased.
create table tenancy.erasures (
  id uuid primary key default inventory.new_id(),
  organization_id uuid not null,
  -- Of the export that was taken before: SHA-256 over the digests of all tables.
  receipt bytea not null check (length(receipt) = 32),
  -- {table: rows that were deleted}
  row_counts jsonb not null check (jsonb_typeof(row_counts) = 'object'),
  erased_at timestamptz(3) not null default now(),
  -- The login, not a person.
  erased_by text not null default session_user
);

comment on table tenancy.erasures is
  'Platform data (append-only): the organizations that were erased, with what was deleted of them. Holds nothing that '
  'they stored.';

create index erasures_organization on tenancy.erasures (organization_id);

create trigger append_only
  before update or delete or truncate on tenancy.erasures
  for each statement execute function inventory.refuse_change();
alter table tenancy.erasures enable always trigger append_only;

grant select on tenancy.erasures to stockade_admin;
