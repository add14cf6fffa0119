--! needs inventory/seal_boundary
-- Movements are held to the seal boundary.

-- A posting reads the boundary of the organization that it names in every statement.
create policy post_ledger on inventory.seal_boundaries for select to stockade_ledger using (true);
grant select on inventory.seal_boundaries to stockade_ledger;

-- Triggers fire in the order of their names, so this one comes before apply_movements: a writer that waits here holds no
-- balances yet.
create trigger above_seal_boundary
  after insert on inventory.movements
  referencing new table as added
  for each statement execute function inventory.refuse_sealed();
alter table inventory.movements enable always trigger above_seal_boundary;
