-- A request may name its organization by slug or by id. A slug that is the id of another organization would let a key of the
-- former pass for one of the latter.

alter table tenancy.organizations
  add constraint organizations_slug_check_id
  check (slug !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$');
