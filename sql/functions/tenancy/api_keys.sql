--! needs inventory/forms
--! needs tenancy/context
--! needs tenancy/organizations
--! needs 000004_credentials
-- The API keys that an organization manages itself.
--
-- What the plans of functions for requests depend on is set with them: docs/isolation/0062_plan_of_the_session.md.

create or replace function tenancy.api_key_json(p_key tenancy.api_keys)
returns json
language sql
stable
set search_path = ''
as $$
  select json_build_object(
    'id', p_key.key_id,
    'name', p_key.name,
    'scopes', p_key.scopes,
    'createdAt', inventory.iso(p_key.created_at),
    'expiresAt', inventory.iso(p_key.expires_at),
    'revokedAt', inventory.iso(p_key.revoked_at),
    'lastUsedAt', inventory.iso(p_key.last_used_at),
    'replacedBy', p_key.replaced_by
  )
$$;

comment on function tenancy.api_key_json is
  'A key as the API shows it: everything except its secret digest.';

create or replace function tenancy.require_grantable(p_scopes text[])
returns uuid
language plpgsql
stable
set search_path = ''
as $$
declare
  v_org_id uuid := tenancy.require_scope('admin');
  v_scope text;
begin
  foreach v_scope in array p_scopes loop
    perform tenancy.require_scope(v_scope);
  end loop;
  return v_org_id;
end
$$;

comment on function tenancy.require_grantable is
  'The organization that was entered, if the caller may manage its keys and carries each of these scopes. Raises '
  'SK902 when none was entered, SK104 when the caller lacks admin or one of the scopes.';

create or replace function tenancy.create_api_key(
  p_key_id text,
  p_secret_digest bytea,
  p_name text,
  p_scopes text[],
  p_expires_at timestamptz
)
returns json
language plpgsql
volatile
security definer
set search_path = ''
set enable_seqscan = off
set enable_indexscan = on
set random_page_cost = 4
set cpu_tuple_cost = 0.01
set cpu_index_tuple_cost = 0.005
set cpu_operator_cost = 0.0025
as $$
declare
  v_org_id uuid := tenancy.require_grantable(p_scopes);
  v_key tenancy.api_keys;
begin
  if p_expires_at <= now() then
    raise exception 'a key would expire before it is used' using errcode = 'SK304',
      detail = json_build_array(json_build_object('field', 'expiresAt', 'message', 'must be in the future'));
  end if;
  insert into tenancy.api_keys (org_id, key_id, secret_digest, name, scopes, expires_at)
  values (v_org_id, p_key_id, p_secret_digest, p_name, p_scopes, p_expires_at)
  returning * into v_key;
  return tenancy.api_key_json(v_key);
end
$$;

comment on function tenancy.create_api_key is
  'Adds a key to the organization that was entered and shows it without its secret, which never gets here. Raises '
  'SK902 when none was entered, SK104 when the caller lacks admin or a scope that the key would carry, SK304 or 23514 for a '
  'value out of its bounds.';
grant execute on function tenancy.create_api_key to stockade_api;

create or replace function tenancy.list_api_keys(p_limit integer, p_after_created_at timestamptz, p_after_key_id text)
returns setof json
language plpgsql
stable
security definer
set search_path = ''
set enable_seqscan = off
set enable_indexscan = on
set random_page_cost = 4
set cpu_tuple_cost = 0.01
set cpu_index_tuple_cost = 0.005
set cpu_operator_cost = 0.0025
as $$
declare
  v_org_id uuid := tenancy.require_scope('admin');
begin
  perform tenancy.require_page(p_limit);
  return query
  select tenancy.api_key_json(k)
  from tenancy.api_keys k
  -- The owner sees the keys of every organization, so the condition stands here.
  where k.org_id = v_org_id
    and (p_after_key_id is null or (k.created_at, k.key_id) < (p_after_created_at, p_after_key_id))
  order by k.created_at desc, k.key_id desc
  limit p_limit;
end
$$;

comment on function tenancy.list_api_keys is
  'The keys of the organization that was entered, newest first, starting after the one that is named. Raises SK902 '
  'when none was entered, SK104 when the caller lacks admin, SK304 when the page is none.';
grant execute on function tenancy.list_api_keys to stockade_api;

create or replace function tenancy.revoke_api_key(p_key_id text)
returns void
language plpgsql
volatile
security definer
set search_path = ''
set enable_seqscan = off
set enable_indexscan = on
set random_page_cost = 4
set cpu_tuple_cost = 0.01
set cpu_index_tuple_cost = 0.005
set cpu_operator_cost = 0.0025
as $$
begin
  update tenancy.api_keys
  set revoked_at = coalesce(revoked_at, now())
  where org_id = tenancy.require_scope('admin') and key_id = p_key_id;
  if not found then
    raise exception 'this organization has no key %', p_key_id using errcode = 'SK404';
  end if;
