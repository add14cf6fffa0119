--! needs tenancy/context
--! needs 000019_idempotency
--! needs 000021_security_events
-- Idempotency keys. They are deleted page by page, organization by organization, so that no statement holds many rows.
--
-- What the plans of functions for requests depend on is set with them: docs/isolation/0062_plan_of_the_session.md.

create or replace function inventory.claim_idempotency_key(p_key text, p_fingerprint bytea)
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
  -- No scope is required: every request may be recognized when it is retried.
  v_org_id uuid := tenancy.current_org();
  v_claimed inventory.idempotency_keys;
begin
  if v_org_id is null then
    raise exception 'no organization was entered in this transaction' using errcode = 'SK902';
  end if;
  loop
    -- Of two at once the second waits here until the first has ended, and then finds its answer.
    -- A key that is deleted between the insert and the select never existed: the loop tries again.
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
  -- An exception, because it makes the server skip the statements that were sent after this one.
  raise exception 'this request was answered before' using errcode = 'SK200', detail = v_claimed.response;
end
$$;

comment on function inventory.claim_idempotency_key is
  'Claims an idempotency key for this transaction. p_fingerprint is the SHA-256 of the request. Raises SK200 with '
  'the stored response when the request was answered before, SK205 when the key was used for another one.';
grant execute on function inventory.claim_idempotency_key to stockade_api;

create or replace function inventory.remember_response(p_key text, p_response json)
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
begin
  update inventory.idempotency_keys
  set response = p_response
  where org_id = (select tenancy.current_org()) and key = p_key;
  return p_response;
end
$$;

comment on function inventory.remember_response is
  'Stores the response under the idempotency key this transaction has claimed, and returns it.';
grant execute on function inventory.remember_response to stockade_api;

create or replace function inventory.forget_idempotency_keys(p_older_than interval, p_after text, p_page integer)
returns table (examined integer, forgotten integer, last_key text)
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_org_id constant uuid := tenancy.require_scope('write');
begin
  -- Instants are compared: an interval of months and days may be longer than 24 hours and still lead into the future.
  if (now() - p_older_than <= now() - interval '24 hours') is not true then
    raise exception 'idempotency keys are kept for 24 hours at least, not for %', p_older_than using errcode = '22023';
  end if;
  -- It walks along the primary key: an index on the age would cost every request that carries a key.
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
    where k.org_id = v_org_id
      -- A list, not a join: a join could be planned the other way round, and read all keys for each of the page.
      and k.key = any (array(select page.key from page where page.created_at < now() - p_older_than))
    returning 1
  )
  select count(*)::integer, (select count(*)::integer from gone), max(page.key)
  from page;
end
$$;

comment on function inventory.forget_idempotency_keys is
  'Looks at the next p_page idempotency keys after p_after of the organization that was entered, and deletes those '
  'older than p_older_than. Returns how many it examined and deleted, and the last key, from which to go on; none '
  'examined is the end. Raises 22023 when p_older_than is less than 24 hours.';
grant execute on function inventory.forget_idempotency_keys to stockade_jobs;

create or replace function inventory.count_forgettable(p_keys_older_than interval, p_events_older_than interval)
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

comment on function inventory.count_forgettable is
  'How many rows forget_idempotency_keys() and tenancy.forget_security_events() would delete of the organization '
  'that was entered.';
grant execute on function inventory.count_forgettable to stockade_jobs;
