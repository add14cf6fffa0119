-- The checks that were added without reading the tables are read now, while others write.
alter table inventory.items validate constraint items_tracking_check;
alter table inventory.items validate constraint items_reorder_point_check;
alter table inventory.items validate constraint items_metadata_check;
alter table inventory.movements validate constraint movements_entry_id_check;
alter table inventory.movements validate constraint movements_line_check;
alter table inventory.movements validate constraint movements_lot_check;
