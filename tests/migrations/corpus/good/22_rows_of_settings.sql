insert into depot.tariffs (id, zone, price) values
  ('0197c0de-0000-7000-8000-000000000011', 'north', 4.5),
  ('0197c0de-0000-7000-8000-000000000012', 'south', 5)
on conflict (id) do nothing;
