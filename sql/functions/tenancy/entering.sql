--! needs tenancy/context
--! needs tenancy/pass_keys
-- The ways into an organization: with an API key, with a pass, as a job. Each proves its caller and signs the context.

create or replace function tenancy.examine_key(p_key_id text, p_secret_digest bytea, p_scope text, p_selectors text[])
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
  -- The key is the authority. A selector only chooses, and each one must name the key's own organization.
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
  return tenancy.sign_context(
    v_key.org_id,
    'key:' || p_key_id,
    v_key.scopes,
    case when v_entered is null then v_organization.max_concurrency end
  );
end
$$;

comment on function tenancy.examine_key is
  'Checks a key in the order in which refusals are answered, and signs the context: for the requests that '
  'tenancy.enter_with_key() does not settle in its one statement. Returns the context; raises what that procedure '
  'raises.';

-- A procedure: a CALL is not planned, and every request pays for this one.
create or replace procedure tenancy.enter_with_key(
  p_key_id text,
  p_secret_digest bytea,
  p_scope text,
  p_selectors text[],
  p_read_only boolean default false
)
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_signed text;
begin
  -- Everything but the plain case (a refusal, a second entry, a slot that is taken) leaves this statement without a context.
  select
    case
      when tenancy.take_slot(s.inner_pad, k.org_id, pg_backend_pid() % o.max_concurrency, now())
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
      ) || case when p_read_only then left(set_config('transaction_read_only', 'on', true), 0) else '' end
    end
  into v_signed
  from tenancy.api_keys k
  -- By its id alone, with OFFSET 0 as a fence: a session may turn plans round, and selectors that are compared with every slug tell by the
  -- time whether there is one.
  cross join lateral (
    select o.id, o.slug, o.status, o.max_concurrency from tenancy.organizations o where o.id = k.org_id offset 0
  ) as o
  join tenancy.context_keys s on s.active
  where k.key_id = p_key_id
    and k.secret_digest = p_secret_digest
    and k.revoked_at is null
    and (k.expires_at is null or k.expires_at > now())
    and p_selectors <@ array[o.slug, o.id::text]
    and o.status = 'active'
    and p_scope = any (k.scopes)
    and coalesce(current_setting('stockade.context', true), '') = '';

  if v_signed is null then
    v_signed := tenancy.examine_key(p_key_id, p_secret_digest, p_scope, p_selectors);
    if p_read_only then
      v_signed := set_config('transaction_read_only', 'on', true);
    end if;
  end if;
end
$$;

comment on procedure tenancy.enter_with_key is
  'Enters the organization of an API key for this transaction. p_scope is what the request needs, p_selectors are '
  'the organizations it names (slug or id). With p_read_only the transaction writes nothing from here on. Raises '
  'SK101 unknown, revoked or expired key; SK102 another organization named or already entered; SK103 suspended; '
  'SK104 scope missing; SK106 too many transactions of the organization under way.';
grant execute on procedure tenancy.enter_with_key to stockade_api;

create or replace procedure tenancy.enter_with_pass(
  p_pass text,
  p_scope text,
  p_selectors text[],
  p_read_only boolean default false
)
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_entered text[] := tenancy.verified_context();
  v_email text := tenancy.email_of_pass(p_pass);
  v_member record;
  v_scopes text[];
  v_signed text;
begin
  if v_email is null then
    raise exception 'this pass is not valid' using errcode = 'SK101';
  end if;

  select count(*) over () as n, m.org_id, m.user_id, m.role, o.status, o.max_concurrency
  into v_member
  -- One after the other, with OFFSET 0 as a fence, as tenancy.enter_with_key() does.
  from (select u.id from tenancy.users u where u.email = v_email offset 0) as u
  cross join lateral (
    select m.org_id, m.user_id, m.role from tenancy.memberships m where m.user_id = u.id offset 0
  ) as m
  cross join lateral (
    select o.id, o.slug, o.status, o.max_concurrency from tenancy.organizations o where o.id = m.org_id offset 0
  ) as o
  where not exists (
      select from unnest(p_selectors) as selector
      where selector is distinct from o.slug and lower(selector) is distinct from o.id::text
    )
    and (v_entered is null or o.id::text = v_entered[2])
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
  -- Entered with a key as well: only the scopes that both carry.
  if v_entered is not null then
    v_scopes := array(
      select unnest(v_scopes) intersect select unnest(string_to_array(v_entered[4], ',')) order by 1
    );
  end if;
  if not p_scope = any (v_scopes) then
    raise exception 'this membership does not carry the scope %', p_scope
      using errcode = 'SK104', detail = json_build_object('scope', p_scope);
  end if;
  v_signed := tenancy.sign_context(
    v_member.org_id,
    'user:' || v_member.user_id,
    v_scopes,
    case when v_entered is null then v_member.max_concurrency end
  );
  if p_read_only then
    v_signed := set_config('transaction_read_only', 'on', true);
  end if;
end
$$;

comment on procedure tenancy.enter_with_pass is
  'Enters an organization for this transaction on behalf of a user. p_pass is <pass key>|<expiry, Unix '
  'seconds>|<email>|<HMAC-SHA256, hex>, minted by the API for a verified token. With p_read_only the transaction '
  'writes nothing from here on. Raises SK101 forged or expired pass; SK102 not a member of what is named; SK103 '
  'suspended; SK104 scope missing; SK105 several organizations and none named; SK106 too many transactions of the '
  'organization under way.';
grant execute on procedure tenancy.enter_with_pass to stockade_api;

-- A job may be at work in a suspended organization while it is erased. One that writes makes the erasure wait, and one that
-- comes later finds nothing. A transaction that only reads may see it go.
create or replace function tenancy.enter_as_job(p_org_id uuid)
returns uuid
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  if not exists (select from tenancy.organizations where id = p_org_id) then
    raise exception 'there is no organization %', p_org_id using errcode = 'SK404';
  end if;
  perform tenancy.sign_context(p_org_id, 'job', array['read', 'write'], null);
  if current_setting('transaction_read_only') = 'off' then
    perform from tenancy.organizations where id = p_org_id for key share;
    if not found then
      raise exception 'there is no organization %', p_org_id using errcode = 'SK404';
    end if;
  end if;
  return p_org_id;
end
$$;

comment on function tenancy.enter_as_job is
  'Enters an organization for this transaction on behalf of a job; suspended ones too, since their books stay '
  'proven. Raises SK404 when there is none of that id.';
grant execute on function tenancy.enter_as_job to stockade_jobs;
