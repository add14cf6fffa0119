-- What keeps tables from growing for ever: answers to requests that nobody sends again, and old security events.
-- Both are deleted organization by organization, a page at a time, so that no statement holds many rows.

create function tenancy.active_organizations(p_after uuid, p_most integer)
returns setof uuid
language sql
stable
security definer
set search_path = ''
as $$
  select id
  from tenancy.organizations
  where status = 'active'
    and id > p_after
  order by id
  limit p_most
$$;

comment on function tenancy.active_organizations(uuid, integer) is
  'The ids of the organizations that may work, in their order, p_most of those behind p_after: for jobs that go through all.';

create function inventory.forget_idempotency_keys(p_older_than interval, p_after text, p_page integer)
returns table (examined integer, forgotten integer, last_key text)
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_org_id constant uuid := tenancy.require_scope('write');
begin
  if p_older_than < interval '24 hours' then
    raise exception 'idempotency keys are kept for 24 hours at least, not for %', p_older_than using errcode = '22023';
  end if;
  -- A walk along the primary key: an index on the age would cost every request that carries a key.
  return query
  with page as (
    select k.key, k.created_at
    from inventory.idempotency_keys k
    where k.org_id = v_org_id
      and k.key > p_after
    order by k.key
    limit p_page
  ),
  gone as (
    delete from inventory.idempotency_keys k
    using page
    where k.org_id = v_org_id
      and k.key = page.key
      and page.created_at < now() - p_older_than
    returning 1
  )
  select count(*)::integer, (select count(*)::integer from gone), max(page.key)
  from page;
end
$$;

comment on function inventory.forget_idempotency_keys(interval, text, integer) is
  'Looks at p_page idempotency keys behind p_after of the organization that was entered, and deletes those older '
  'than p_older_than. Answers how many it looked at and deleted, and the last one, from where to go on; none looked at is the '
  'end. Raises 22023 when p_older_than is less than 24 hours.';

create function tenancy.forget_security_events(p_older_than interval, p_most integer)
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
  if p_older_than < interval '90 days' then
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

comment on function tenancy.forget_security_events(interval, integer) is
  'Deletes the oldest security events of the organization that was entered that are older than p_older_than: p_most, and the '
  'rest of the last minute. Answers how many; 0 when there are none. Raises 22023 when p_older_than is less than 90 days.';

create function inventory.count_forgettable(p_keys_older_than interval, p_events_older_than interval)
returns table (idempotency_keys bigint, security_events bigint)
language sql
stable
security definer
set search_path = ''
as $$
  select
    (
      select count(*)
      from inventory.idempotency_keys
      where org_id = (select tenancy.current_org())
        and created_at < now() - p_keys_older_than
    ),
    (
      select count(*)
      from tenancy.security_events
      where org_id = (select tenancy.current_org())
        and minute < now() - p_events_older_than
    )
$$;

comment on function inventory.count_forgettable(interval, interval) is
  'What forget_idempotency_keys() and forget_security_events() would delete of the organization that was entered.';

-- A key may be deleted between the insertion that found it and the reading: then it was never there.
create or replace function inventory.claim_idempotency_key(p_key text, p_fingerprint bytea)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  -- No scope of its own: whatever the request may do, it may be told apart from its retry.
  v_org_id uuid := tenancy.current_org();
  v_claimed inventory.idempotency_keys;
begin
  if v_org_id is null then
    raise exception 'no organization was entered in this transaction' using errcode = 'SK902';
  end if;
  loop
    -- Of two at once the second waits here for the first to end, and then finds what it left.
    insert into inventory.idempotency_keys (org_id, key, fingerprint)
    values (v_org_id, p_key, p_fingerprint)
    on conflict (org_id, key) do nothing;
    if found then
      return;
    end if;
    select * into v_claimed from inventory.idempotency_keys where org_id = v_org_id and key = p_key;
    exit when found;
  end loop;

  if v_claimed.fingerprint <> p_fingerprint then
    raise exception 'this idempotency key was used for another request' using errcode = 'SK205';
  end if;
  -- An exception, because it makes the server skip the statements that are already on their way behind this one.
  raise exception 'this request was answered before' using errcode = 'SK200', detail = v_claimed.response;
end
$$;

grant execute on function tenancy.active_organizations(uuid, integer) to stockade_jobs;
grant execute on function inventory.forget_idempotency_keys(interval, text, integer) to stockade_jobs;
grant execute on function tenancy.forget_security_events(interval, integer) to stockade_jobs;
grant execute on function inventory.count_forgettable(interval, interval) to stockade_jobs;
