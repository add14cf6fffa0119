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
  id text primary key check (id ~ '^[0-9]{1,9}$'),
  inner_pad bytea not null check (length(inner_pad) = 64),
  outer_pad bytea not null check (length(outer_pad) = 64),
  active boolean not null,
  created_at timestamptz not null default now()
);

comment on table tenancy.context_keys is
  'Secret: the keys that sign the context of a transaction.';

create unique index context_keys_active on tenancy.context_keys (active) where active;
