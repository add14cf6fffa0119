-- A balance that differs from its movements is found, and built again from them.

\connect - stockade_api

begin;
call tenancy.enter_with_key(:'acme_key', :'acme_digest', 'write', '{}');
select inventory.post_entry('{
  "kind": "receipt",
  "lines": [
    {"sku": "TEA", "location": "LONDON", "quantity": 40},
    {"sku": "TEA", "location": "CAMDEN", "quantity": 5}
  ]
}') ->> 'kind' as posted;
commit;

-- No role of Stockade can write a balance. A superuser can, and adds 50 at LONDON.
\connect - postgres
update inventory.balances set on_hand = on_hand + 50 where org_id = :'acme_id' and on_hand = 40;

-- The comparison, in short: `npm run reconcile:balances` also looks for the cause.
\connect - stockade_jobs
begin;
select tenancy.enter_as_job(:'acme_id') is not null as entered;
select l.code as location, b.on_hand as stored, sum(m.quantity) as from_movements, b.on_hand - sum(m.quantity) as difference
from inventory.balances b
join inventory.movements m using (org_id, item_id, location_id, lot)
join inventory.locations l on l.org_id = b.org_id and l.id = b.location_id
group by l.code, b.on_hand
order by l.code;
commit;

-- Building the balances again, in batches; this ledger needs one.
begin;
select tenancy.enter_as_job(:'acme_id') is not null as entered;
select inventory.begin_backfill();
commit;
select inventory.backfill_balances(:'acme_id', 100);

begin;
select tenancy.enter_as_job(:'acme_id') is not null as entered;
select l.code as location, b.on_hand, b.version
from inventory.balances b
join inventory.locations l on l.org_id = b.org_id and l.id = b.location_id
order by l.code;
commit;
