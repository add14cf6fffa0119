-- What another organization sees: nothing.

\connect - stockade_api

begin;
call tenancy.enter_with_key(:'acme_key', :'acme_digest', 'write', '{}');
select inventory.post_entry('{
  "kind": "receipt",
  "lines": [{"sku": "TEA", "location": "LONDON", "quantity": 12}]
}') ->> 'kind' as posted;
commit;

-- Without a context there are no rows: the policy compares with null.
select count(*) from inventory.movements;

-- Globex has entered, and asks for the rows of acme by name.
begin;
call tenancy.enter_with_key(:'globex_key', :'globex_digest', 'write', '{}');
select count(*) from inventory.movements where org_id = :'acme_id';
select count(*) from inventory.items;
insert into inventory.items (org_id, sku, name) values (:'acme_id', 'TROJAN', 'Of globex');
rollback;

-- A key that selects another organization than its own is refused.
begin;
call tenancy.enter_with_key(:'globex_key', :'globex_digest', 'read', array[:'acme_id']);
rollback;

-- Setting the context by hand is refused as well: its signature is wrong.
begin;
set local stockade.context = 'forged';
select count(*) from inventory.movements;
rollback;
