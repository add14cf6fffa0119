-- The keys that sign the context of a transaction: which organization it has entered, on whose behalf, with which scopes.
create schema tenancy;

-- New functions belong to nobody until they are granted.
alter default privileges revoke execute on functions from public;
set local role stockade_ledger;
alter default privileges revoke execute on functions from public;
set local role stockade_owner;

grant usage on schema tenancy to stockade_api, stockade_jobs, stockade_admin, stockade_ledger;
grant usage on schema inventory to stockade_api, stockade_jobs, stockade_admin, stockade_ledger;

-- HMAC-SHA256 (RFC 2104) with its two padded keys computed once: a key as long as a block needs no other padding.
-- The active key signs. The others still verify what they signed, so that a rotation fails no request.
create table tenancy.context_keys (
  id text collate "C" primary key check (id ~ '^[0-9]{1,9}$'),
  inner_pad bytea not null check (length(inner_pad) = 64),
  outer_pad bytea not null check (length(outer_pad) = 64),
  active boolean not null,
  created_at timestamptz not null default now()
);

comment on table tenancy.context_keys is
  'Secret: the keys that sign the context of a transaction.';

create unique index context_keys_active on tenancy.context_keys (active) where active;

-- DROP OWNED takes the roles that it names out of policies, of any owner's table, and drops a policy that names no other. Every role
-- may run it for itself. It fails at a table of which the caller has a privilege on a column and none on the table
-- (restrict_and_check_grant() in Postgres), so each login role has such a one. It stands before all that it guards: what comes
-- first is refused first, before a table is locked.
create table tenancy.drop_owned_guard (nothing boolean check (nothing is null));
comment on table tenancy.drop_owned_guard is
  'Platform data: nothing. A role that has a privilege on the column, and none on the table, cannot run DROP OWNED.';
grant select (nothing) on tenancy.drop_owned_guard to stockade_api, stockade_jobs, stockade_admin;
