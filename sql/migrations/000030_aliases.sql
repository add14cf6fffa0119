--! needs tenancy/context
-- Other names of items and locations: a code that an item had before, or the one of another system. An alias finds the item
-- wherever a SKU does.
create table inventory.item_aliases (
  org_id uuid not null,
  -- Of any form: it may be the code that a single-tenant inventory had.
  alias text not null check (length(alias) between 1 and 64),
  item_id uuid not null,
  foreign key (org_id, item_id) references inventory.items (org_id, id) on delete cascade
);
alter table inventory.item_aliases
  alter column org_id set statistics 0,
  alter column alias set statistics 0,
  alter column item_id set statistics 0;

-- allow several-tables-locked: the new tables are empty, so no key reads a row, and the file ends in an instant.
create table inventory.location_aliases (
  org_id uuid not null,
  -- Of any form: it may be the code that a single-tenant inventory had.
  alias text not null check (length(alias) between 1 and 64),
  location_id uuid not null,
  foreign key (org_id, location_id) references inventory.locations (org_id, id) on delete cascade
);
alter table inventory.location_aliases
  alter column org_id set statistics 0,
  alter column alias set statistics 0,
  alter column location_id set statistics 0;

comment on table inventory.item_aliases is
  'Tenant data: the further codes that find an item.';
comment on table inventory.location_aliases is
  'Tenant data: the further codes that find a location.';

create index item_aliases_item on inventory.item_aliases (org_id, item_id);
create index location_aliases_location on inventory.location_aliases (org_id, location_id);
-- Of indexes that cost the same, Postgres takes the one that was created last: these must be it.
alter table inventory.item_aliases add primary key (org_id, alias);
alter table inventory.location_aliases add primary key (org_id, alias);

alter table inventory.item_aliases enable row level security;
alter table inventory.item_aliases force row level security;
create policy tenant on inventory.item_aliases
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

alter table inventory.location_aliases enable row level security;
alter table inventory.location_aliases force row level security;
create policy tenant on inventory.location_aliases
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

grant select on inventory.item_aliases, inventory.location_aliases to stockade_jobs, stockade_ledger;
