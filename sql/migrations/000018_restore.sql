-- One organization is brought back from a restored copy: what was replaced by what, and that nobody else was touched.

create table recovery.restorations (
  id uuid primary key default inventory.new_id(),
  organization_id uuid not null,
  -- as_it_was: everything is what the copy has. merge: what the copy has and production had lost came to what there was.
  mode text not null check (mode in ('as_it_was', 'merge')),
  -- The instant that the copy showed.
  copied_at timestamptz(3) not null,
  -- Of what there was before, and of what there was after: SHA-256 over the digests of all tables, as in an export. There
  -- was nothing before when it is null.
  replaced bytea check (length(replaced) = 32),
  restored bytea not null check (length(restored) = 32),
  -- How many other organizations were digested before and after, and how many of these had changed by their own doing.
  others bigint not null check (others >= 0),
  others_changed bigint not null check (others_changed between 0 and others),
  restored_at timestamptz(3) not null default now(),
  -- The login, not a person.
  restored_by text not null default session_user
);

comment on table recovery.restorations is
  'Platform data (append-only): the organizations that were brought back from a restored copy. Holds nothing that they stored.';

create trigger append_only
  before update or delete or truncate on recovery.restorations
  for each statement execute function inventory.refuse_change();
alter table recovery.restorations enable always trigger append_only;

create function recovery.observe_others(p_org_id uuid)
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
    perform tenancy.seal(v_org_id, 'observation', array['read'], null);
    v_written := 0;
    foreach v_table in array tenancy.tenant_tables() loop
      -- A row that is seen and whose transaction is under way was written by this one, or by a savepoint of it, which has
      -- a number of its own that is higher.
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
  -- What was deleted is not there to be seen: it is counted.
  foreach v_table in array 'tenancy.organizations'::regclass || tenancy.tenant_tables() loop
    v_deleted := v_deleted || jsonb_build_object(v_table::text, pg_stat_get_xact_tuples_deleted(v_table));
  end loop;
  perform set_config('stockade.context', '', true);
  return json_build_object('others', v_others, 'deleted', v_deleted);
end
$$;

comment on function recovery.observe_others(uuid) is
  'Of every other organization the digest of all it has, as in an export, and how many of its rows this transaction has '
  'written: {others: {id: {receipt, written}}, deleted: {table: rows}}, deleted being a counter that only goes up. It leaves '
  'whatever organization was being imported. Raises SK902 when another one was entered.';

create function recovery.note_restoration(
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

comment on function recovery.note_restoration(uuid, text, timestamptz, bytea, bytea, bigint, bigint) is
  'Writes down that an organization was brought back, in the transaction that does it. Raises 23514 for a mode that there is '
  'not.';

grant execute on function recovery.observe_others(uuid) to stockade_admin;
grant execute on function recovery.note_restoration(uuid, text, timestamptz, bytea, bytea, bigint, bigint) to stockade_admin;
grant select on recovery.restorations to stockade_admin;
