--! needs inventory/forms
--! needs tenancy/context
--! needs 000007_location_columns
-- Locations.

create or replace function inventory.location_json(p_location inventory.locations)
returns json
language sql
stable
set search_path = ''
as $$
  select json_build_object(
    'id', p_location.id,
    'code', p_location.code,
    'name', p_location.name,
    'kind', p_location.kind,
    'createdAt', inventory.iso(p_location.created_at),
    'updatedAt', inventory.iso(p_location.updated_at)
  )
$$;

comment on function inventory.location_json is
  'A location as the API shows it.';
grant execute on function inventory.location_json to stockade_api, stockade_jobs;

create or replace function inventory.create_location(p_location jsonb)
returns json
language sql
volatile
set search_path = ''
as $$
  insert into inventory.locations (org_id, code, name, kind)
  values (
    tenancy.require_scope('write'),
    p_location ->> 'code',
    p_location ->> 'name',
    coalesce(p_location ->> 'kind', 'warehouse')
  )
  returning inventory.location_json(locations)
$$;

comment on function inventory.create_location is
  'Creates a location of the organization that was entered: {code, name, kind?}, and returns it as the API shows '
  'it. Raises SK902 when no organization was entered, SK104 when the caller may not write, 23505 when the code is '
  'taken, 23514 for a value out of its bounds.';
grant execute on function inventory.create_location to stockade_api, stockade_jobs;
