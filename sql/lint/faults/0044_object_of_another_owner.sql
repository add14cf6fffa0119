-- finds tenancy.current_org()
alter function tenancy.current_org() owner to postgres;

-- finds inventory.items
alter table inventory.items owner to postgres;

-- finds planted
create schema planted;
