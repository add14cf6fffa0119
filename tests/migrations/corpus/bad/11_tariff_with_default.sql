-- finds constraint-scans
alter table depot.customers
  add column tariff_id uuid default '0197c0de-0000-7000-8000-000000000001' references depot.tariffs (id);
