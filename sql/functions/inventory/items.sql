--! needs inventory/forms
--! needs tenancy/context
--! needs 000006_item_columns
-- Items.

create or replace function inventory.item_json(p_item inventory.items)
returns json
language sql
stable
set search_path = ''
as $$
  select json_build_object(
    'id', p_item.id,
    'sku', p_item.sku,
    'name', p_item.name,
    'unit', p_item.unit,
    'tracking', p_item.tracking,
    'allowNegative', p_item.allow_negative,
    'reorderPoint', p_item.reorder_point,
    'metadata', p_item.metadata,
    'createdAt', inventory.iso(p_item.created_at),
    'updatedAt', inventory.iso(p_item.updated_at)
  )
$$;

comment on function inventory.item_json is
  'An item as the API shows it.';
grant execute on function inventory.item_json to stockade_api, stockade_jobs;

create or replace function inventory.create_item(p_item jsonb)
returns json
language sql
volatile
set search_path = ''
as $$
  insert into inventory.items (org_id, sku, name, unit, tracking, allow_negative, reorder_point, metadata)
  values (
    tenancy.require_scope('write'),
    p_item ->> 'sku',
    p_item ->> 'name',
    coalesce(p_item ->> 'unit', 'each'),
    coalesce(p_item ->> 'tracking', 'none'),
    coalesce((p_item ->> 'allowNegative')::boolean, false),
    (p_item ->> 'reorderPoint')::numeric,
    coalesce(p_item -> 'metadata', '{}')
  )
  returning inventory.item_json(items)
$$;

comment on function inventory.create_item is
  'Creates an item of the organization that was entered: {sku, name, unit?, tracking?, allowNegative?, '
  'reorderPoint?, metadata?}, and returns it as the API shows it. Raises SK902 when no organization was entered, '
  'SK104 when the caller may not write, 23505 when the SKU is taken, 23514 for a value out of its bounds.';
grant execute on function inventory.create_item to stockade_api, stockade_jobs;
