-- No movement is without its entry any more, and none will be: the triggers give it to new ones.
alter table inventory.movements
  add constraint movements_entry_id_check check (entry_id is not null) not valid;
