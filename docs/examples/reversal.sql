-- The ledger is append-only: a reversal corrects a mistake.

\connect - stockade_api

begin;
call tenancy.enter_with_key(:'acme_key', :'acme_digest', 'write', '{}');
select inventory.post_entry('{
  "kind": "receipt",
  "reference": "PO-8",
  "lines": [{"sku": "TEA", "location": "LONDON", "quantity": 100}]
}') ->> 'kind' as posted;
commit;

-- Nobody can change a movement, not even the owner of the table.
begin;
call tenancy.enter_with_key(:'acme_key', :'acme_digest', 'write', '{}');
update inventory.movements set quantity = 10;
rollback;

\connect - postgres
set role stockade_owner;
update inventory.movements set quantity = 10;

-- The reversal has the opposite quantities, and names the entry that it reverses.
\connect - stockade_api
begin;
call tenancy.enter_with_key(:'acme_key', :'acme_digest', 'write', '{}');
select inventory.reverse_entry(
  (
    select (movement ->> 'entryId')::uuid
    from inventory.list_movements(1, null, null, null, null, 'receipt', null, null) as movement
  ),
  'PO-8 was 10',
  '{}'
);
commit;

begin;
call tenancy.enter_with_key(:'acme_key', :'acme_digest', 'read', '{}', true);
select movement ->> 'kind' as kind, movement ->> 'reference' as reference, movement ->> 'quantity' as quantity
from inventory.list_movements(50, null, null, null, null, null, null, null) as movement;
select inventory.item_balances('TEA');
commit;

-- An entry can be reversed once.
begin;
call tenancy.enter_with_key(:'acme_key', :'acme_digest', 'write', '{}');
select inventory.reverse_entry(
  (
    select (movement ->> 'entryId')::uuid
    from inventory.list_movements(1, null, null, null, null, 'receipt', null, null) as movement
  ),
  null,
  '{}'
);
rollback;
