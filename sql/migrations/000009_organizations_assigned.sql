--! backfill
--! needs moving_in/assigning
-- The rows that an assignment gives to another organization than the default one move to it, movements with their item.
select moving_in.misplaced_rows();

select checkpoint, wanted, filled from moving_in.assign_rows($1, $2);
