-- finds inventory.items
-- and 0057 inventory.items
grant truncate on inventory.items to stockade_jobs;

-- finds inventory.items.sku
grant references (sku) on inventory.items to stockade_jobs;

-- finds inventory.movements
grant trigger on inventory.movements to stockade_admin;
