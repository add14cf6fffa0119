-- Null in every row: there is nothing to look up.
alter table depot.customers add column tariff_id uuid references depot.tariffs (id);
