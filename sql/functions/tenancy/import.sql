--! needs inventory/forms
--! needs tenancy/context
--! needs tenancy/digests
--! needs tenancy/import_lines
--! needs tenancy/tenant_tables
-- Importing an organization from an export.

create or replace function tenancy.require_import()
returns uuid
language plpgsql
stable
set search_path = ''
as $$
declare
  v_context text[] := tenancy.verified_context();
begin
  if v_context[3] is distinct from 'import' then
    raise exception 'no import was begun in this transaction' using errcode = 'SK902';
  end if;
  return v_context[2]::uuid;
end
$$;

comment on function tenancy.require_import is
  'The organization that this transaction imports. Raises SK902 when no import was begun.';

create or replace function tenancy.begin_import(p_organization text, p_slug text)
returns uuid
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_org_id uuid := p_organization::json ->> 'id';
  v_slug text := coalesce(p_slug, p_organization::json ->> 'slug');
begin
  if tenancy.verified_context() is not null then
    raise exception 'this transaction has entered an organization' using errcode = 'SK902';
  end if;
  if v_org_id is null or v_slug is null then
    raise exception 'the line is not that of an organization: %', p_organization using errcode = 'SK505';
  end if;
  -- Rows can only be imported into an organization that did not exist before. The wall stays up around it: every row
  -- must belong to it.
  begin
    if exists (select from tenancy.organizations where id = v_org_id or slug = v_slug) then
      raise unique_violation;
    end if;
    perform tenancy.sign_context(v_org_id, 'import', array['import'], null);
    perform tenancy.write_lines('tenancy.organizations', array[p_organization], p_slug, '{}');
  exception
    when unique_violation then
      if exists (select from tenancy.organizations where id = v_org_id) then
        raise exception 'the organization % is here already', v_org_id using errcode = 'SK504';
      end if;
      raise exception 'there is another organization of the slug %', v_slug
        using errcode = 'SK504', hint = 'Import it under another slug: --slug NEW.';
  end;
  return v_org_id;
end
$$;

comment on function tenancy.begin_import is
  'Creates the organization of an export from its line, under its own slug or p_slug, and prepares this '
  'transaction for importing its rows. Raises SK504 when its id or slug is taken, SK505 when the line is not that '
  'of an organization, SK902 when the transaction has entered one.';
grant execute on function tenancy.begin_import to stockade_admin;

create or replace function tenancy.import_users(p_lines text[])
returns json
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_org_id uuid := tenancy.require_import();
  v_users jsonb;
  v_missing text[];
begin
  for v_attempt in 1..5 loop
    -- The address identifies a user. An id that belongs to another address here is replaced by a new one.
    select
      jsonb_object_agg(e.id, case when taken.id is null then e.id else inventory.new_id() end),
      array_agg(l.line order by e.email)
    into v_users, v_missing
    from unnest(p_lines) as l (line)
    cross join lateral json_to_record(l.line::json) as e (id uuid, email text)
    left join tenancy.users taken on taken.id = e.id
    where not exists (select from tenancy.users here where here.email = e.email);
    begin
      -- In the order of their addresses, so that two imports of the same users cannot deadlock.
      perform tenancy.write_lines('tenancy.users', coalesce(v_missing, '{}'), null, coalesce(v_users, '{}'));
      exit;
    exception
      when unique_violation then
        -- Another import has created one of them in the meantime: the next attempt finds it.
        if v_attempt = 5 then
          raise;
        end if;
    end;
  end loop;

  select jsonb_object_agg(e.id, here.id)
  into v_users
  from unnest(p_lines) as l (line)
  cross join lateral json_to_record(l.line::json) as e (id uuid, email text)
  join tenancy.users here on here.email = e.email;
  return json_build_object('created', coalesce(cardinality(v_missing), 0), 'users', coalesce(v_users, '{}'));
end
$$;

comment on function tenancy.import_users is
  'Finds the users of an export by their addresses and creates those that are missing: {created, users: {id '
  'there: id here}}. Users that exist stay as they are. Raises SK902 when no import was begun.';
grant execute on function tenancy.import_users to stockade_admin;

create or replace function tenancy.import_rows(p_table text, p_lines text[], p_users jsonb)
returns integer[]
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_org_id uuid := tenancy.require_import();
begin
  if p_table <> all (tenancy.tenant_tables()::text[]) then
    raise exception 'the table % holds nothing of an organization', p_table using errcode = 'SK505';
  end if;
  return tenancy.write_lines(p_table::regclass, p_lines, null, p_users);
exception
  when not_null_violation then
    raise exception 'a line of % lacks a value, or names a user whom the export does not name: %', p_table, sqlerrm
      using errcode = 'SK505', hint = 'It is not what an export wrote: export the organization again.';
end
$$;

comment on function tenancy.import_rows is
  'Writes lines of an export into a table, through all of its constraints, triggers and policies; p_users are '
  'the users of import_users(), and no line may name another one. Returns which lines (the first is 1) refer to a row of the same table that does not '
  'exist yet: send them again. Balances come from their movements and must equal their lines. Items may go below '
  'zero until their lines are sent a second time, after the movements. Raises SK505 for an unknown table, or '
  'balances that are not the sum of their movements; SK902 when no import was begun.';
grant execute on function tenancy.import_rows to stockade_admin;

create or replace function tenancy.finish_import(p_slug text, p_users jsonb)
returns json
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_org_id uuid := tenancy.require_import();
  v_numbered record;
  v_highest bigint;
  v_last bigint;
begin
  -- A number that this database gives later must not be one that was imported.
  for v_numbered in
    select r.relation, c.name, pg_get_serial_sequence(r.relation::text, c.name) as sequence
    from unnest(tenancy.tenant_tables()) as r (relation)
    cross join lateral tenancy.portable_columns(r.relation) as c
    where pg_get_serial_sequence(r.relation::text, c.name) is not null
  loop
    execute format('select max(%I) from %s where org_id = $1', v_numbered.name, v_numbered.relation)
    into v_highest
    using v_org_id;
    execute format('select last_value from %s', v_numbered.sequence) into v_last;
    if v_highest >= v_last then
      execute format('alter sequence %s restart with %s', v_numbered.sequence, v_highest + 1);
    end if;
  end loop;

  return (
    select json_object_agg(d.name, json_build_object('rows', d.row_count, 'digest', encode(d.digest, 'hex')))
    from tenancy.digest_tables(
      v_org_id,
      p_slug,
      coalesce((select jsonb_object_agg(u.value, u.key) from jsonb_each_text(p_users) as u), '{}')
    ) as d
  );
end
$$;

comment on function tenancy.finish_import is
  'Digests what was imported as the export wrote it, under the slug it had there and with the ids its users had: '
  '{table: {rows, digest}}. The importer compares them with the export before it commits. Raises SK902 when no '
  'import was begun.';
grant execute on function tenancy.finish_import to stockade_admin;
