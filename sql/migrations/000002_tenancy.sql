-- Organizations, their members and their API keys, and the sealed context through which a transaction enters one.
create schema tenancy;

create table tenancy.organizations (
  id uuid primary key default inventory.new_id(),
  slug text not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  name text not null check (length(name) between 1 and 200),
  status text not null default 'active' check (status in ('active', 'suspended')),
  created_at timestamptz(3) not null default now()
);

-- A user may belong to several organizations, so users are the platform's and memberships are the tenants'.
alter table inventory.users set schema tenancy;

create table tenancy.memberships (
  org_id uuid not null references tenancy.organizations (id),
  user_id uuid not null references tenancy.users (id),
  role text not null check (role in ('viewer', 'clerk', 'admin')),
  created_at timestamptz(3) not null default now(),
  primary key (org_id, user_id)
);

create index memberships_user on tenancy.memberships (user_id);

create table tenancy.api_keys (
  org_id uuid not null references tenancy.organizations (id),
  key_id text not null check (key_id ~ '^[0-9A-Za-z]{12}$'),
  secret_digest bytea not null check (length(secret_digest) = 32),
  name text not null check (length(name) between 1 and 200),
  scopes text[] not null check (cardinality(scopes) > 0 and scopes <@ array['read', 'write', 'admin']),
  created_at timestamptz(3) not null default now(),
  expires_at timestamptz(3),
  revoked_at timestamptz(3),
  primary key (org_id, key_id)
);

-- A caller presents a key before anybody knows the organization, so keys are found by their id alone.
create index api_keys_key_id on tenancy.api_keys (key_id);

-- The keys that seal a transaction's context. No login role may read them.
-- HMAC-SHA256 (RFC 2104) with the two padded keys worked out once: a key of one whole block needs no other padding.
create table tenancy.seal_keys (
  id text primary key check (id ~ '^[0-9]+$'),
  inner_pad bytea not null check (length(inner_pad) = 64),
  outer_pad bytea not null check (length(outer_pad) = 64),
  created_at timestamptz not null default now()
);

create function tenancy.add_seal_key(p_id text)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_key bytea := ''::bytea;
  v_inner bytea;
  v_outer bytea;
