--! needs tenancy/context
--! needs tenancy/pass_keys
--! needs 000021_security_events
-- Security events: attempts to use a valid credential for another organization.

create or replace function tenancy.record_mismatch(
  p_key_id text,
  p_secret_digest bytea,
  p_pass text,
  p_selectors text[],
  p_request_id text
)
returns table (org_id uuid, actor text, named text)
language plpgsql
volatile
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  -- How many different things one credential may name in a minute before the rest is counted together.
  v_most_named constant integer := 10;
  v_minute constant timestamptz := date_trunc('minute', now());
  v_email constant text := tenancy.email_of_pass(p_pass);
  v_presented text[];
  v_proven record;
  v_named text;
begin
  if current_setting('stockade.context', true) <> '' then
    raise exception 'a refusal is recorded in a transaction of its own' using errcode = 'SK902';
  end if;

  select array_agg(
    case when selector ~ '^([a-z0-9.-]{1,100}|[0-9A-Fa-f-]{36})$' then selector else '?' end
    order by n
  )
  into v_presented
  from unnest(p_selectors) with ordinality as presented (selector, n);
  if p_key_id is not null then
    v_presented := v_presented || ('key:' || left(p_key_id, 32));
  end if;
  if v_email is not null then
    v_presented := v_presented
      || coalesce((select 'user:' || u.id from tenancy.users u where u.email = v_email), 'user:unknown');
  end if;

  -- The credential is checked as for entering, so that nobody can add events to another organization.
  for v_proven in
    select k.org_id, 'key:' || k.key_id as actor
    from tenancy.api_keys k
    where k.key_id = p_key_id
      and k.secret_digest = p_secret_digest
      and k.revoked_at is null
      and (k.expires_at is null or k.expires_at > now())
    union all
    select m.org_id, 'user:' || m.user_id
    from tenancy.users u
    join tenancy.memberships m on m.user_id = u.id
    where u.email = v_email
    order by org_id, actor
  loop
    v_named := left(array_to_string(array_remove(v_presented, v_proven.actor), ' '), 500);
    -- The row is written under the policy of every tenant row. The context carries no scope and ends with the statement.
    perform tenancy.sign_context(v_proven.org_id, v_proven.actor, '{}', null);
    if v_most_named <= (
      select count(*)
      from tenancy.security_events e
      where e.org_id = v_proven.org_id
        and e.minute = v_minute
        and e.actor = v_proven.actor
        and e.named not in (v_named, '*')
    ) then
      v_named := '*';
    end if;
    insert into tenancy.security_events as e (org_id, minute, kind, actor, named, first_request_id)
    values (v_proven.org_id, v_minute, 'organization_mismatch', v_proven.actor, v_named, p_request_id)
    on conflict (org_id, minute, actor, kind, named) do update
      set requests = e.requests + 1,
          last_at = excluded.last_at;
    perform set_config('stockade.context', '', true);

    org_id := v_proven.org_id;
    actor := v_proven.actor;
    named := v_named;
    return next;
  end loop;
end
$$;

comment on function tenancy.record_mismatch is
  'Records that a request was refused because of the organization it names, with every organization whose '
  'credential it presents: the key''s own, and those the user is a member of. A credential that proves nothing '
  'records nothing. Returns what was recorded. Raises SK902 inside a transaction that has entered an organization.';
grant execute on function tenancy.record_mismatch to stockade_api;

create or replace function tenancy.forget_security_events(p_older_than interval, p_most integer)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_org_id constant uuid := tenancy.require_scope('write');
  v_forgotten integer;
begin
  -- Instants are compared: an interval of months and days may be longer than 90 days and still lead into the future.
  if (now() - p_older_than <= now() - interval '90 days') is not true then
    raise exception 'security events are kept for 90 days at least, not for %', p_older_than using errcode = '22023';
  end if;
  delete from tenancy.security_events e
  where e.org_id = v_org_id
    and e.minute <= (
      select max(oldest.minute)
      from (
        select o.minute
        from tenancy.security_events o
        where o.org_id = v_org_id
          and o.minute < now() - p_older_than
        order by o.minute
        limit p_most
      ) as oldest
    );
  get diagnostics v_forgotten = row_count;
  return v_forgotten;
end
$$;

comment on function tenancy.forget_security_events is
  'Deletes the oldest security events of the organization that was entered that are older than p_older_than: '
  'p_most, and the rest of the last minute. Returns how many; 0 when there are none. Raises 22023 when '
  'p_older_than is less than 90 days.';
grant execute on function tenancy.forget_security_events to stockade_jobs;
