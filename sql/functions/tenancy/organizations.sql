--! needs inventory/forms
--! needs tenancy/context
--! needs 000003_organizations
-- Which organizations there are, for jobs, and who belongs to the one that was entered.
--
-- What the plans of functions for requests depend on is set with them: docs/isolation/0062_plan_of_the_session.md.

create or replace function tenancy.active_organizations(p_after uuid, p_most integer)
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

comment on function tenancy.active_organizations is
  'The ids of the active organizations, in order: at most p_most of those after p_after. For jobs that go through '
  'all of them.';
grant execute on function tenancy.active_organizations to stockade_jobs;

create or replace function tenancy.known_organizations(p_after uuid, p_most integer)
returns setof uuid
language sql
stable
security definer
set search_path = ''
as $$
  select id
  from tenancy.organizations
  where id > p_after
  order by id
  limit p_most
$$;

comment on function tenancy.known_organizations is
  'The ids of all organizations, suspended ones too, in order: at most p_most of those after p_after. For jobs '
  'that compare a restored copy with production: it may not lose a suspended organization either.';
grant execute on function tenancy.known_organizations to stockade_jobs;

create or replace function tenancy.entered_organization()
returns json
language plpgsql
stable
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
  v_org_id uuid := tenancy.require_scope('read');
begin
  return (
    select json_build_object(
      'id', id,
      'slug', slug,
      'name', name,
      'status', status,
      'createdAt', inventory.iso(created_at)
    )
    from tenancy.organizations
    where id = v_org_id
  );
end
$$;

comment on function tenancy.entered_organization is
  'The organization that was entered. Raises SK902 when none was, SK104 when the caller lacks read.';
grant execute on function tenancy.entered_organization to stockade_api;

create or replace function tenancy.require_page(p_limit integer)
returns void
language plpgsql
immutable
set search_path = ''
as $$
begin
  -- A page has at most 200 rows, and one more is asked for to see whether it is the last.
  if p_limit between 1 and 201 is not true then
    raise exception 'a page has 1 to 200 rows, not %', p_limit using errcode = 'SK304',
      detail = json_build_array(json_build_object('field', 'limit', 'message', 'must be 1 to 200'));
  end if;
end
$$;

comment on function tenancy.require_page is
  'Raises SK304 unless a number of rows is that of a page.';

create or replace function tenancy.list_members(p_limit integer, p_after_email text)
returns setof json
language plpgsql
stable
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
  v_org_id uuid := tenancy.require_scope('admin');
begin
  perform tenancy.require_page(p_limit);
  return query
  select json_build_object(
    'id', u.id,
    'email', u.email,
    'name', u.name,
    'role', m.role,
    'since', inventory.iso(m.created_at)
  )
  from tenancy.memberships m
  -- Users are those of all organizations: looked up by their ids, not along the addresses.
  cross join lateral (select u.id, u.email, u.name from tenancy.users u where u.id = m.user_id offset 0) u
  -- The owner sees the members of every organization, so the condition stands here.
  where m.org_id = v_org_id
    and (p_after_email is null or u.email > p_after_email)
  order by u.email
  limit p_limit;
end
$$;

comment on function tenancy.list_members is
  'The members of the organization that was entered, by e-mail address, starting after the one that is named. '
  'Raises SK902 when none was entered, SK104 when the caller lacks admin, SK304 when the page is none.';
grant execute on function tenancy.list_members to stockade_api;
