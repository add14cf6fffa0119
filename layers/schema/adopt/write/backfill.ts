import { literal } from '../names.ts';
import type { Proposal } from '../proposal.ts';
import type { TenantTable } from '../tenant-tables.ts';
import { type Draft, topicOf } from './draft.ts';
import { newOrganization, presenceCheck } from './expand.ts';

/**
 * The rows that were there before the column get their organization, page by page of the table: that needs no key, and a row
 * that is updated meanwhile has got its organization from the trigger. Then the column is made not null, without a scan under
 * a lock.
 */
export function backfillTable(proposal: Proposal, tenant: TenantTable): Draft[] {
  if (proposal.choices.organizations.kind === 'one') return [];
  const { table } = tenant;
  return [
    {
      topic: topicOf(table, 'filled'),
      directives: ['backfill', 'needs tenancy/context'],
      why: `The rows of ${table.name} that were there before get their organization.
A batch is a few pages: the application waits for a row of it no longer than for another small update.`,
      statements: [`select count(*) from ${table.name} where org_id is null`, batch(proposal, tenant)],
    },
    {
      topic: topicOf(table, 'filled_checked'),
      why: `Every row of ${table.name} has an organization: this reads them all, and keeps nobody from writing.`,
      statements: [`alter table ${table.name} validate constraint ${presenceCheck(tenant)}`],
    },
    {
      topic: topicOf(table, 'not_null'),
      why: 'The check that holds for every row spares the scan under the lock.',
      statements: [
        `alter table ${table.name} alter column org_id set not null`,
        `alter table ${table.name} drop constraint ${presenceCheck(tenant)}`,
      ],
    },
  ];
}

/** A page holds up to 291 rows, so that a batch stays below the rows that the runner allows. */
function batch(proposal: Proposal, tenant: TenantTable): string {
  const { name } = tenant.table;
  const organization = newOrganization(proposal, tenant, 'r').replaceAll('\n', '\n  ');
  return `with pages as (
  select place.first, place.first + greatest($2::bigint / 300, 1) as next
  from (select coalesce(($1::jsonb ->> 'page')::bigint, 0) as first) as place
),
waiting as (
  select r.ctid as place
  from ${name} r
  where r.ctid >= (select format('(%s,0)', first)::tid from pages)
    and r.ctid < (select format('(%s,0)', next)::tid from pages)
    and r.org_id is null
  for update
),
filled as (
  update ${name} r
  set org_id = ${organization}
  from waiting
  where r.ctid = waiting.place
  returning r.org_id
)
select
  case when pages.first < pg_relation_size(${literal(name)}::regclass) / current_setting('block_size')::bigint
    then jsonb_build_object('page', pages.next) end as checkpoint,
  (select count(*) from waiting) as wanted,
  (select count(*) from filled where org_id is not null) as filled
from pages`;
}
