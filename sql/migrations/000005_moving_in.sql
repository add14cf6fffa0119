--! needs tenancy/context
-- Moving in: a single-tenant inventory gets organizations and a ledger while its program goes on working. This schema holds
-- what was decided about the move, and which movements have changed since it began. The switch drops it.
create schema moving_in;
revoke all on schema moving_in from public;
-- The switch inserts the memberships as this role.
grant usage on schema moving_in to stockade_admin;

-- The organization of every row that no assignment gives to another one.
create table moving_in.default_organization (
  only_row boolean primary key default true check (only_row),
  org_id uuid not null references tenancy.organizations (id)
);

comment on table moving_in.default_organization is
  'Platform data: the organization of all rows that are not assigned to another one.';

-- Which organization a row of a table belongs to, by the value of one of its columns.
create table moving_in.assignments (
  table_name text not null check (table_name in ('items', 'locations')),
  value text not null,
  column_name text not null,
  org_id uuid not null references tenancy.organizations (id),
  primary key (table_name, value)
);

comment on table moving_in.assignments is
  'Platform data: which organization the rows of a table belong to, by the value of a column.';

-- The role of each user in an organization. The e-mail address * is everybody who has no line of their own.
create table moving_in.roles (
  email text not null,
  org_id uuid not null references tenancy.organizations (id),
  role text not null check (role in ('viewer', 'clerk', 'admin')),
  primary key (email, org_id)
);

comment on table moving_in.roles is
  'Platform data: the roles that the users get at the switch.';
grant select on moving_in.roles to stockade_admin;

-- What a code that the new rules refuse becomes at the switch. The old one stays as an alias.
create table moving_in.codes (
  table_name text not null check (table_name in ('items', 'locations')),
  code text not null,
  becomes text not null check (becomes <> code),
  primary key (table_name, code)
);

comment on table moving_in.codes is
  'Platform data: what codes become at the switch.';

-- The triggers on the movements only insert here, so that the old program never waits for another transaction because of
-- the move. Who catches up deletes.
create table moving_in.changed_movements (
  seq bigint generated always as identity primary key,
  movement_id uuid not null,
  entry_id uuid not null,
  -- What the change adds to a balance. Null when only the entry has to be derived again.
  org_id uuid,
  item_id uuid,
  location_id uuid,
  lot text,
  quantity numeric(15, 4) not null default 0,
  movements integer not null default 0,
  check (num_nulls(org_id, item_id, location_id, lot) in (0, 4))
);

comment on table moving_in.changed_movements is
  'Platform data: the movements that were inserted, changed or deleted and are not in entries and balances yet.';
