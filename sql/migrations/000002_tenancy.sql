-- Organizations, their members and their API keys, and the sealed context through which a transaction enters one.
create schema tenancy;

create table tenancy.organizations (
  id uuid primary key default inventory.new_id(),
  slug text not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  name text not null check (length(name) between 1 and 200),
  status text not null default 'active' check (status in ('active', 'suspended')),
  -- Transactions of one organization at a time; one more is told to come back.
  max_concurrency integer not null default 32 check (max_concurrency between 1 and 1000),
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

-- Secrets of the database. No login role may read them.
-- HMAC-SHA256 (RFC 2104) with the two padded keys worked out once: a key of one whole block needs no other padding.
-- The active key makes MACs; the others still verify what they made, so that a rotation fails no request.
create table tenancy.seal_keys (
  id text primary key check (id ~ '^[0-9]{1,9}$'),
  inner_pad bytea not null check (length(inner_pad) = 64),
  outer_pad bytea not null check (length(outer_pad) = 64),
  active boolean not null,
  created_at timestamptz not null default now()
);
create unique index seal_keys_active on tenancy.seal_keys (active) where active;

-- The same for the passes that the API mints for users whose token it has verified: here the API knows the key.
create table tenancy.pass_keys (
  id text primary key check (id ~ '^[0-9A-Za-z]{1,32}$'),
  inner_pad bytea not null check (length(inner_pad) = 64),
  outer_pad bytea not null check (length(outer_pad) = 64),
  created_at timestamptz not null default now()
);

-- One of the two padded keys of HMAC: p_pad is 54 (0x36) for the inner one, 92 (0x5c) for the outer one.
create function tenancy.hmac_pad(p_key bytea, p_pad integer)
returns bytea
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_padded bytea := p_key || decode(repeat('00', 64 - length(p_key)), 'hex');
begin
  for i in 0..63 loop
    v_padded := set_byte(v_padded, i, get_byte(v_padded, i) # p_pad);
  end loop;
  return v_padded;
end
$$;

create function tenancy.rotate_seal_key()
returns text
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_key bytea := ''::bytea;
  v_id text;
begin
  lock table tenancy.seal_keys in share row exclusive mode;
  -- gen_random_uuid() draws from the server's strong random source, 122 bits at a time; hashed, they are evenly spread.
  for i in 1..2 loop
    v_key := v_key || sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
  end loop;
  -- No transaction lives for a day, so nothing that such a key has sealed is still in use.
  delete from tenancy.seal_keys where not active and created_at < now() - interval '1 day';
  update tenancy.seal_keys set active = false, created_at = now() where active;
  select (coalesce(max(id::bigint), 0) + 1)::text into v_id from tenancy.seal_keys;
  insert into tenancy.seal_keys (id, inner_pad, outer_pad, active)
  values (v_id, tenancy.hmac_pad(v_key, 54), tenancy.hmac_pad(v_key, 92), true);
  return v_id;
end
$$;

comment on function tenancy.rotate_seal_key() is
  'Makes a new key that seals contexts from the next transaction on, and returns its id. '
  'Contexts sealed before stay valid; keys replaced more than a day ago are deleted.';

select tenancy.rotate_seal_key();
-- There are never more than a handful, too few for autovacuum to look at; unlooked at, they are planned as hundreds.
analyze tenancy.seal_keys;

create function tenancy.set_pass_key(p_id text, p_secret bytea)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  if length(p_secret) not between 32 and 64 then
    raise exception 'a pass key has 32 to 64 bytes, not %', length(p_secret) using errcode = '22023';
  end if;
  insert into tenancy.pass_keys (id, inner_pad, outer_pad)
  values (p_id, tenancy.hmac_pad(p_secret, 54), tenancy.hmac_pad(p_secret, 92))
  on conflict (id) do update set inner_pad = excluded.inner_pad, outer_pad = excluded.outer_pad;
end
$$;

comment on function tenancy.set_pass_key(text, bytea) is
  'Lets the database verify passes that were minted with this key. To rotate: set the new one, give it to the API, '
  'drop the old one with tenancy.drop_pass_key(). Raises 22023 when the secret has not 32 to 64 bytes.';

create function tenancy.drop_pass_key(p_id text)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  delete from tenancy.pass_keys where id = p_id;
  return found;
end
$$;

comment on function tenancy.drop_pass_key(text) is
  'Makes every pass that was minted with this key worthless. Answers whether there was such a key.';

-- A context is key|organization|actor|scopes|MAC. The MAC is also over the backend and the start of the transaction, so
-- that a context copied from another one does not fit. Every step of a function costs as much again in each transaction,
-- so reading, checking and setting are one statement where they can be.
--
-- verified_context() and seal() are called by functions whose search_path is empty already: a SET clause of their own
-- would only cost.
-- Reads the context of this transaction and verifies its seal: null when none was entered, else
-- {key, organization, actor, scopes, MAC}.
create function tenancy.verified_context()
returns text[]
language plpgsql
stable
as $$
declare
  v_context text := current_setting('stockade.context', true);
  v_part text[];
begin
  if v_context <> '' then
    select string_to_array(v_context, '|')
    into v_part
    from tenancy.seal_keys
    where id = split_part(v_context, '|', 1)
      and right(v_context, 64) = encode(
        sha256(outer_pad || sha256(inner_pad || convert_to(
          concat_ws('|', left(v_context, -65), pg_backend_pid(), encode(timestamptz_send(now()), 'hex')), 'UTF8'
        ))),
        'hex'
      );
    if v_part is null then
      raise exception 'the context of this transaction was not sealed by tenancy.enter_*()'
        using errcode = 'SK901';
    end if;
  end if;
  return v_part;
end
$$;

-- The same check as verified_context(), written out: row-level security asks for it at every statement.
create function tenancy.current_org()
returns uuid
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_context text := current_setting('stockade.context', true);
  v_org_id uuid;
begin
  if v_context <> '' then
    -- Made a uuid by the assignment: a cast in here would be tried on what is not sealed when the statement is planned.
    select split_part(v_context, '|', 2)
    into v_org_id
    from tenancy.seal_keys
    where id = split_part(v_context, '|', 1)
      and right(v_context, 64) = encode(
        sha256(outer_pad || sha256(inner_pad || convert_to(
          concat_ws('|', left(v_context, -65), pg_backend_pid(), encode(timestamptz_send(now()), 'hex')), 'UTF8'
        ))),
        'hex'
      );
    if v_org_id is null then
      raise exception 'the context of this transaction was not sealed by tenancy.enter_*()'
        using errcode = 'SK901';
    end if;
  end if;
  return v_org_id;
end
$$;

comment on function tenancy.current_org() is
  'The organization this transaction has entered; null when it has entered none. '
  'Raises SK901 when the context is forged, or copied from another transaction or connection.';

create function tenancy.require_context(p_scope text)
returns text[]
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
  return v_context;
end
$$;

comment on function tenancy.require_context(text) is
  'The verified context of this transaction, {key, organization, actor, scopes, MAC}, for functions that write. '
  'Raises SK902 when no organization was entered, SK104 when the caller lacks the scope.';

create function tenancy.require_scope(p_scope text)
returns uuid
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return (tenancy.require_context(p_scope))[2];
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
  'Who acts in this transaction: key:<id>, user:<id> or job; null when no organization was entered.';

-- What the slots of an organization are named after. A slot is an advisory lock that ends with the transaction. Whoever
-- could name the locks could take them away from others, so their names come from the secret, and from the minute, in case
-- somebody has seen one held. Of the neighbouring connections each begins at another slot, so that the first one tried is
-- mostly free.
create function tenancy.slots(p_secret bytea, p_org_id uuid)
returns text
language sql
stable
as $$
  select concat(encode(p_secret, 'hex'), p_org_id, floor(extract(epoch from now()) / 60))
$$;

-- Seals the context of this transaction, and takes one of the organization's slots; null for p_max_concurrency takes
-- none. Nobody but the entering functions may call it.
-- It answers what it has set, because an assignment is evaluated without the executor that PERFORM would start.
create function tenancy.seal(p_org_id uuid, p_actor text, p_scopes text[], p_max_concurrency integer)
returns text
language plpgsql
volatile
as $$
declare
  v_key tenancy.seal_keys;
  v_text text;
begin
  select * into strict v_key from tenancy.seal_keys where active;
  if p_max_concurrency is not null then
    v_text := tenancy.slots(v_key.inner_pad, p_org_id);
    for i in 0..p_max_concurrency - 1 loop
      exit when pg_try_advisory_xact_lock(hashtextextended(v_text, (pg_backend_pid() + i) % p_max_concurrency));
      if i = p_max_concurrency - 1 then
        raise exception 'this organization has % transactions under way', p_max_concurrency using errcode = 'SK106';
      end if;
    end loop;
  end if;
  v_text := concat_ws('|', v_key.id, p_org_id, p_actor, array_to_string(p_scopes, ','));
  return set_config(
    'stockade.context',
    concat_ws('|', v_text, encode(
      sha256(v_key.outer_pad || sha256(v_key.inner_pad || convert_to(
        concat_ws('|', v_text, pg_backend_pid(), encode(timestamptz_send(now()), 'hex')), 'UTF8'
      ))),
      'hex'
    )),
    true
  );
end
$$;

-- Everything a key must pass, asked in the order in which the answers are given, and then the context sealed: for the
-- requests that tenancy.enter_with_key() does not settle in its one statement. Answers the context; raises what that one
-- says.
create function tenancy.examine_key(p_key_id text, p_secret_digest bytea, p_scope text, p_selectors text[])
returns text
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_entered text[] := tenancy.verified_context();
  v_key record;
  v_organization record;
begin
  select org_id, scopes
  into v_key
  from tenancy.api_keys
  where key_id = p_key_id
    and secret_digest = p_secret_digest
    and revoked_at is null
    and (expires_at is null or expires_at > now());

  if not found then
    raise exception 'this API key is not valid' using errcode = 'SK101';
  end if;
  select status, slug, max_concurrency into v_organization from tenancy.organizations where id = v_key.org_id;
  -- Authority proves, selectors only choose: every one of them must name the key's own organization.
  if v_entered[2] <> v_key.org_id::text
    or p_selectors <> '{}' and exists (
      select from unnest(p_selectors) as selector
      where selector is distinct from v_organization.slug and lower(selector) is distinct from v_key.org_id::text
    )
  then
    raise exception 'this API key belongs to another organization than the request names' using errcode = 'SK102';
  end if;
  if v_organization.status <> 'active' then
    raise exception 'this organization is suspended' using errcode = 'SK103';
  end if;
  if not p_scope = any (v_key.scopes) then
    raise exception 'this API key does not carry the scope %', p_scope
      using errcode = 'SK104', detail = json_build_object('scope', p_scope);
  end if;
  return tenancy.seal(
    v_key.org_id,
    'key:' || p_key_id,
    v_key.scopes,
    case when v_entered is null then v_organization.max_concurrency end
  );
end
$$;

-- A procedure: a CALL is not planned, and every request pays for this one.
create procedure tenancy.enter_with_key(p_key_id text, p_secret_digest bytea, p_scope text, p_selectors text[])
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_sealed text;
begin
  -- Whatever is not the plain case (a refusal, a second entry, a slot that is taken) ends here without a context.
  select
    case
      when pg_try_advisory_xact_lock(
        hashtextextended(tenancy.slots(s.inner_pad, k.org_id), pg_backend_pid() % o.max_concurrency)
      )
      then set_config(
        'stockade.context',
        concat_ws('|', s.id, k.org_id, 'key:' || p_key_id, array_to_string(k.scopes, ','), encode(
          sha256(s.outer_pad || sha256(s.inner_pad || convert_to(
            concat_ws(
              '|', s.id, k.org_id, 'key:' || p_key_id, array_to_string(k.scopes, ','),
              pg_backend_pid(), encode(timestamptz_send(now()), 'hex')
            ),
            'UTF8'
          ))),
          'hex'
        )),
        true
      )
    end
  into v_sealed
  from tenancy.api_keys k
  join tenancy.organizations o on o.id = k.org_id
  join tenancy.seal_keys s on s.active
  where k.key_id = p_key_id
    and k.secret_digest = p_secret_digest
    and k.revoked_at is null
    and (k.expires_at is null or k.expires_at > now())
    and p_selectors <@ array[o.slug, o.id::text]
    and o.status = 'active'
    and p_scope = any (k.scopes)
    and coalesce(current_setting('stockade.context', true), '') = '';

  if v_sealed is null then
    v_sealed := tenancy.examine_key(p_key_id, p_secret_digest, p_scope, p_selectors);
  end if;
end
$$;

comment on procedure tenancy.enter_with_key(text, bytea, text, text[]) is
  'Enters the organization of an API key for this transaction. '
  'p_scope is what the request needs, p_selectors are the organizations it names (slug or id). '
  'Raises SK101 unknown, revoked or expired key; SK102 another organization named or already entered; SK103 suspended; '
  'SK104 scope missing; SK106 too many transactions of the organization under way.';

create procedure tenancy.enter_with_pass(p_pass text, p_scope text, p_selectors text[])
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_entered text[] := tenancy.verified_context();
  v_part text[] := string_to_array(p_pass, '|');
  v_key tenancy.pass_keys;
  v_member record;
  v_scopes text[];
  v_sealed text;
begin
  select * into v_key from tenancy.pass_keys where id = v_part[1];
  if cardinality(v_part) is distinct from 4
    or v_part[4] is distinct from encode(
      sha256(v_key.outer_pad || sha256(v_key.inner_pad || convert_to(left(p_pass, -65), 'UTF8'))),
      'hex'
    )
    or v_part[2]::bigint <= extract(epoch from clock_timestamp())
  then
    raise exception 'this pass is not valid' using errcode = 'SK101';
  end if;

  select count(*) over () as n, m.org_id, m.user_id, m.role, o.status, o.max_concurrency
  into v_member
  from tenancy.users u
  join tenancy.memberships m on m.user_id = u.id
  join tenancy.organizations o on o.id = m.org_id
  where u.email = v_part[3]
    and (v_entered is null or o.id::text = v_entered[2])
    and not exists (
      select from unnest(p_selectors) as selector
      where selector is distinct from o.slug and lower(selector) is distinct from o.id::text
    )
  limit 1;

  if not found then
    raise exception 'this user is not a member of the organization the request names' using errcode = 'SK102';
  end if;
  if v_member.n > 1 then
    raise exception 'this user is a member of several organizations' using errcode = 'SK105';
  end if;
  if v_member.status <> 'active' then
    raise exception 'this organization is suspended' using errcode = 'SK103';
  end if;
  v_scopes := case v_member.role
    when 'viewer' then array['read']
    when 'clerk' then array['read', 'write']
    when 'admin' then array['read', 'write', 'admin']
  end;
  -- With a key as well, what both allow.
  if v_entered is not null then
    v_scopes := array(
      select unnest(v_scopes) intersect select unnest(string_to_array(v_entered[4], ',')) order by 1
    );
  end if;
  if not p_scope = any (v_scopes) then
    raise exception 'this membership does not carry the scope %', p_scope
      using errcode = 'SK104', detail = json_build_object('scope', p_scope);
  end if;
  v_sealed := tenancy.seal(
    v_member.org_id,
    'user:' || v_member.user_id,
    v_scopes,
    case when v_entered is null then v_member.max_concurrency end
  );
end
$$;

comment on procedure tenancy.enter_with_pass(text, text, text[]) is
  'Enters an organization for this transaction on behalf of a user. '
  'p_pass is <pass key>|<expiry, Unix seconds>|<email>|<HMAC-SHA256, hex>, minted by the API for a verified token. '
  'Raises SK101 forged or expired pass; SK102 not a member of what is named; SK103 suspended; SK104 scope missing; '
  'SK105 several organizations and none named; SK106 too many transactions of the organization under way.';

create function tenancy.enter_as_job(p_org_id uuid)
returns uuid
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_sealed text;
begin
  if not exists (select from tenancy.organizations where id = p_org_id) then
    raise exception 'there is no organization %', p_org_id using errcode = 'SK404';
  end if;
  v_sealed := tenancy.seal(p_org_id, 'job', array['read', 'write'], null);
  return p_org_id;
end
$$;

comment on function tenancy.enter_as_job(uuid) is
  'Enters an organization for this transaction on behalf of a job; suspended ones too, since their books stay proven. '
  'Raises SK404 when there is none of that id.';

revoke all on all routines in schema tenancy from public;
revoke all on all routines in schema inventory from public;
grant usage on schema tenancy to stockade_api, stockade_jobs, stockade_admin, stockade_ledger;
grant usage on schema inventory to stockade_api, stockade_jobs, stockade_admin, stockade_ledger;
grant execute on function inventory.new_id() to stockade_api, stockade_jobs, stockade_admin, stockade_ledger;
grant execute on function tenancy.current_org() to stockade_api, stockade_jobs, stockade_admin, stockade_ledger;
grant execute on function tenancy.require_context(text) to stockade_ledger;
grant execute on function tenancy.current_actor() to stockade_api, stockade_jobs;
grant execute on function tenancy.require_scope(text) to stockade_api, stockade_jobs;
grant execute on procedure tenancy.enter_with_key(text, bytea, text, text[]) to stockade_api;
grant execute on procedure tenancy.enter_with_pass(text, text, text[]) to stockade_api;
grant execute on function tenancy.rotate_seal_key() to stockade_admin;
grant execute on function tenancy.set_pass_key(text, bytea) to stockade_admin;
grant execute on function tenancy.drop_pass_key(text) to stockade_admin;
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
create policy enter_owner on tenancy.memberships for select to stockade_owner using (true);
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
