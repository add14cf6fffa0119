import type { Policy, Table } from '../application.ts';
import { freeName, literal, quoted } from '../names.ts';
import type { Proposal } from '../proposal.ts';
import type { TenantTable } from '../tenant-tables.ts';
import { type Draft, topicOf } from './draft.ts';
import { fillFunction, fillTrigger } from './expand.ts';
import { keptPrivileges, loginGrants } from './grants.ts';
import { type Replacement, replacements } from './indexes.ts';
import { endMoves } from './moves.ts';
import { addingFunction, addingTrigger, isRoot } from './organizations.ts';
import { dropStatistics } from './statistics.ts';

/** The name of the one policy of a tenant's table. */
const tenantPolicy = 'tenant';

/**
 * Contract: the wall goes up around one table. Its keys begin with the organization, row-level security is forced, and an
 * insert that names no organization takes the one that the transaction has entered.
 */
export function raiseWall(proposal: Proposal, tenant: TenantTable): Draft {
  const { table } = tenant;
  const { name } = table;
  const byTrigger = proposal.choices.organizations.kind === 'root';
  return {
    topic: topicOf(table, 'wall'),
    directives: ['contract', 'needs tenancy/context'],
    why: `Contract: from here on ${name} shows and takes only the rows of the organization that was entered.`,
    statements: [
      ...replaceConstraints(table, replacements(table)),
      ...(byTrigger
        ? [`drop trigger ${fillTrigger} on ${name}`, `drop function ${fillFunction(tenant)}()`]
        : []),
      ...endMoves(proposal, tenant),
      ...(isRoot(proposal, tenant)
        ? [`drop trigger ${addingTrigger} on ${name}`, `drop function ${addingFunction}()`]
        : []),
      `alter table ${name} alter column org_id set default tenancy.current_org()`,
      ...table.policies.flatMap((policy) => narrowed(table, policy)),
      `alter table ${name} enable row level security`,
      `alter table ${name} force row level security`,
      `create policy ${tenantPolicy} on ${name}
using (org_id = (select tenancy.current_org()))
with check (org_id = (select tenancy.current_org()))`,
      ...loginGrants(proposal, table, { writes: true }),
      ...tenantFirst(proposal, table),
      ...(proposal.choices.keepStatistics ? [] : dropStatistics(proposal.application, tenant)),
      `comment on table ${name} is ${literal(`Tenant data: ${table.comment ?? `${table.plainName} of the application.`}`)}`,
    ],
  };
}

/** For the roles that read the table: no condition of a statement comes before the one that names the organization. */
function tenantFirst(proposal: Proposal, table: Table): string[] {
  const readers = keptPrivileges(proposal, table, { writes: true }).filter(({ privileges }) =>
    privileges.includes('select'),
  );
  if (readers.length === 0) return [];
  return [
    `create policy tenant_first on ${table.name} as restrictive for select to ${readers.map(({ role }) => role).join(', ')}
using ((json_object(org_id : true returning jsonb))[(select tenancy.current_org()::text)] is not null)`,
  ];
}

/** The new indexes become the constraints, with the names that the application may know. */
function replaceConstraints({ name }: Table, all: readonly Replacement[]): string[] {
  const constraints = all.filter(({ index }) => index.constraint);
  const firstPrimaryKey = all.find(({ becomesPrimaryKey }) => becomesPrimaryKey);
  const parts = [
    ...constraints.map(({ index }) => `drop constraint ${index.plainName}`),
    ...constraints.map(
      ({ index, plainName }) =>
        `add constraint ${index.plainName} ${index.isPrimary ? 'primary key' : 'unique'} using index ${plainName}${deferral(index)}`,
    ),
    ...(firstPrimaryKey
      ? [`add constraint ${firstPrimaryKey.plainName} primary key using index ${firstPrimaryKey.plainName}`]
      : []),
  ];
  return parts.length > 0 ? [`alter table ${name}\n  ${parts.join(',\n  ')}`] : [];
}

function deferral({ constraint }: Replacement['index']): string {
  if (!constraint?.deferrable) return '';
  return constraint.deferred ? ' deferrable initially deferred' : ' deferrable';
}

/**
 * A policy of the application that lets rows through would let those of other organizations through as well. As a restrictive
 * one it goes on keeping back what it kept back. A policy that slept, because row-level security was off, would wake up.
 */
function narrowed(table: Table, policy: Policy): string[] {
  const { name, rowSecurity, policies } = table;
  const drop = `drop policy ${policy.name} on ${name}`;
  if (!rowSecurity) {
    const why = 'nothing is shown to everybody by it any more: the policy of the organization follows.';
    return [policy.name === tenantPolicy ? drop : `-- allow policy-dropped: ${why}\n${drop}`];
  }
  const kept =
    policy.name === tenantPolicy
      ? freeName(
          tenantPolicy,
          '_own',
          policies.map((each) => each.name),
        )
      : policy.name;
  if (!policy.isPermissive)
    return kept === policy.name ? [] : [`alter policy ${policy.name} on ${name} rename to ${kept}`];
  const { command, roles, using, check } = policy;
  return [
    drop,
    [
      `create policy ${kept} on ${name} as restrictive`,
      `for ${command} to ${roles.join(', ')}`,
      ...(using === null ? [] : [`using (${using})`]),
      ...(check === null ? [] : [`with check (${check})`]),
    ].join('\n'),
  ];
}

/** The roles that write the tables now, for as long as they know no organization. */
export function writersOf({ application, tenant, logins }: Proposal): string[] {
  const writers = tenant.flatMap(({ table: { owner, grants } }) => [
    owner,
    ...grants.filter(({ privileges }) => privileges.includes('insert')).map(({ grantee }) => grantee),
  ]);
  const isPlain = (role: string) =>
    role === 'public' || application.roles.some(({ name, isSuperuser }) => name === role && !isSuperuser);
  return [...new Set(writers)]
    .filter((role) => isPlain(role) && !logins.some(({ name }) => name === role))
    .map((role) => (role === 'public' ? 'public' : quoted(role)));
}
