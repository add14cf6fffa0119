-- A read that is a single message needs no BEGIN and no COMMIT: what is sent before one Sync is a transaction. Nothing but
-- the entering is there then to say that it is read-only.

drop procedure tenancy.enter_with_key(text, bytea, text, text[]);
drop procedure tenancy.enter_with_pass(text, text, text[]);

-- A procedure: a CALL is not planned, and every request pays for this one.
create procedure tenancy.enter_with_key(
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
      ) || case when p_read_only then left(set_config('transaction_read_only', 'on', true), 0) else '' end
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
    if p_read_only then
      v_sealed := set_config('transaction_read_only', 'on', true);
    end if;
  end if;
end
$$;

comment on procedure tenancy.enter_with_key(text, bytea, text, text[], boolean) is
  'Enters the organization of an API key for this transaction. '
  'p_scope is what the request needs, p_selectors are the organizations it names (slug or id). With p_read_only the '
  'transaction writes nothing from here on. '
  'Raises SK101 unknown, revoked or expired key; SK102 another organization named or already entered; SK103 suspended; '
  'SK104 scope missing; SK106 too many transactions of the organization under way.';

create procedure tenancy.enter_with_pass(
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
  if p_read_only then
    v_sealed := set_config('transaction_read_only', 'on', true);
  end if;
end
$$;

comment on procedure tenancy.enter_with_pass(text, text, text[], boolean) is
  'Enters an organization for this transaction on behalf of a user. '
  'p_pass is <pass key>|<expiry, Unix seconds>|<email>|<HMAC-SHA256, hex>, minted by the API for a verified token. '
  'With p_read_only the transaction writes nothing from here on. '
  'Raises SK101 forged or expired pass; SK102 not a member of what is named; SK103 suspended; SK104 scope missing; '
  'SK105 several organizations and none named; SK106 too many transactions of the organization under way.';

grant execute on procedure tenancy.enter_with_key(text, bytea, text, text[], boolean) to stockade_api;
grant execute on procedure tenancy.enter_with_pass(text, text, text[], boolean) to stockade_api;
