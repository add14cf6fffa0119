import type { ForeignKey } from '../application.ts';
import { dollarQuoted, nameWith } from '../names.ts';
import type { Proposal } from '../proposal.ts';
import type { TenantTable } from '../tenant-tables.ts';
import { type Draft, topicOf } from './draft.ts';
import { isRoot } from './organizations.ts';

/** A trigger on a parent by which its children move with it, and the function that it calls. */
interface Move {
  readonly key: ForeignKey;
  readonly trigger: string;
  readonly routine: string;
}

/**
 * The moves by which rows of a table find their organization again when their parent gets another one. A row of the table of
 * organizations keeps the one that it has.
 */
function movesOf(proposal: Proposal, { table, parents, self }: TenantTable): Move[] {
  if (proposal.choices.organizations.kind === 'one') return [];
  const roots = proposal.tenant.filter((each) => isRoot(proposal, each)).map((each) => each.table.name);
  return [...parents, ...(self ? [self] : [])]
    .filter(({ parent }) => !roots.includes(parent))
    .map((key) => ({
      key,
      // Before the check of the foreign key, which would find the children with the former organization.
      trigger: nameWith(`00_${table.schema}_${table.plainName}_${key.name}`, ''),
      routine: `tenancy.${nameWith(`move_${table.schema}_${table.plainName}_${key.name}`, '')}`,
    }));
}

/** Expand: a row that the application moves to another organization takes along those that have theirs from it. */
export function followParents(proposal: Proposal, tenant: TenantTable): Draft[] {
  return movesOf(proposal, tenant).map(({ key, trigger, routine }) => {
    const isChild = key.parentColumns.map((column, n) => `child.${key.childColumns[n]} = new.${column}`);
    return {
      topic: topicOf(tenant.table, `follows_${key.name}`),
      why: `Expand: a row of ${key.parent} that gets another organization takes its rows of ${key.child} along.`,
      statements: [
        `create function ${routine}()
returns trigger
language plpgsql
security definer
set search_path = ''
as ${dollarQuoted(`
begin
  update ${key.child} child
  set org_id = new.org_id
  where ${isChild.join(' and ')} and child.org_id is distinct from new.org_id;
  return null;
end
`)}`,
        `create trigger ${trigger} after update on ${key.parent}
  for each row when (old.org_id <> new.org_id) execute function ${routine}()`,
      ],
    };
  });
}

/** Contract: what makes the rows of other tables follow those of this one goes. */
export function endMoves(proposal: Proposal, { table }: TenantTable): string[] {
  return proposal.tenant
    .flatMap((tenant) => movesOf(proposal, tenant))
    .filter(({ key }) => key.parent === table.name)
    .flatMap(({ trigger, routine }) => [
      `drop trigger ${trigger} on ${table.name}`,
      `drop function ${routine}()`,
    ]);
}
