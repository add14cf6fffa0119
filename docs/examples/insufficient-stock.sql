-- An issue that exceeds the stock is refused, and nothing of its entry is posted.

\connect - stockade_api

begin;
call tenancy.enter_with_key(:'acme_key', :'acme_digest', 'write', '{}');
select inventory.post_entry('{
  "kind": "receipt",
  "lines": [{"sku": "TEA", "location": "LONDON", "quantity": 10}]
}') ->> 'kind' as posted;
commit;

-- Two lines of one balance count together: 6 + 5 is one too many. The detail lists every balance that would go below zero.
begin;
call tenancy.enter_with_key(:'acme_key', :'acme_digest', 'write', '{}');
select inventory.post_entry('{
  "kind": "issue",
  "lines": [
    {"sku": "TEA", "location": "LONDON", "quantity": -6},
    {"sku": "TEA", "location": "LONDON", "quantity": -5}
  ]
}');
rollback;

begin;
call tenancy.enter_with_key(:'acme_key', :'acme_digest', 'read', '{}', true);
select inventory.item_balances('TEA');
select count(*) as movements from inventory.list_movements(50, null, null, 'TEA', null, null, null, null);
commit;
