import type { Table } from '../application.ts';
import { dollarQuoted, literal } from '../names.ts';
import type { Proposal } from '../proposal.ts';
import type { TenantTable } from '../tenant-tables.ts';
import type { Draft } from './draft.ts';

/** The policy by which the owner adds organizations while rows become organizations. */
export const addingPolicy = 'add_owner';

/** The function that adds the organization of a new row. */
export const addingFunction = 'tenancy.add_organization_of_row';

/** Fires before the foreign key to the organizations is checked: triggers go by name, and those of keys begin with "RI". */
export const addingTrigger = '"00_organization"';

/** Whether each row of a table becomes an organization. */
export function isRoot({ choices }: Proposal, { parents }: TenantTable): boolean {
  return choices.organizations.kind === 'root' && parents.length === 0;
}

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
    why: `Each row of ${organizations.table} becomes an organization: those that are there, and those that come until the last step.`,
    statements: [
      `create policy ${addingPolicy} on tenancy.organizations for insert to stockade_owner with check (true)`,
    ],
  };
}

/**
 * The trigger function by which a row that has got its number adds the organization. It fires after the row is stored: an
 * insert that meets a row with the same key ("on conflict") adds none.
 */
export function addingFunctionDefinition(table: Table, nameColumn: string | undefined): string {
  const key =
    table.indexes.find(({ isPrimary }) => isPrimary)?.columns ?? table.columns.map(({ name }) => name);
  const named = table.columns.find(({ plainName }) => plainName === (nameColumn ?? 'name'));
  const names = [
    ...(named ? [`new.${named.name}::text`] : []),
    `concat_ws('-', ${key.map((column) => `new.${column}`).join(', ')})`,
  ];
  return `create function ${addingFunction}()
returns trigger
language plpgsql
security definer
set search_path = ''
as ${dollarQuoted(`
declare
  v_name text := coalesce(${names.map((name) => `nullif(left(${name}, 200), '')`).join(', ')}, new.org_id::text);
begin
  if tg_op = 'INSERT' or old.org_id is null then
    -- A part of the id makes the slug one that was never taken, also by a row with the same key that is deleted by now.
    insert into tenancy.organizations (id, slug, name)
    values (
      new.org_id,
      concat_ws(
        '-',
        nullif(btrim(left(regexp_replace(lower(v_name), '[^a-z0-9]+', '-', 'g'), 40), '-'), ''),
        right(replace(new.org_id::text, '-', ''), 13)
      ),
      v_name
    )
    on conflict (id) do nothing;
  end if;
  return null;
end
`)}`;
}
