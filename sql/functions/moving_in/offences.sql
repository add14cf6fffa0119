--! needs inventory/forms
--! needs moving_in/placing
--! needs 000005_moving_in
--! until 000032_switch
-- The rows that the decisions about organizations, roles and codes do not cover.

create or replace function moving_in.unassigned_rows()
returns table (table_name text, id uuid, column_name text, value text)
language sql
stable
set search_path = ''
as $$
  select t.table_name, t.id, decided.column_name, t.fields ->> decided.column_name
  from (
    select 'items' as table_name, i.id, to_jsonb(i) as fields from inventory.items i
    union all
    select 'locations', l.id, to_jsonb(l) from inventory.locations l
  ) as t
  join (select distinct a.table_name, a.column_name from moving_in.assignments a) as decided
    on decided.table_name = t.table_name
  where not exists (
    select
    from moving_in.assignments a
    where a.table_name = t.table_name
      and a.value = t.fields ->> a.column_name
  )
$$;

comment on function moving_in.unassigned_rows is
  'The rows of a table with assignments that no assignment gives to an organization.';

create or replace function moving_in.future_codes()
returns table (table_name text, id uuid, code text, becomes text)
language sql
stable
set search_path = ''
as $$
  select t.table_name, t.id, t.code, coalesce(c.becomes, t.code)
  from (
    select 'items' as table_name, i.id, i.sku as code from inventory.items i
    union all
    select 'locations', l.id, l.code from inventory.locations l
  ) as t
  left join moving_in.codes c on c.table_name = t.table_name and c.code = t.code
$$;

comment on function moving_in.future_codes is
  'The code that each item and location has after the switch.';

create or replace function moving_in.offences(p_most integer)
returns table (table_name text, id uuid, value text, rule text, remedy text)
language sql
stable
set search_path = ''
as $$
  (
    select 'users', u.id, u.email, 'each user has a role in an organization', 'Add a line for this user to the file of --roles.'
    from inventory.users u
    where not exists (select from moving_in.roles r where r.email in (u.email, '*'))
    order by u.email
    limit p_most
  )
  union all
  (
    select t.table_name, t.id, t.value, format('each value of %s.%s has an organization', t.table_name, t.column_name),
      'Add a line for this value to the file of --assign.'
    from moving_in.unassigned_rows() t
    order by t.table_name, t.id
    limit p_most
  )
  union all
  (
    select t.table_name, t.id, to_json(t.becomes)::text, 'a code has the form of a code',
      'Say in the file of --map what it becomes.'
    from moving_in.future_codes() t
    where not inventory.is_code(t.becomes)
    order by t.table_name, t.becomes
    limit p_most
  )
  union all
  (
    select t.table_name, t.id, to_json(t.becomes)::text, 'no two rows of an organization have one code',
      'Let one of them become another code in the file of --map.'
    from (
      select alike.*, count(*) over (partition by alike.table_name, future.org_id, alike.becomes) as shared
      from (select c.*, count(*) over (partition by c.table_name, c.becomes) as rows from moving_in.future_codes() c) as alike
      -- Few are alike, and only of these it matters which organization they belong to.
      left join inventory.items i on alike.table_name = 'items' and i.id = alike.id
      left join inventory.locations l on alike.table_name = 'locations' and l.id = alike.id
      cross join lateral moving_in.organization_of(alike.table_name, coalesce(to_jsonb(i), to_jsonb(l))) as future (org_id)
      where alike.rows > 1
    ) as t
    where t.shared > 1
    order by t.table_name, t.becomes, t.id
    limit p_most
  )
$$;

comment on function moving_in.offences is
  'The rows that the decisions about roles, organizations and codes do not cover, at most p_most of each rule.';
