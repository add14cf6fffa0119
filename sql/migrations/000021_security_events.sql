--! needs inventory/forms
--! needs tenancy/context
-- Security events: every attempt to use a valid credential for another organization, recorded as an event of the
-- credential's own organization.
create table tenancy.security_events (
  org_id uuid not null references tenancy.organizations (id),
  minute timestamptz(0) not null check (inventory.is_instant(minute)),
  kind text not null check (kind in ('organization_mismatch')),
  -- The credential: key:<id> or user:<id>.
  actor text not null check (length(actor) between 1 and 200),
  -- What else the request presented, separated by blanks: slugs and ids, key:<id>, user:<id>. A value that can be neither
  -- slug nor id is stored as ?, so that a secret sent in the wrong header is not kept; * counts everything after the tenth.
  named text not null check (length(named) <= 500),
  requests bigint not null default 1 check (requests >= 1),
  first_request_id text not null check (length(first_request_id) between 1 and 200),
  first_at timestamptz(3) not null default now() check (inventory.is_instant(first_at)),
  last_at timestamptz(3) not null default now() check (inventory.is_instant(last_at)),
  -- A flood of refused requests is one row a minute, counted.
  primary key (org_id, minute, actor, kind, named)
);
alter table tenancy.security_events
  alter column org_id set statistics 0,
  alter column minute set statistics 0,
  alter column kind set statistics 0,
  alter column actor set statistics 0,
  alter column named set statistics 0,
  alter column requests set statistics 0,
  alter column first_request_id set statistics 0,
  alter column first_at set statistics 0,
  alter column last_at set statistics 0;

comment on table tenancy.security_events is
  'Tenant data: the requests whose credential was refused because of the organization they named.';

alter table tenancy.security_events enable row level security;
alter table tenancy.security_events force row level security;
create policy tenant on tenancy.security_events
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

grant select on tenancy.security_events to stockade_jobs;
