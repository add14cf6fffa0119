-- finds inventory.planted
create index planted on inventory.items (org_id, reorder_point);

-- finds inventory.planted
create index planted on inventory.items using gin (metadata);

-- finds inventory.planted
create index planted on inventory.items (org_id, lower(sku));

-- finds inventory.planted
create index planted on inventory.items using gin (to_tsvector('simple', name));

-- finds inventory.planted
set local role stockade_owner;
create type inventory.mood as enum ('good', 'bad');
alter table inventory.items add column mood inventory.mood;
create index planted on inventory.items (org_id, mood);

-- finds inventory.planted
create index planted on inventory.items using hash (reorder_point);

-- It runs the functions of the type without naming them.
-- finds inventory.planted
create index planted on inventory.items (org_id, (reorder_point::text));

-- finds inventory.planted
create index planted on inventory.items (org_id, (metadata['colour'] is null));

-- finds inventory.planted
create index planted on inventory.items (org_id, (coalesce(name, '')));

-- finds nothing
create index on inventory.items (org_id, (case when allow_negative and name is not null then nullif(name, sku) end));
create index on inventory.items (org_id, sku text_pattern_ops, updated_at, allow_negative);
create index on inventory.imports (org_id, lines_through, file_digest) where finished_at is null;
create index on inventory.items using brin (org_id, created_at);
create index on inventory.items using hash (org_id);
