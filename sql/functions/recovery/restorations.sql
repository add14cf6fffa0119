--! needs tenancy/context
--! needs tenancy/digests
--! needs tenancy/tenant_tables
--! needs 000029_restorations
-- Bringing one organization back from a restored copy.

create or replace function recovery.observe_others(p_org_id uuid)
returns json
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_top constant bigint := pg_current_xact_id()::text::bigint;
  v_org_id uuid;
  v_table regclass;
  v_rows bigint;
  v_written bigint;
  v_deleted jsonb := '{}';
  v_others jsonb := '{}';
begin
  if tenancy.verified_context() is not null and tenancy.current_actor() <> 'import' then
    raise exception 'this transaction has entered an organization' using errcode = 'SK902';
  end if;
  for v_org_id in
    select id from tenancy.organizations where id <> p_org_id order by id
  loop
    perform tenancy.sign_context(v_org_id, 'observation', array['read'], null);
    v_written := 0;
    foreach v_table in array tenancy.tenant_tables() loop
      -- A visible row whose transaction is still under way was written by this transaction, or by one of its savepoints,
      -- which have higher numbers of their own.
      execute format(
        'select count(*) from %s t where t.org_id = $1 and age(t.xmin) <= age($2::text::xid) and pg_xact_status('
        '($3 + (t.xmin::text::bigint - $2 + 4294967296) %% 4294967296)::text::xid8) = ''in progress''',
        v_table
      )
      into v_rows
      using v_org_id, v_top % 4294967296, v_top;
      v_written := v_written + v_rows;
    end loop;
    v_others := v_others || jsonb_build_object(
      v_org_id,
      jsonb_build_object('receipt', (select encode(r.receipt, 'hex') from tenancy.receipt(v_org_id) as r), 'written', v_written)
    );
  end loop;
  -- Deleted rows cannot be seen any more, so they are counted.
  foreach v_table in array 'tenancy.organizations'::regclass || tenancy.tenant_tables() loop
    v_deleted := v_deleted || jsonb_build_object(v_table::text, pg_stat_get_xact_tuples_deleted(v_table));
  end loop;
  perform set_config('stockade.context', '', true);
  return json_build_object('others', v_others, 'deleted', v_deleted);
end
$$;

comment on function recovery.observe_others is
  'For every other organization the digest of all its rows, as in an export, and how many of its rows this '
  'transaction has written: {others: {id: {receipt, written}}, deleted: {table: rows}}; deleted is a counter that '
  'only goes up. The transaction no longer has an organization entered afterwards, the imported one included. '
  'Raises SK902 when another one was entered.';
grant execute on function recovery.observe_others to stockade_admin;

create or replace function recovery.note_restoration(
  p_org_id uuid,
  p_mode text,
  p_copied_at timestamptz,
  p_replaced bytea,
  p_restored bytea,
  p_others bigint,
  p_others_changed bigint
)
returns uuid
language sql
volatile
security definer
set search_path = ''
as $$
  insert into recovery.restorations (organization_id, mode, copied_at, replaced, restored, others, others_changed)
  values (p_org_id, p_mode, p_copied_at, p_replaced, p_restored, p_others, p_others_changed)
  returning id
$$;

comment on function recovery.note_restoration is
  'Records that an organization was brought back, in the transaction that does it. Raises 23514 for an unknown '
  'mode.';
grant execute on function recovery.note_restoration to stockade_admin;
