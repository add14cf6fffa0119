--! needs tenancy/context
-- Append-only tables: the ledger, the seals, and the records of what was erased or restored.
--
-- The one way past an append-only table is the erasure of a whole organization. Its permission is a context that only
-- tenancy.erase_organization() signs. That the rows belong to that organization is ensured twice: by the wall, which must
-- be up for the role that deletes, and row by row after the deletion.

create or replace function inventory.refuse_change()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op = 'DELETE' and tenancy.current_actor() = 'erasure' and row_security_active(tg_relid) then
    if tg_when = 'BEFORE' then
      return null;
    end if;
    if not exists (select from removed where org_id is distinct from (select tenancy.current_org())) then
      return null;
    end if;
  end if;
  raise exception '% is append-only: its rows are never changed; in the ledger, a reversal entry corrects a mistake', tg_table_name
    using errcode = 'SK903';
end
$$;

comment on function inventory.refuse_change is
  'Refuses UPDATE and TRUNCATE of an append-only table, its owner''s too, and DELETE of all but rows of the '
  'organization that tenancy.erase_organization() erases. Raises SK903.';
