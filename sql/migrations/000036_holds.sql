--! needs inventory/reserving/holds
-- The balances keep what is reserved, as they keep what is on hand.
create trigger apply_new_holds
  after insert on inventory.reservation_lines
  referencing new table as held_now
  for each statement execute function inventory.apply_holds();
alter table inventory.reservation_lines enable always trigger apply_new_holds;
create trigger apply_changed_holds
  after update on inventory.reservation_lines
  referencing old table as held_before new table as held_now
  for each statement execute function inventory.apply_holds();
alter table inventory.reservation_lines enable always trigger apply_changed_holds;
