--! backfill
--! needs moving_in/entries
-- Movements become entries: the two halves of a transfer one entry of two lines, every other movement an entry of one line.
-- The triggers have given those that were written since then their place already.
select count(*) from inventory.movements where entry_id is null;

select checkpoint, wanted, filled from moving_in.fill_entries($1, $2);
