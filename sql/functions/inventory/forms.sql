--! needs 000002_context
-- The forms of values: ids, instants, codes, quantities and kinds. Each rule stands here and nowhere else in SQL.
--
-- The functions without a SET clause become a part of the statement or the check that calls them.

-- Postgres 18 has uuidv7(). On 16 and 17 it is made from the millisecond clock and random bits (RFC 9562, section 5.7).
do $function$
begin
  if to_regprocedure('pg_catalog.uuidv7()') is not null then
    create or replace function inventory.new_id()
    returns uuid
    language sql
    volatile
    parallel safe
    as 'select pg_catalog.uuidv7()';
  else
    create or replace function inventory.new_id()
    returns uuid
    language sql
    volatile
    parallel safe
    as $id$
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
    $id$;
  end if;
  -- The old program calls it in the defaults of its columns, until the switch.
  if to_regclass('inventory.users') is not null then
    grant execute on function inventory.new_id to public;
  end if;
end
$function$;

comment on function inventory.new_id is
  'A new time-ordered id (UUID version 7), so that new rows land at the end of their index.';
grant execute on function inventory.new_id to stockade_api, stockade_jobs, stockade_admin, stockade_ledger;

create or replace function inventory.iso(p_at timestamptz)
returns text
language sql
stable
parallel safe
as $$
  select to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

comment on function inventory.iso is
  'An instant as the API writes it: UTC, ISO 8601, milliseconds.';
grant execute on function inventory.iso to stockade_api, stockade_jobs, stockade_admin, stockade_ledger;

create or replace function inventory.is_code(p_text text)
returns boolean
language sql
immutable
parallel safe
as $$
  select length(p_text) between 1 and 64 and p_text = btrim(p_text) and p_text !~ '[[:cntrl:]/?%\\]|^\.+$'
$$;

comment on function inventory.is_code is
  'Whether a text can be a SKU or the code of a location. Both are path segments of the API: 1 to 64 characters, no control '
  'characters, nothing that ends a segment, no blank at either end.';
grant execute on function inventory.is_code to stockade_api, stockade_jobs;

create or replace function inventory.greatest_quantity()
returns numeric
language sql
immutable
parallel safe
as $$
  select 99999999999.9999
$$;

comment on function inventory.greatest_quantity is
  'The greatest quantity: fifteen digits, four of them decimals, which is what the type of every quantity, numeric(15,4), holds.';

create or replace function inventory.kind_sign(p_kind text)
returns integer
language sql
immutable
parallel safe
as $$
  select case p_kind
    when 'receipt' then 1
    when 'return' then 1
    when 'issue' then -1
    when 'adjustment' then 0
    when 'transfer' then 0
    when 'opening' then 0
    when 'count' then 0
    when 'reversal' then 0
  end
$$;

comment on function inventory.kind_sign is
  'The sign that the quantities of a kind of entry must have: 1, -1, or 0 when both are allowed. Null when there is no such kind.';
grant execute on function inventory.kind_sign to stockade_ledger;
