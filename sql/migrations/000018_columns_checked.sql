-- The checks that were added without reading the tables are read now, while others write.
alter table inventory.items validate constraint items_tracking_check;
alter table inventory.items validate constraint items_reorder_point_check;
alter table inventory.items validate constraint items_metadata_check;
alter table inventory.items validate constraint items_created_at_check;
alter table inventory.items validate constraint items_updated_at_check;
alter table inventory.locations validate constraint locations_created_at_check;
alter table inventory.locations validate constraint locations_updated_at_check;
alter table inventory.movements validate constraint movements_entry_id_check;
alter table inventory.movements validate constraint movements_line_check;
alter table inventory.movements validate constraint movements_lot_check;
alter table inventory.movements validate constraint movements_quantity_check_number;
alter table inventory.movements validate constraint movements_occurred_at_check;
alter table inventory.movements validate constraint movements_recorded_at_check;