begin
  -- gen_random_uuid() draws from the server's strong random source; hashing two of them gives 32 unbiased bytes.
  for i in 1..2 loop
    v_key := v_key || sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
  end loop;
  v_inner := v_key;
  v_outer := v_key;
  for i in 0..63 loop
    v_inner := set_byte(v_inner, i, get_byte(v_key, i) # 54);
    v_outer := set_byte(v_outer, i, get_byte(v_key, i) # 92);
  end loop;
  insert into tenancy.seal_keys (id, inner_pad, outer_pad) values (p_id, v_inner, v_outer);
end
$$;

comment on function tenancy.add_seal_key(text) is
  'Adds a new random key for sealing contexts. The one with the highest created_at seals; all of them verify.';

select tenancy.add_seal_key('1');

-- Seals the context of this transaction: key|organization|actor|scopes|backend|transaction start|MAC.
-- Nobody but the functions below may call it.
create function tenancy.seal(p_org_id uuid, p_actor text, p_scopes text[])
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_key tenancy.seal_keys;
  v_text text;
begin
  select * into strict v_key from tenancy.seal_keys order by created_at desc, id desc limit 1;
  v_text := concat_ws(
    '|',
    v_key.id,
    p_org_id,
    p_actor,
    array_to_string(p_scopes, ','),
    pg_backend_pid(),
    encode(timestamptz_send(now()), 'hex')
  );
  perform set_config(
    'stockade.context',
    v_text || '|' || encode(sha256(v_key.outer_pad || sha256(v_key.inner_pad || convert_to(v_text, 'UTF8'))), 'hex'),
    true
  );
end
$$;

-- Reads the context of this transaction and verifies its seal: null when none was entered,
-- {key, organization, actor, scopes, backend, transaction start, MAC} when it is genuine.
create function tenancy.verified_context()
returns text[]
language plpgsql
stable
set search_path = ''
as $$
declare
  v_context text := current_setting('stockade.context', true);
  v_part text[];
  v_key tenancy.seal_keys;
begin
  if v_context is null or v_context = '' then
    return null;
  end if;
  v_part := string_to_array(v_context, '|');
  if cardinality(v_part) = 7
    and v_part[5] = pg_backend_pid()::text
    and v_part[6] = encode(timestamptz_send(now()), 'hex')
  then
    select * into v_key from tenancy.seal_keys where id = v_part[1];
    if v_part[7] = encode(
      sha256(
        v_key.outer_pad
        || sha256(v_key.inner_pad || convert_to(left(v_context, - length(v_part[7]) - 1), 'UTF8'))
      ),
      'hex'
    ) then
      return v_part;
    end if;
  end if;
  raise exception 'the context of this transaction was not sealed by tenancy.enter_*()'
    using errcode = 'SK901';
end
$$;

create function tenancy.current_org()
returns uuid
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return (tenancy.verified_context())[2]::uuid;
end
$$;

comment on function tenancy.current_org() is
  'The organization this transaction has entered; null when it has entered none. '
  'Raises SK901 when the context is forged, or copied from another transaction or connection.';

create function tenancy.require_scope(p_scope text)
returns uuid
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_context text[] := tenancy.verified_context();
begin
  if v_context is null then
    raise exception 'no organization was entered in this transaction' using errcode = 'SK902';
  end if;
  if not p_scope = any (string_to_array(v_context[4], ',')) then
    raise exception 'this credential does not carry the scope %', p_scope
      using errcode = 'SK104', detail = json_build_object('scope', p_scope);
  end if;
  return v_context[2]::uuid;
end
$$;

comment on function tenancy.require_scope(text) is
  'The organization this transaction has entered, for functions that write. '
  'Raises SK902 when none was entered, SK104 when the caller lacks the scope.';

create function tenancy.current_actor()
returns text
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return (tenancy.verified_context())[3];
end
$$;

comment on function tenancy.current_actor() is
  'Who acts in this transaction: key:<id> or job; null when no organization was entered.';

create function tenancy.enter_with_key(p_key_id text, p_secret_digest bytea, p_scope text, p_selectors text[])
returns uuid
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_key record;
begin
  select k.org_id, k.scopes, o.status, o.slug
  into v_key
  from tenancy.api_keys k
  join tenancy.organizations o on o.id = k.org_id
  where k.key_id = p_key_id
    and k.secret_digest = p_secret_digest
    and k.revoked_at is null
    and (k.expires_at is null or k.expires_at > now());

  if not found then
    raise exception 'this API key is not valid' using errcode = 'SK101';
  end if;
  -- Authority proves, selectors only choose: every one of them must name the key's own organization.
  if exists (
    select from unnest(p_selectors) as selector
    where selector is distinct from v_key.slug and lower(selector) is distinct from v_key.org_id::text
  ) then
    raise exception 'this API key belongs to another organization than the request names' using errcode = 'SK102';
  end if;
  if v_key.status <> 'active' then
    raise exception 'this organization is suspended' using errcode = 'SK103';
  end if;
  if not p_scope = any (v_key.scopes) then
    raise exception 'this API key does not carry the scope %', p_scope
      using errcode = 'SK104', detail = json_build_object('scope', p_scope);
  end if;
  perform tenancy.seal(v_key.org_id, 'key:' || p_key_id, v_key.scopes);
  return v_key.org_id;
end
$$;

comment on function tenancy.enter_with_key(text, bytea, text, text[]) is
  'Enters the organization of an API key for this transaction and returns its id. '
  'p_scope is what the request needs, p_selectors are the organizations it names (slug or id). '
  'Raises SK101 unknown, revoked or expired key; SK102 another organization named; SK103 suspended; SK104 scope missing.';

create function tenancy.enter_as_job(p_org_id uuid)
returns uuid
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_status text;
begin
  select status into v_status from tenancy.organizations where id = p_org_id;
  if not found then
    raise exception 'there is no organization %', p_org_id using errcode = 'SK404';
  end if;
  perform tenancy.seal(p_org_id, 'job', array['read', 'write']);
  return p_org_id;
end
$$;

comment on function tenancy.enter_as_job(uuid) is
  'Enters an organization for this transaction on behalf of a job; suspended ones too, since their books stay proven. '
  'Raises SK404 when there is none of that id.';

revoke all on all functions in schema tenancy from public;
revoke all on all functions in schema inventory from public;
grant usage on schema tenancy to stockade_api, stockade_jobs, stockade_admin;
grant usage on schema inventory to stockade_api, stockade_jobs, stockade_admin;
grant execute on function inventory.new_id() to stockade_api, stockade_jobs, stockade_admin;
grant execute on function tenancy.current_org() to stockade_api, stockade_jobs, stockade_admin;
grant execute on function tenancy.current_actor() to stockade_api, stockade_jobs;
grant execute on function tenancy.require_scope(text) to stockade_api, stockade_jobs;
grant execute on function tenancy.enter_with_key(text, bytea, text, text[]) to stockade_api;
grant execute on function tenancy.enter_as_job(uuid) to stockade_jobs;

-- New functions are nobody's until they are granted.
alter default privileges for role stockade_owner revoke execute on functions from public;

-- Row-level security. FORCE makes the owner obey as well, and with it every function that runs as the owner;
-- the policies named *_owner are the few rows such a function must see before an organization is entered.
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
create policy manage_admin on tenancy.memberships to stockade_admin using (true) with check (true);

alter table tenancy.api_keys enable row level security;
alter table tenancy.api_keys force row level security;
create policy tenant on tenancy.api_keys
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));
create policy enter_owner on tenancy.api_keys for select to stockade_owner using (true);
create policy manage_admin on tenancy.api_keys to stockade_admin using (true) with check (true);

grant select on tenancy.organizations to stockade_api, stockade_jobs;
grant select on tenancy.memberships to stockade_api;
grant select, insert, update on tenancy.organizations to stockade_admin;
grant select, insert, update on tenancy.users to stockade_admin;
grant select, insert, update, delete on tenancy.memberships to stockade_admin;
grant select (org_id, key_id, name, scopes, created_at, expires_at, revoked_at) on tenancy.api_keys to stockade_admin;
grant insert on tenancy.api_keys to stockade_admin;
grant update (revoked_at, expires_at) on tenancy.api_keys to stockade_admin;
