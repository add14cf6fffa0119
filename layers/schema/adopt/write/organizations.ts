import { literal } from '../names.ts';
import type { Proposal } from '../proposal.ts';
import type { Draft } from './draft.ts';

/** The policy by which the owner adds organizations while rows become organizations. */
export const addingPolicy = 'add_owner';

/** Where the organizations come from. */
export function addOrganizations({ choices: { organizations } }: Proposal): Draft {
  if (organizations.kind === 'one') {
    return {
      topic: 'first_organization',
      directives: ['needs tenancy/context'],
      why: 'The organization that every row belongs to. Only stockade_admin may create one.',
      statements: [
        'set local role stockade_admin',
        `insert into tenancy.organizations (id, slug, name)
values (${literal(organizations.id)}, ${literal(organizations.slug)}, ${literal(organizations.name)})`,
        'set local role stockade_owner',
      ],
    };
  }
  return {
    topic: 'organizations_of_rows',
    directives: ['needs inventory/forms', 'needs tenancy/context'],
    why: `Each row of ${organizations.table} becomes an organization: those that are there, and those that come until the last step.
The slug is made of the name and of a digest of the row's key: short, and never taken.`,
    statements: [
      `create policy ${addingPolicy} on tenancy.organizations for insert to stockade_owner with check (true)`,
      `create function tenancy.organization_of_row(p_key text, p_name text)
returns uuid
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_name text := coalesce(nullif(left(p_name, 200), ''), p_key);
  v_id uuid;
begin
  insert into tenancy.organizations (slug, name)
  values (
    concat_ws(
      '-',
      nullif(btrim(left(regexp_replace(lower(v_name), '[^a-z0-9]+', '-', 'g'), 40), '-'), ''),
      left(encode(sha256(convert_to(p_key, 'UTF8')), 'hex'), 8)
    ),
    v_name
  )
  returning id into v_id;
  return v_id;
end
$$`,
    ],
  };
}
