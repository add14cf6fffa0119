--! backfill
--! needs moving_in/balances
-- What the movements of each item, location and lot add up to becomes its balance, without the changes that are still to be
-- caught up with: movements are the balances plus moving_in.changed_movements, at every moment.
select moving_in.missing_balances();

select checkpoint, wanted, filled from moving_in.fill_balances($1, $2);
