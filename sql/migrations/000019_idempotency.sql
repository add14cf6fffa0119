--! needs inventory/forms
--! needs tenancy/context
-- The answers to requests that carry an idempotency key, kept in the transaction of their effect.
create table inventory.idempotency_keys (
  org_id uuid not null,
  key text not null check (key ~ '^[!-~]{1,255}$'),
  fingerprint bytea not null check (length(fingerprint) = 32),
  -- json, not jsonb: a replay answers with the same fields in the same order.
  -- No answer of the API is longer.
  response json check (octet_length(response::text) <= 6291456),
  created_at timestamptz(3) not null default now() check (inventory.is_instant(created_at)),
  primary key (org_id, key)
);
alter table inventory.idempotency_keys
  alter column org_id set statistics 0,
  alter column key set statistics 0,
  alter column fingerprint set statistics 0,
  alter column response set statistics 0,
  alter column created_at set statistics 0;

comment on table inventory.idempotency_keys is
  'Tenant data: the answers to requests that may be sent again.';

alter table inventory.idempotency_keys enable row level security;
alter table inventory.idempotency_keys force row level security;
create policy tenant on inventory.idempotency_keys
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));
