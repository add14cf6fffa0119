-- The single-tenant inventory that Stockade starts from: one shop, its users, items, locations and movements.
create schema inventory;

-- A time-ordered id, so that new rows land at the end of their index. Postgres 18 has uuidv7(); on 16 and 17
-- it is made here from the millisecond clock and random bits (RFC 9562, section 5.7).
do $migration$
begin
  if to_regprocedure('pg_catalog.uuidv7()') is not null then
    create function inventory.new_id()
    returns uuid
    language sql
    volatile
    parallel safe
    as 'select pg_catalog.uuidv7()';
  else
    create function inventory.new_id()
    returns uuid
    language sql
    volatile
    parallel safe
    as $function$
      select pg_catalog.encode(
        pg_catalog.set_bit(
          pg_catalog.set_bit(
            overlay(
              pg_catalog.uuid_send(pg_catalog.gen_random_uuid())
              placing substring(pg_catalog.int8send((extract(epoch from pg_catalog.clock_timestamp()) * 1000)::bigint) from 3)
              from 1 for 6
            ),
            52, 1
          ),
          53, 1
        ),
        'hex'
      )::uuid
    $function$;
  end if;
end
$migration$;

comment on function inventory.new_id() is
  'A new time-ordered id (UUID version 7).';

create table inventory.users (
  id uuid primary key default inventory.new_id(),
  email text not null unique check (email = lower(email) and email like '%_@_%' and length(email) <= 320),
  name text check (length(name) <= 200),
  created_at timestamptz(3) not null default now()
);

create table inventory.items (
  id uuid primary key default inventory.new_id(),
  sku text not null unique check (length(sku) between 1 and 64),
  name text not null check (length(name) between 1 and 200),
  unit text not null default 'each' check (length(unit) between 1 and 32),
  created_at timestamptz(3) not null default now()
);

create table inventory.locations (
  id uuid primary key default inventory.new_id(),
  code text not null unique check (length(code) between 1 and 64),
  name text not null check (length(name) between 1 and 200),
  kind text not null default 'warehouse' check (kind in ('warehouse', 'store', 'supplier', 'customer', 'transit', 'other')),
  created_at timestamptz(3) not null default now()
);

create table inventory.movements (
  id uuid primary key default inventory.new_id(),
  item_id uuid not null references inventory.items (id),
  location_id uuid not null references inventory.locations (id),
  quantity numeric(15, 4) not null check (quantity <> 0),
  kind text not null check (kind in ('receipt', 'issue', 'adjustment', 'transfer')),
  reference text check (length(reference) <= 200),
  user_id uuid references inventory.users (id),
  occurred_at timestamptz(3) not null default now(),
  recorded_at timestamptz(3) not null default now()
);

create index movements_item on inventory.movements (item_id, location_id);
