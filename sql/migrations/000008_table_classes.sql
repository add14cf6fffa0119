-- What every table is, in the first words of its comment. The isolation lint reads them and refuses a table without:
--
--   Tenant data: …                 rows of organizations, behind the wall: org_id, row-level security, composite keys
--   Tenant data (append-only): …   the same, and nobody may update, delete or truncate
--   Tenant data (derived): …       the same, and nobody but the triggers of its owner may write at all
--   Platform data: …               rows of no organization
--   Platform data (append-only): … the same, and nobody may update, delete or truncate
--   Secret: …                      no role but the owner has any privilege on it; also for a single column

comment on table tenancy.organizations is
  'Tenant data: the organizations themselves. A caller sees the one it has entered.';
comment on table tenancy.memberships is
  'Tenant data: which users belong to an organization, and what they may do there.';
comment on table tenancy.api_keys is
  'Tenant data: the API keys of an organization. Of each secret it holds the digest alone.';
comment on column tenancy.api_keys.secret_digest is
  'Secret: the SHA-256 of the key''s secret.';
comment on table tenancy.users is
  'Platform data: the people, by e-mail address. One may belong to several organizations: memberships says to which.';
comment on table tenancy.seal_keys is
  'Secret: the keys that seal the context of a transaction.';
comment on table tenancy.pass_keys is
  'Secret: the keys that verify passes of users.';

comment on table inventory.items is
  'Tenant data: what is kept in stock.';
comment on table inventory.locations is
  'Tenant data: where stock is kept.';
comment on table inventory.entries is
  'Tenant data (append-only): the postings of the ledger.';
comment on table inventory.movements is
  'Tenant data (append-only): the lines of the postings.';
comment on table inventory.balances is
  'Tenant data (derived): what the movements of each item, location and lot add up to.';
comment on table inventory.idempotency_keys is
  'Tenant data: the answers to requests that may be sent again.';
comment on table inventory.imports is
  'Tenant data: the files that were imported, and how far each has come.';
comment on table inventory.import_rejects is
  'Tenant data: the lines of imported files that were refused.';

-- The journal that the runner makes before its first migration.
comment on table stockade_migrations.applied is
  'Platform data: the migrations that this database has.';
comment on table stockade_migrations.started is
  'Platform data: the migration that runs outside of a transaction, while it runs.';
