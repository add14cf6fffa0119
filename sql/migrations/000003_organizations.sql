--! needs inventory/forms
--! needs tenancy/context
-- The organizations, and which users belong to them.
--
-- The first words of a table's comment say what it is. The isolation lint reads them and refuses a table without:
--
--   Tenant data: …                 rows of organizations, behind the wall: org_id, row-level security, composite keys
--   Tenant data (append-only): …   the same, and nobody may update, delete or truncate
--   Tenant data (derived): …       the same, and nobody but the triggers of its owner may write at all
--   Platform data: …               rows of no organization
--   Platform data (append-only): … the same, and nobody may update, delete or truncate
--   Secret: …                      no role but the owner has any privilege on it; also for a single column
create table tenancy.organizations (
  id uuid primary key default inventory.new_id(),
  slug text collate "C" not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  name text not null check (length(name) between 1 and 200),
  status text not null default 'active' check (status in ('active', 'suspended')),
  -- Transactions of one organization at a time. The next one gets 429 and tries again. The default leaves half of
  -- the instances of a function to others.
  max_concurrency integer not null default 12 check (max_concurrency between 1 and 1000),
  created_at timestamptz(3) not null default now() check (inventory.is_instant(created_at)),
  suspended_at timestamptz(3) check (inventory.is_instant(suspended_at)),
  -- For operators only: the callers of a suspended organization do not see it.
  suspension_reason text check (length(suspension_reason) between 1 and 500),
  -- A request names its organization by slug or by id. A slug that is the id of another organization would let a key of
  -- the one pass for a key of the other.
  constraint organizations_slug_check_id check (slug !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')
);
alter table tenancy.organizations
  alter column id set statistics 0,
  alter column slug set statistics 0,
  alter column name set statistics 0,
  alter column status set statistics 0,
  alter column max_concurrency set statistics 0,
  alter column created_at set statistics 0,
  alter column suspended_at set statistics 0,
  alter column suspension_reason set statistics 0;

comment on table tenancy.organizations is
  'Tenant data: the organizations themselves. A caller sees the one it has entered.';

create table tenancy.memberships (
  org_id uuid not null references tenancy.organizations (id),
  -- A user may belong to several organizations: users are the platform's, memberships are the tenants'.
  user_id uuid not null references inventory.users (id),
  role text not null check (role in ('viewer', 'clerk', 'admin')),
  created_at timestamptz(3) not null default now() check (inventory.is_instant(created_at)),
  primary key (org_id, user_id)
);
alter table tenancy.memberships
  alter column org_id set statistics 0,
  alter column user_id set statistics 0,
  alter column role set statistics 0,
  alter column created_at set statistics 0;

comment on table tenancy.memberships is
  'Tenant data: which users belong to an organization, and what they may do there.';

create index memberships_user on tenancy.memberships (user_id);

-- FORCE makes the owner obey the policies too, and with it every function that runs as the owner. The policies named
-- *_owner show such a function the few rows that it must see before an organization is entered.
--
-- Nothing to stockade_api, here and on every other table: around an arm of UNION ALL, conditions of a statement come before the
-- policies. It calls functions that run as the owner.
alter table tenancy.organizations enable row level security;
alter table tenancy.organizations force row level security;
create policy tenant on tenancy.organizations
  using (id = (select tenancy.current_org()))
  with check (id = (select tenancy.current_org()));
create policy enter_owner on tenancy.organizations for select to stockade_owner using (true);
create policy manage_admin on tenancy.organizations to stockade_admin using (true) with check (true);

alter table tenancy.memberships enable row level security;
alter table tenancy.memberships force row level security;
create policy tenant on tenancy.memberships
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));
create policy enter_owner on tenancy.memberships for select to stockade_owner using (true);
create policy manage_admin on tenancy.memberships to stockade_admin using (true) with check (true);

grant select on tenancy.organizations to stockade_jobs;
-- By column: UPDATE or DELETE on a whole table would let its holder lock everybody out of the table.
grant select, insert, update (max_concurrency, status, suspended_at, suspension_reason) on tenancy.organizations to stockade_admin;
grant select, insert, update (role) on tenancy.memberships to stockade_admin;
