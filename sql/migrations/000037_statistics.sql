--! needs tenancy/statistics
-- Statistics of a column hold values of every organization, and a plan shows them to each: with `explain`, or by the order of
-- rows under a join, one comparison at a time. So none are gathered in the tables of organizations. Plans do not need them:
-- every statement of a request finds its rows by key. The other tables have none from the beginning; while these are filled,
-- the move needs them.
alter table inventory.items
  alter column id set statistics 0,
  alter column sku set statistics 0,
  alter column name set statistics 0,
  alter column unit set statistics 0,
  alter column created_at set statistics 0,
  alter column org_id set statistics 0,
  alter column tracking set statistics 0,
  alter column allow_negative set statistics 0,
  alter column reorder_point set statistics 0,
  alter column metadata set statistics 0,
  alter column updated_at set statistics 0;
alter table inventory.locations
  alter column id set statistics 0,
  alter column code set statistics 0,
  alter column name set statistics 0,
  alter column kind set statistics 0,
  alter column created_at set statistics 0,
  alter column org_id set statistics 0,
  alter column updated_at set statistics 0;
alter table inventory.movements
  alter column item_id set statistics 0,
  alter column location_id set statistics 0,
  alter column quantity set statistics 0,
  alter column occurred_at set statistics 0,
  alter column recorded_at set statistics 0,
  alter column org_id set statistics 0,
  alter column entry_id set statistics 0,
  alter column line set statistics 0,
  alter column lot set statistics 0;
alter table inventory.entries
  alter column org_id set statistics 0,
  alter column id set statistics 0,
  alter column kind set statistics 0,
  alter column reference set statistics 0,
  alter column occurred_at set statistics 0,
  alter column recorded_at set statistics 0,
  alter column actor set statistics 0,
  alter column metadata set statistics 0,
  alter column reverses set statistics 0;
alter table inventory.balances
  alter column org_id set statistics 0,
  alter column item_id set statistics 0,
  alter column location_id set statistics 0,
  alter column lot set statistics 0,
  alter column on_hand set statistics 0,
  alter column reserved set statistics 0,
  alter column version set statistics 0;

-- What was gathered before.
select tenancy.clear_statistics();
