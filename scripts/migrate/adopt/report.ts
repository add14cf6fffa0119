import { counted } from '#platform/text/plural.ts';
import type { AdoptionPlan } from '#schema/adopt/plan-adoption.ts';
import type { Proposal } from '#schema/adopt/proposal.ts';
import type { Remark } from '#schema/adopt/remark.ts';
import type { TenantTable } from '#schema/adopt/tenant-tables.ts';

/** The proposal for people: what becomes of each table, what is in the way, and what stays. */
export function planText(plan: AdoptionPlan): string {
  const { proposal, obstacles, accepted, reported } = plan;
  return [
    headline(proposal),
    section('Rows belong to organizations', tenantLines(proposal)),
    section(
      'Every organization reads them',
      proposal.shared.map(
        ({ table, isWritable }) => `${table.name}${isWritable ? ' (and writes them)' : ''}`,
      ),
    ),
    section(
      'Books of a framework, closed to the application',
      proposal.bookkeeping.map(({ name }) => name),
    ),
    section('Before there can be files', obstacles.flatMap(remarkLines)),
    section(
      'What the application notices',
      noticed(proposal).map(({ object, says, remedy }) => `${object}: ${says}. ${remedy}`),
    ),
    section(
      'The isolation lint accepts, because the application is so',
      accepted.map(({ rule, object, detail }) => `${rule.number} ${object}: ${detail}`),
    ),
    section(
      'The isolation lint will report, until you change it',
      reported.flatMap((each) => [`${each.rule.number} ${each.object}: ${each.detail}`, `  ${each.remedy}`]),
    ),
  ]
    .filter((each) => each !== '')
    .join('\n\n');
}

function headline({ application, logins, choices: { organizations } }: Proposal): string {
  const to =
    organizations.kind === 'one'
      ? `Every row gets to one organization, ${organizations.slug}.`
      : `Each row of ${organizations.table} becomes an organization.`;
  const by = logins.map(({ name }) => name).join(', ') || 'unknown';
  return `${application.database}: ${counted(application.tables.length, 'table')}; the application logs in as ${by}. ${to}`;
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : [`${title}:`, ...lines.map((line) => `  ${line}`)].join('\n');
}

function tenantLines({ tenant }: Proposal): string[] {
  const width = Math.max(0, ...tenant.map(({ table }) => table.name.length));
  return tenant.map(({ table, path, parents, self }) => {
    const way =
      path.length === 1
        ? 'named'
        : `${path.slice(1).join(' -> ')}${parents[0]?.isRequired ? '' : ', if the row has one'}${self ? ', or the row above it' : ''}`;
    return `${table.name.padEnd(width)}  ${way}`;
  });
}

function remarkLines({ object, says, remedy }: Remark): string[] {
  return [`${object}: ${says}`, `  ${remedy}`];
}

/** What is different for the application afterwards, or on the way. */
export function noticed({ tenant, application, choices }: Proposal): Remark[] {
  const unique = tenant.flatMap(({ table }) => table.indexes.filter(({ isUnique }) => isUnique));
  return [
    ...(unique.length > 0
      ? [
          {
            object: 'on conflict',
            says: `${counted(unique.length, 'unique index', 'unique indexes')} begin with org_id at the end`,
            remedy: 'An insert with "on conflict (…)" names org_id first.',
          },
        ]
      : []),
    ...(choices.organizations.kind === 'root'
      ? tenant
          .filter(({ table }) => table.updateTriggers.length > 0)
          .map(({ table }) => ({
            object: table.name,
            says: `the backfill updates each row once, so that ${table.updateTriggers.join(', ')} fires`,
            remedy: 'If it must not, let its WHEN clause leave out updates of nothing but org_id.',
          }))
      : []),
    ...(choices.organizations.kind === 'root' ? tenant.flatMap(withoutParent) : []),
    ...(choices.keepStatistics || application.version >= 180_000
      ? []
      : [
          {
            object: 'statistics',
            says: 'before Postgres 18 nobody but a superuser removes those that were gathered',
            remedy: 'They show values of other organizations in plans: delete their rows of pg_statistic.',
          },
        ]),
  ];
}

/** The rows that have no organization when they are stored, with organizations from a table. */
function withoutParent({ table, parents }: TenantTable): Remark[] {
  const awaited = parents.filter(({ deferrable, isRequired }) => deferrable && isRequired);
  return [
    ...awaited.map(({ name, child, parent }) => ({
      object: `${name} on ${child}`,
      says: `a row that is stored before its row of ${parent} has no organization yet, and is refused until the last step`,
      remedy: `Store the row of ${parent} first, although the key waits for the end of the transaction.`,
    })),
    ...(parents.length > 0 && !parents.some(({ isRequired }) => isRequired)
      ? [
          {
            object: table.name,
            says: 'a new row that refers to no row of an organization is refused until the last step',
            remedy: `Store ${parents.flatMap(({ childColumns }) => childColumns).join(' or ')} with the row.`,
          },
        ]
      : []),
  ];
}

/** The proposal for programs. */
export function planJson({ proposal, obstacles, accepted, reported }: AdoptionPlan) {
  const brief = (each: AdoptionPlan['accepted'][number]) => ({
    rule: each.rule.number,
    object: each.object,
    detail: each.detail,
    remedy: each.remedy,
  });
  return {
    database: proposal.application.database,
    logins: proposal.logins.map(({ name }) => name),
    organizations: proposal.choices.organizations,
    tenant: proposal.tenant.map(({ table, path }) => ({ table: table.name, path })),
    shared: proposal.shared.map(({ table, isWritable }) => ({ table: table.name, isWritable })),
    bookkeeping: proposal.bookkeeping.map(({ name }) => name),
    obstacles,
    noticed: noticed(proposal),
    accepted: accepted.map(brief),
    reported: reported.map(brief),
  };
}
