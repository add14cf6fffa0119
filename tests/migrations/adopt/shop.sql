-- A shop with orders and order lines, as a team writes it by hand: serial numbers as ids, numeric amounts, a log without a
-- key, a view, a trigger that keeps updated_at, partial and expression indexes, generated columns.
create schema shop;

create table shop.countries (
  code char(2) primary key,
  name varchar(80) not null
);

create table shop.customers (
  id serial primary key,
  email varchar(255) not null,
  full_name varchar(200) not null,
  country_code char(2) references shop.countries,
  deleted_at timestamptz,
  updated_at timestamptz not null default now()
);
create unique index customers_live_email on shop.customers (lower(email)) where deleted_at is null;

create table shop.products (
  id serial primary key,
  sku varchar(64) not null unique,
  name varchar(200) not null,
  price numeric(12, 2) not null check (price >= 0),
  words tsvector generated always as (to_tsvector('simple', name)) stored
);
create index products_words on shop.products using gin (words);
create index products_price on shop.products (price);

create table shop.orders (
  id bigserial primary key,
  number varchar(20) not null,
  customer_id integer not null references shop.customers on delete restrict,
  status varchar(20) not null default 'open' check (status in ('open', 'paid', 'shipped', 'cancelled')),
  placed_at timestamptz not null default now(),
  constraint orders_number_key unique (number) deferrable initially immediate
);
create index orders_customer on shop.orders (customer_id, placed_at desc);
create index orders_open on shop.orders (placed_at) where status = 'open';

create table shop.order_lines (
  order_id bigint not null references shop.orders on delete cascade,
  line smallint not null,
  product_id integer references shop.products on delete set null,
  quantity integer not null check (quantity > 0),
  price numeric(12, 2) not null,
  amount numeric(14, 2) generated always as (quantity * price) stored,
  primary key (order_id, line)
);
create index order_lines_product on shop.order_lines (product_id);

-- No key, and no foreign key that says whose it is.
create table shop.audit_log (
  happened_at timestamptz not null default now(),
  who text not null,
  what jsonb not null
);

create view shop.open_orders as
select o.id, o.number, c.full_name, sum(l.amount) as amount
from shop.orders o
join shop.customers c on c.id = o.customer_id
left join shop.order_lines l on l.order_id = o.id
where o.status = 'open'
group by o.id, o.number, c.full_name;

create function shop.touch()
returns trigger
language plpgsql
as $$
begin
  new.updated_at := now();
  return new;
end
$$;

create trigger customers_touch
  before update on shop.customers
  for each row execute function shop.touch();
