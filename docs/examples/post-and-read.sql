-- Post an entry, and read the balance that it leaves.

\connect - stockade_api

-- A transaction enters an organization first: the database verifies the API key, and the scope that the work needs.
begin;
call tenancy.enter_with_key(:'acme_key', :'acme_digest', 'write', '{}');
select inventory.post_entry('{
  "kind": "receipt",
  "reference": "PO-7",
  "lines": [{"sku": "TEA", "location": "LONDON", "quantity": 12}]
}');
commit;

-- The balance was updated in the transaction of the movement. Reading it costs one row, however long the history is.
begin;
call tenancy.enter_with_key(:'acme_key', :'acme_digest', 'read', '{}', true);
select inventory.item_balances('TEA');
commit;
