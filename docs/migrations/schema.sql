-- The schema in which the examples of these pages stand: a shop that is open.
create schema shop;

create type shop.status as enum ('new', 'paid', 'sent');

create domain shop.code as text;

create table shop.items (
  id uuid primary key,
  sku text not null,
  name text not null,
  size varchar(10),
  price numeric(10, 2) not null default 0,
  brand text,
  code shop.code,
  constraint items_sku_key unique (sku)
);

create index items_brand on shop.items (brand);

create table shop.orders (
  id bigint generated always as identity primary key,
  item_id uuid not null,
  quantity integer not null,
  status shop.status not null default 'new',
  note text,
  placed_at timestamptz not null default now()
);

create table shop.events (
  id uuid not null,
  at date not null
) partition by range (at);

create table shop.events_2025 partition of shop.events for values from ('2025-01-01') to ('2026-01-01');

create table shop.events_2026 (
  id uuid not null,
  at date not null
);

create materialized view shop.sold as
  select item_id, sum(quantity) as quantity
  from shop.orders
  group by item_id;

create unique index sold_item on shop.sold (item_id);

create function shop.note_change()
returns trigger
language plpgsql
as $$
begin
  return null;
end
$$;

create trigger noted
  after insert on shop.orders
  for each row execute function shop.note_change();

alter table shop.orders enable row level security;

create policy everyone on shop.orders using (true);
