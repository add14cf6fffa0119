-- A parcel service that is open: the database on which every migration of the corpus runs.
create schema depot;

create type depot.state as enum ('announced', 'accepted', 'delivered', 'lost');

create domain depot.weight_grams as integer;

create table depot.customers (
  id bigint generated always as identity primary key,
  email text not null,
  name varchar(60) not null,
  phone text,
  newsletter boolean not null default false,
  joined_at timestamptz not null default now(),
  constraint customers_email_key unique (email)
);

create table depot.tariffs (
  id uuid primary key,
  zone text not null,
  price numeric(8, 2) not null,
  valid_from date not null default current_date,
  comment varchar(30)
);

create table depot.parcels (
  id uuid primary key,
  customer_id bigint not null,
  tariff_id uuid references depot.tariffs (id),
  barcode text not null,
  state depot.state not null default 'announced',
  weight depot.weight_grams,
  depth integer check (depth > 0),
  remark text,
  created_at timestamptz not null default now()
);

create index parcels_customer on depot.parcels (customer_id);
create unique index parcels_barcode on depot.parcels (barcode);

create table depot.scans (
  parcel_id uuid not null,
  day date not null,
  place text not null
) partition by range (day);

create table depot.scans_2025 partition of depot.scans for values from ('2025-01-01') to ('2026-01-01');
create table depot.scans_2026 (parcel_id uuid not null, day date not null, place text not null);

create materialized view depot.parcels_per_customer as
  select customer_id, count(*) as parcels
  from depot.parcels
  group by customer_id;
create unique index parcels_per_customer_key on depot.parcels_per_customer (customer_id);

create function depot.touch()
returns trigger
language plpgsql
as $$
begin
  return new;
end
$$;

create function depot.zone_of(p_code text)
returns text
language sql
immutable
as $$ select left(p_code, 2) $$;

create trigger parcel_touched
  before update on depot.parcels
  for each row execute function depot.touch();

alter table depot.customers enable row level security;
create policy own on depot.customers using (email = current_user);
