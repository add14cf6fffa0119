/**
 * Statements that let stockade_api read the tables of tenants, as the roles of an adopted application read theirs: with the policy
 * that migrate:adopt writes. Then the policies alone keep the rows apart.
 */
export const asAdopted = `
  do $$
  declare
    v_table regclass;
  begin
    for v_table in
      select p.polrelid
      from pg_policy p
      where p.polname = 'tenant' and p.polrelid::regclass::text !~ '^tenancy\\.(organizations|memberships|api_keys)$'
    loop
      execute format('grant select on %s to stockade_api', v_table);
      execute format(
        'create policy tenant_first on %s as restrictive for select to stockade_api '
        'using ((json_object(org_id : true returning jsonb))[(select tenancy.current_org()::text)] is not null)',
        v_table
      );
    end loop;
  end
  $$;`;
