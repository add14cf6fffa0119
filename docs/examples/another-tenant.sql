-- What another organization sees: nothing.

\connect - stockade_api

begin;
call tenancy.enter_with_key(:'acme_key', :'acme_digest', 'write', '{}');
select inventory.post_entry('{
  "kind": "receipt",
  "lines": [{"sku": "TEA", "location": "LONDON", "quantity": 12}]
}') ->> 'kind' as posted;
commit;

-- The role of requests has no privilege on a table. Functions show what there is to see.
select count(*) from inventory.movements;

-- Without a context there are no rows: the policy compares with null.
select count(*) from inventory.list_movements(50, null, null, null, null, null, null, null);

-- Globex has entered: it sees its own TEA, and no movement of acme.
begin;
call tenancy.enter_with_key(:'globex_key', :'globex_digest', 'write', '{}');
select count(*) from inventory.list_movements(50, null, null, null, null, null, null, null);
select inventory.get_item('TEA');
rollback;

-- A job may read the tables. The policies keep it inside the organization that it has entered.
\connect - stockade_jobs
begin;
select tenancy.enter_as_job(:'globex_id') is not null as entered;
select count(*) from inventory.movements where org_id = :'acme_id';
rollback;

\connect - stockade_api

-- A key that selects another organization than its own is refused.
begin;
call tenancy.enter_with_key(:'globex_key', :'globex_digest', 'read', array[:'acme_id']);
rollback;

-- Setting the context by hand is refused as well: its signature is wrong.
begin;
set local stockade.context = 'forged';
select inventory.get_item('TEA');
rollback;
