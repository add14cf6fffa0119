-- What a restored copy lacks is asked of every organization: a suspended one would lose its books as well.

create function tenancy.known_organizations(p_after uuid, p_most integer)
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

comment on function tenancy.known_organizations(uuid, integer) is
  'The ids of all organizations, suspended ones too, in their order, p_most of those behind p_after: for jobs that compare what there is.';

grant execute on function tenancy.known_organizations(uuid, integer) to stockade_jobs;
