--! needs tenancy/context
--! needs tenancy/digests
--! needs tenancy/tenant_tables
--! needs 000032_switch
--! needs 000026_erasures
-- Erasing an organization.

create or replace function tenancy.await_requests(p_longest interval)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_until constant timestamptz := clock_timestamp() + p_longest;
  v_open text[];
begin
  perform pg_stat_clear_snapshot();
  v_open := array(
    select l.virtualtransaction
    from pg_locks l
    join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'virtualxid'
      and l.granted
      and a.usename = 'stockade_api'
      and a.datname = current_database()
  );
  while exists (
    select from pg_locks where locktype = 'virtualxid' and granted and virtualtransaction = any (v_open)
  ) loop
    if clock_timestamp() > v_until then
      raise exception 'requests that began before now are still under way after %', p_longest
        using errcode = 'SK503', hint = 'Run it again in a moment.';
    end if;
    perform pg_sleep(0.02);
  end loop;
end
$$;

comment on function tenancy.await_requests is
  'Waits for every transaction of the API that is open now: a request that entered before the suspension may still '
  'write. Raises SK503 when one is still open after p_longest.';

create or replace function tenancy.erase_organization(p_org_id uuid, p_receipt bytea)
returns json
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_status text;
  v_taken record;
  v_table regclass;
  v_deleted bigint;
  v_users uuid[];
  v_user uuid;
  v_users_deleted bigint := 0;
begin
  if tenancy.verified_context() is not null then
    raise exception 'this transaction has entered an organization' using errcode = 'SK902';
  end if;
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'an organization is erased in a read committed transaction, which sees what was committed before it'
      using errcode = '25001';
  end if;
  -- With this context inventory.refuse_change() lets the transaction delete rows of this organization, and of no other.
  perform tenancy.sign_context(p_org_id, 'erasure', array['read'], null);
  select status into v_status from tenancy.organizations where id = p_org_id for update;
  if not found then
    raise exception 'there is no organization %', p_org_id using errcode = 'SK404';
  end if;
  if v_status <> 'suspended' then
    raise exception 'this organization is %', v_status
      using errcode = 'SK501', hint = 'Suspend it, export it again, and erase it with the receipt of that export.';
  end if;
  perform tenancy.await_requests('45 seconds');

  select * into v_taken from tenancy.receipt(p_org_id);
  if v_taken.receipt is distinct from p_receipt then
    raise exception 'this organization is not what the receipt is of'
      using errcode = 'SK502', hint = 'It has changed since that export, or the schema has: export it again.';
  end if;

  execute format(
    'select array_agg(u.id) from (select (l.line::json ->> ''id'')::uuid as id from (%s) as l) as u',
    tenancy.export_statement('tenancy.users', p_org_id, null, '{}')
  )
  into v_users;
  for v_table in
    select r.relation from unnest(tenancy.tenant_tables()) with ordinality as r (relation, n) order by r.n desc
  loop
    execute format('delete from %s where org_id = $1', v_table) using p_org_id;
    get diagnostics v_deleted = row_count;
    if v_deleted <> (v_taken.row_counts ->> v_table::text)::bigint then
      raise exception '% rows of % were exported, but % deleted', v_taken.row_counts ->> v_table::text, v_table, v_deleted
        using errcode = 'SK502', hint = 'It has changed while it was erased: export it again.';
    end if;
  end loop;
  delete from tenancy.organizations where id = p_org_id;

  foreach v_user in array coalesce(v_users, '{}') loop
    begin
      delete from tenancy.users where id = v_user;
      get diagnostics v_deleted = row_count;
      v_users_deleted := v_users_deleted + v_deleted;
    exception
      when foreign_key_violation then
        -- A membership or another row of another organization names this user.
        null;
    end;
  end loop;

  v_taken.row_counts := v_taken.row_counts || jsonb_build_object('tenancy.users', v_users_deleted);
  insert into tenancy.erasures (organization_id, receipt, row_counts)
  values (p_org_id, p_receipt, v_taken.row_counts);
  perform set_config('stockade.context', '', true);
  return v_taken.row_counts;
end
$$;

comment on function tenancy.erase_organization is
  'Deletes everything of a suspended organization, append-only tables too, and users who belong to no other; '
  'leaves a row in tenancy.erasures. p_receipt is that of an export which holds exactly what is there now. Returns '
  '{table: rows deleted}. Raises SK404 no such organization, SK501 not suspended, SK502 not what was exported, '
  'SK503 requests still under way, SK902 when the transaction has entered an organization, 25001 when it is not '
  'read committed.';
grant execute on function tenancy.erase_organization to stockade_admin;