end
$$;

comment on function tenancy.revoke_api_key is
  'Revokes a key of the organization that was entered, from the next transaction on; revoking it again changes '
  'nothing. Raises SK902 when none was entered, SK104 when the caller lacks admin, SK404 when it has no such key.';
grant execute on function tenancy.revoke_api_key to stockade_api;

create or replace function tenancy.rotate_api_key(
  p_key_id text,
  p_new_key_id text,
  p_new_secret_digest bytea,
  p_overlap_seconds integer
)
returns json
language plpgsql
volatile
security definer
set search_path = ''
set enable_seqscan = off
set enable_indexscan = on
set random_page_cost = 4
set cpu_tuple_cost = 0.01
set cpu_index_tuple_cost = 0.005
set cpu_operator_cost = 0.0025
as $$
declare
  v_org_id uuid := tenancy.require_scope('admin');
  -- Truncated, not rounded: with an overlap of zero the old key must not work in the next transaction.
  v_now timestamptz(3) := date_trunc('milliseconds', now());
  v_old tenancy.api_keys;
  v_new tenancy.api_keys;
  v_refusal text;
begin
  if p_overlap_seconds between 0 and 2592000 is not true then
    raise exception 'the overlap of a rotation is out of its bounds' using errcode = 'SK304',
      detail = json_build_array(json_build_object('field', 'overlapSeconds', 'message', 'must be 0 to 2592000, which is 30 days'));
  end if;
  -- Locked: of several rotations at once, one creates the new key and the others find it.
  select * into v_old from tenancy.api_keys where org_id = v_org_id and key_id = p_key_id for update;
  if not found then
    raise exception 'this organization has no key %', p_key_id using errcode = 'SK404';
  end if;
  perform tenancy.require_grantable(v_old.scopes);

  v_refusal := case
    when v_old.replaced_by is not null then 'was rotated already: rotate or revoke ' || v_old.replaced_by || ', which replaces it'
    when v_old.revoked_at is not null then 'is revoked: create a new key'
    when v_old.expires_at <= now() then 'has expired: create a new key'
  end;
  if v_refusal is not null then
    raise exception 'key % %', p_key_id, v_refusal
      using errcode = 'SK301', detail = json_build_array(json_build_object('field', 'id', 'message', v_refusal));
  end if;

  insert into tenancy.api_keys (org_id, key_id, secret_digest, name, scopes, expires_at)
  values (
    v_org_id, p_new_key_id, p_new_secret_digest, v_old.name, v_old.scopes,
    case
      when v_old.expires_at is not null
        then least(v_now + (v_old.expires_at - v_old.created_at), '9999-12-31 23:59:59.999Z')
    end
  )
  returning * into v_new;
  update tenancy.api_keys
  set expires_at = least(expires_at, v_now + make_interval(secs => p_overlap_seconds)), replaced_by = p_new_key_id
  where org_id = v_org_id and key_id = p_key_id;
  return tenancy.api_key_json(v_new);
end
$$;

comment on function tenancy.rotate_api_key is
  'Creates a key with the name, scopes and lifetime of an existing key of the organization that was entered. The '
  'old key expires after the overlap, in seconds, or as before if that is sooner. Shows the new key without its '
  'secret. Raises SK902 when none was entered, SK104 when the caller lacks admin or a scope of the key, SK404 when '
  'there is no such key, SK301 when it is revoked, expired or was rotated already, SK304 when the overlap is not 0 to 30 days.';
grant execute on function tenancy.rotate_api_key to stockade_api;

create or replace function tenancy.note_key_use()
returns void
language plpgsql
volatile
security definer
set search_path = ''
set enable_seqscan = off
set enable_indexscan = on
set random_page_cost = 4
set cpu_tuple_cost = 0.01
set cpu_index_tuple_cost = 0.005
set cpu_operator_cost = 0.0025
as $$
declare
  v_org_id uuid := tenancy.current_org();
begin
  if v_org_id is null then
    raise exception 'no organization was entered in this transaction' using errcode = 'SK902';
  end if;
  update tenancy.api_keys
  set last_used_at = now()
  where org_id = v_org_id
    and 'key:' || key_id = tenancy.current_actor()
    and (last_used_at is null or last_used_at < now() - interval '1 minute');
end
$$;

comment on function tenancy.note_key_use is
  'Notes that the key of this transaction is in use, at most once a minute. Call it in a transaction of its own, '
  'so that no request waits for the note of another one. Raises SK902 when no organization was entered.';
grant execute on function tenancy.note_key_use to stockade_api;
