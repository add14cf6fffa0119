-- Requests whose credential was refused because of the organization they named, with the organization whose credential
-- it was.
create table tenancy.security_events (
  org_id uuid not null references tenancy.organizations (id),
  minute timestamptz(0) not null,
  kind text not null check (kind in ('organization_mismatch')),
  -- Whose credential: key:<id> or user:<id>.
  actor text not null check (length(actor) between 1 and 200),
  -- What else the request presented, separated by blanks: slugs and ids, key:<id>, user:<id>; ? stands for what can be no
  -- slug and no id, so that a secret sent in the wrong header is not kept, and * for everything past the tenth.
  named text not null check (length(named) <= 500),
  requests bigint not null default 1 check (requests >= 1),
  first_request_id text not null check (length(first_request_id) between 1 and 200),
  first_at timestamptz(3) not null default now(),
  last_at timestamptz(3) not null default now(),
  -- A flood of refused requests is one row a minute, counted.
  primary key (org_id, minute, actor, kind, named)
);

comment on table tenancy.security_events is
  'Tenant data: the requests whose credential was refused because of the organization they named.';

alter table tenancy.security_events enable row level security;
alter table tenancy.security_events force row level security;
create policy tenant on tenancy.security_events
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

-- Row-level security applies to whoever exports an organization or shows its events, as everywhere.
grant select on tenancy.security_events to stockade_api, stockade_jobs;

-- The e-mail address that a pass vouches for: null when it is forged, expired or none.
create function tenancy.email_of_pass(p_pass text)
returns text
language plpgsql
stable
set search_path = ''
as $$
declare
  v_part text[] := string_to_array(p_pass, '|');
  v_key tenancy.pass_keys;
begin
  select * into v_key from tenancy.pass_keys where id = v_part[1];
  if cardinality(v_part) = 4
    and v_part[4] = encode(
      sha256(v_key.outer_pad || sha256(v_key.inner_pad || convert_to(left(p_pass, -65), 'UTF8'))),
      'hex'
    )
    and v_part[2]::bigint > extract(epoch from clock_timestamp())
  then
    return v_part[3];
  end if;
  return null;
end
$$;

create function tenancy.record_mismatch(
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
  -- What one credential may name in one minute before the rest is counted together.
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

  -- Proven as for entering, so that nobody can put events into the books of an organization that is not theirs.
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
    -- Written under the same policy as every row of a tenant; the context carries no scope and ends with the statement.
    perform tenancy.seal(v_proven.org_id, v_proven.actor, '{}', null);
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

comment on function tenancy.record_mismatch(text, bytea, text, text[], text) is
  'Records that a request was refused because of the organization it names, with every organization whose credential it '
  'presents: the key''s own, and those the user is a member of. A credential that proves nothing records nothing. '
  'Answers what was recorded. Raises SK902 inside a transaction that has entered an organization.';

grant execute on function tenancy.record_mismatch(text, bytea, text, text[], text) to stockade_api;
