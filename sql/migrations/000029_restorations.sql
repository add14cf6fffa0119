--! needs inventory/append_only
-- Each time one organization was brought back from a restored copy: what was replaced by what, and that no other
-- organization was touched.
create table recovery.restorations (
  id uuid primary key default inventory.new_id(),
  organization_id uuid not null,
  -- as_it_was: everything is as in the copy. merge: what production had lost was added from the copy.
  mode text not null check (mode in ('as_it_was', 'merge')),
  -- The instant that the copy shows.
  copied_at timestamptz(3) not null,
  -- SHA-256 over the digests of all tables, as in an export, before and after. Null when nothing was there before.
  replaced bytea check (length(replaced) = 32),
  restored bytea not null check (length(restored) = 32),
  -- How many other organizations were digested before and after, and how many of them had changed by their own writes.
  others bigint not null check (others >= 0),
  others_changed bigint not null check (others_changed between 0 and others),
  restored_at timestamptz(3) not null default now(),
  -- The login, not a person.
  restored_by text not null default session_user
);

comment on table recovery.restorations is
  'Platform data (append-only): the organizations that were brought back from a restored copy. Holds nothing that they stored.';

create trigger append_only
  before update or delete or truncate on recovery.restorations
  for each statement execute function inventory.refuse_change();
alter table recovery.restorations enable always trigger append_only;

grant select on recovery.restorations to stockade_admin;
