-- Seal the ledger twice: the second seal contains the hash of the first.

\connect - stockade_api

begin;
call tenancy.enter_with_key(:'acme_key', :'acme_digest', 'write', '{}');
select inventory.post_entry('{
  "kind": "receipt",
  "lines": [{"sku": "TEA", "location": "LONDON", "quantity": 40}]
}') ->> 'kind' as posted;
commit;

-- A job draws the boundary in a transaction of its own, because writers wait for it. Then it seals.
\connect - stockade_jobs
begin;
select tenancy.enter_as_job(:'acme_id') is not null as entered;
select inventory.draw_seal_boundary() is not null as drawn;
commit;

begin;
select tenancy.enter_as_job(:'acme_id') is not null as entered;
select inventory.seal_next(1000);
commit;

\connect - stockade_api
begin;
call tenancy.enter_with_key(:'acme_key', :'acme_digest', 'write', '{}');
select inventory.post_entry('{
  "kind": "issue",
  "lines": [{"sku": "TEA", "location": "LONDON", "quantity": -4}]
}') ->> 'kind' as posted;
commit;

\connect - stockade_jobs
begin;
select tenancy.enter_as_job(:'acme_id') is not null as entered;
select inventory.draw_seal_boundary() is not null as drawn;
commit;

begin;
select tenancy.enter_as_job(:'acme_id') is not null as entered;
select inventory.seal_next(1000) ->> 'seq' as seal;
commit;

-- Each seal has the hash of the one before, and its hash includes it.
begin;
select tenancy.enter_as_job(:'acme_id') is not null as entered;
select seq, movements, encode(previous_hash, 'hex') as previous_hash, encode(hash, 'hex') as hash
from inventory.seals
order by seq;
commit;
