-- finds publication planted
create publication planted for all tables;

-- finds publication planted
create publication planted for table inventory.items (org_id, id, sku);

-- finds publication planted
create publication planted for tables in schema inventory;

-- finds subscription planted
create subscription planted connection 'host=nowhere.invalid' publication planted with (connect = false);

-- finds nothing
create publication planted for table tenancy.users;
