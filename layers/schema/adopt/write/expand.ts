import { dollarQuoted, literal, nameWith } from '../names.ts';
import type { Proposal } from '../proposal.ts';
import type { TenantTable } from '../tenant-tables.ts';
import { type Draft, topicOf } from './draft.ts';
import { organizationOf } from './organization-source.ts';
import { addingFunction, addingFunctionDefinition, addingTrigger, isRoot } from './organizations.ts';
import { takeOverTable } from './take-over.ts';

/** The check that a filled column must pass before it is made not null. */
export const presenceCheck = (tenant: TenantTable) => nameWith(tenant.table.plainName, '_org_id_present');

/** The function that finds the organization of a new row while the application does not name it. */
export const fillFunction = ({ table }: TenantTable) =>
  `tenancy.${nameWith(`fill_${table.schema}_${table.plainName}`, '')}`;

/** Fires after the application's own triggers, which go by name as well, have set what it reads. */
export const fillTrigger = '"~organization"';

/**
 * Expand: every row of a table gets an organization, and the application, which knows of none, goes on writing.
 *
 * With one organization a constant default fills the column without a rewrite, a scan or a null. With organizations from a
 * table, a trigger asks the row's parent, and a backfill does the same for the rows that are there.
 */
export function expandTable(proposal: Proposal, tenant: TenantTable): Draft[] {
  const { organizations } = proposal.choices;
  const { table } = tenant;
  const { name } = table;
  const column = {
    topic: topicOf(table, 'organization'),
    directives: ['role none', 'needs tenancy/context'],
    why: `Expand: ${name} gets the organization of each row. What the application does goes on as before.`,
  };
  const taken = [...takeOverTable(proposal.application, table), 'set local role stockade_owner'];
  if (organizations.kind === 'one') {
    const id = literal(organizations.id);
    return [
      {
        ...column,
        statements: [
          ...taken,
          `alter table ${name} add column org_id uuid not null default ${id}`,
          `alter table ${name} alter column org_id set default coalesce(tenancy.current_org(), ${id})`,
        ],
      },
    ];
  }
  return [
    {
      ...column,
      statements: [
        ...taken,
        `alter table ${name} add column org_id uuid`,
        `alter table ${name} alter column org_id set default tenancy.current_org()`,
        fillFunctionDefinition(proposal, tenant),
        ...(isRoot(proposal, tenant) ? [addingFunctionDefinition(table, organizations.nameColumn)] : []),
      ],
    },
    {
      topic: topicOf(table, 'new_rows'),
      why: `Expand: from here on every new row of ${name} has an organization, and every row that is updated.`,
      statements: [
        `create trigger ${fillTrigger} before insert or update on ${name}
  for each row execute function ${fillFunction(tenant)}()`,
        ...(isRoot(proposal, tenant)
          ? [
              `create trigger ${addingTrigger} after insert or update on ${name}
  for each row execute function ${addingFunction}()`,
            ]
          : []),
      ],
    },
    {
      topic: topicOf(table, 'presence'),
      why: 'The check holds for every new row; those that are there are checked when they are filled.',
      statements: [
        `alter table ${name} add constraint ${presenceCheck(tenant)} check (org_id is not null) not valid`,
      ],
    },
  ];
}

/**
 * As the owner of the wall: the application's login may not read every parent. A row that loses its parents, such as by
 * "on delete set null", stays with its organization.
 */
function fillFunctionDefinition(proposal: Proposal, tenant: TenantTable): string {
  return `create function ${fillFunction(tenant)}()
returns trigger
language plpgsql
security definer
set search_path = ''
as ${dollarQuoted(`
begin
  if new.org_id is null${movedCondition(tenant)} then
    new.org_id := coalesce(${indented(newOrganization(proposal, tenant, 'new'))}, new.org_id);
  end if;
  return new;
end
`)}`;
}

/** The organization of a row that has none yet: of the table of organizations a new one, of every other that of its parent. */
export function newOrganization(proposal: Proposal, tenant: TenantTable, row: string): string {
  return isRoot(proposal, tenant) ? 'inventory.new_id()' : organizationOf(tenant, row);
}

/** A row that the application moves to another parent goes with it to that parent's organization. */
function movedCondition({ parents }: TenantTable): string {
  const columns = [...new Set(parents.flatMap(({ childColumns }) => childColumns))];
  if (columns.length === 0) return '';
  const moved = columns.map((column) => `new.${column} is distinct from old.${column}`).join(' or ');
  return ` or (tg_op = 'UPDATE' and (${moved}) and tenancy.current_org() is null)`;
}

function indented(expression: string): string {
  return expression.replaceAll('\n', '\n    ');
}
