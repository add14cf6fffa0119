-- Stock is held, a part of it is issued, and the rest is given back.

\connect - stockade_api

begin;
call tenancy.enter_with_key(:'acme_key', :'acme_digest', 'write', '{}');
select inventory.post_entry('{
  "kind": "receipt",
  "lines": [{"sku": "TEA", "location": "LONDON", "quantity": 10}]
}') ->> 'kind' as posted;
select inventory.reserve('{
  "reference": "CART-4711",
  "lines": [{"sku": "TEA", "location": "LONDON", "quantity": 7}]
}') -> 'lines' -> 0 as line;
commit;

-- Only three are available to others.
begin;
call tenancy.enter_with_key(:'acme_key', :'acme_digest', 'write', '{}');
select inventory.reserve('{"lines": [{"sku": "TEA", "location": "LONDON", "quantity": 4}]}');
rollback;

-- A commit posts an issue. The rest stays held until it is released, or expires.
begin;
call tenancy.enter_with_key(:'acme_key', :'acme_digest', 'write', '{}');
select inventory.commit_reservation(
  (inventory.list_reservations(1, null, null, null, 'CART-4711', null) -> 'rows' -> 0 ->> 'id')::uuid,
  '{"lines": [{"sku": "TEA", "location": "LONDON", "quantity": 2}]}'
) -> 'entry' -> 'lines' -> 0 -> 'balance' as balance;
select inventory.release_reservation(
  (inventory.list_reservations(1, null, null, null, 'CART-4711', null) -> 'rows' -> 0 ->> 'id')::uuid,
  null
) -> 'lines' -> 0 as line;
commit;

begin;
call tenancy.enter_with_key(:'acme_key', :'acme_digest', 'read', '{}', true);
select inventory.item_balances('TEA');
commit;
