--! needs inventory/forms
--! needs tenancy/context
--! needs tenancy/context_keys
-- What proves a caller: the API keys of the organizations, and the keys of the passes that the API mints for users.
create table tenancy.api_keys (
  org_id uuid not null references tenancy.organizations (id),
  -- Compared byte by byte. By the rules of a language a comparison takes longer the more of two texts is equal, and a caller can make
  -- a text as long as it takes to measure that.
  key_id text collate "C" not null check (key_id ~ '^[0-9A-Za-z]{12}$'),
  secret_digest bytea not null check (length(secret_digest) = 32),
  name text not null check (length(name) between 1 and 200),
  -- Each at most once.
  scopes text[] not null check (
    cardinality(scopes) > 0
    and cardinality(scopes)
      = (scopes @> array['read'])::integer + (scopes @> array['write'])::integer + (scopes @> array['admin'])::integer
  ),
  created_at timestamptz(3) not null default now() check (inventory.is_instant(created_at)),
  expires_at timestamptz(3) check (inventory.is_instant(expires_at)),
  revoked_at timestamptz(3) check (inventory.is_instant(revoked_at)),
  -- To the minute: see tenancy.note_key_use().
  last_used_at timestamptz(3) check (inventory.is_instant(last_used_at)),
  -- The key that a rotation put in its place. No foreign key: keys are never deleted, and an import copies rows in any
  -- order.
  replaced_by text check (replaced_by ~ '^[0-9A-Za-z]{12}$'),
  primary key (org_id, key_id)
);
alter table tenancy.api_keys
  alter column org_id set statistics 0,
  alter column key_id set statistics 0,
  alter column secret_digest set statistics 0,
  alter column name set statistics 0,
  alter column scopes set statistics 0,
  alter column created_at set statistics 0,
  alter column expires_at set statistics 0,
  alter column revoked_at set statistics 0,
  alter column last_used_at set statistics 0,
  alter column replaced_by set statistics 0;

comment on table tenancy.api_keys is
  'Tenant data: the API keys of an organization. It holds only the digest of each secret.';
comment on column tenancy.api_keys.secret_digest is
  'Secret: the SHA-256 of the key''s secret.';

-- A caller presents a key before the organization is known, so a key is found by its id alone.
create index api_keys_key_id on tenancy.api_keys (key_id);

alter table tenancy.api_keys enable row level security;
alter table tenancy.api_keys force row level security;
create policy tenant on tenancy.api_keys
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));
create policy enter_owner on tenancy.api_keys for select to stockade_owner using (true);
create policy manage_admin on tenancy.api_keys to stockade_admin using (true) with check (true);

grant select (org_id, key_id, name, scopes, created_at, expires_at, revoked_at, last_used_at, replaced_by)
  on tenancy.api_keys to stockade_admin;
grant insert on tenancy.api_keys to stockade_admin;
grant update (revoked_at, expires_at) on tenancy.api_keys to stockade_admin;

-- HMAC keys like those of tenancy.context_keys. These the API knows as well: it signs a pass for a user whose token it
-- has verified.
create table tenancy.pass_keys (
  id text collate "C" primary key check (id ~ '^[0-9A-Za-z]{1,32}$'),
  inner_pad bytea not null check (length(inner_pad) = 64),
  outer_pad bytea not null check (length(outer_pad) = 64),
  created_at timestamptz not null default now()
);

comment on table tenancy.pass_keys is
  'Secret: the keys that verify passes of users.';

-- From here on credentials can be used: a transaction can enter an organization.
select tenancy.rotate_context_key();
-- There are never more than a handful of keys, too few for autovacuum to look at. Without statistics the planner would
-- expect hundreds.
analyze tenancy.context_keys;
