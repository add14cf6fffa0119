import type { ForeignKey } from '../application.ts';
import { nameWith } from '../names.ts';
import { keysBetween, type Proposal } from '../proposal.ts';
import type { TenantTable } from '../tenant-tables.ts';
import { writeOrder } from '../write-order.ts';
import { type Draft, topicOf } from './draft.ts';

/** The keys of the application that get org_id in front: those from one tenant's table to another. */
export function tenantKeys({ application, tenant }: Proposal): readonly ForeignKey[] {
  return keysBetween(application, (name) => tenant.some(({ table }) => table.name === name));
}

const temporaryName = ({ name }: ForeignKey) => nameWith(name, '_org');

/** The names of the keys that a table gets. */
export function newKeyNames(proposal: Proposal, tenant: TenantTable): string[] {
  const own = tenantKeys(proposal).filter(({ child }) => child === tenant.table.name);
  return [organizationKey(tenant), ...own.map(temporaryName)];
}

/** The name of the key from a table to the organizations. */
const organizationKey = ({ table }: TenantTable) => nameWith(table.plainName, '_org_id_fkey');

/**
 * The keys that begin with org_id, so that no row can refer to another organization's. Each is added without a check of the
 * rows that are there, in a file of its own, which locks two tables for an instant; then the rows are checked under a lock
 * that keeps nobody from writing.
 */
export function addForeignKeys(proposal: Proposal): Draft[] {
  const keys = tenantKeys(proposal);
  const added = keys.map((key): Draft => {
    const child = tableOf(proposal, key.child);
    return {
      topic: topicOf(child.table, `refers_${temporaryName(key)}`),
      why: `Expand: no row of ${key.child} refers to a row of ${key.parent} of another organization.`,
      statements: inOrder(
        proposal,
        key,
        'share row exclusive',
        `alter table ${key.child} add constraint ${temporaryName(key)} ${definition(key)} not valid`,
      ),
    };
  });
  const anchors = proposal.tenant
    .filter((tenant) => !isAnchored(tenant, keys))
    .map(
      (tenant): Draft => ({
        topic: topicOf(tenant.table, 'organization_key'),
        why: `Expand: every row of ${tenant.table.name} belongs to an organization that there is.`,
        statements: [
          `alter table ${tenant.table.name} add constraint ${organizationKey(tenant)} foreign key (org_id) references tenancy.organizations (id) not valid`,
        ],
      }),
    );
  const validated = proposal.tenant.map((tenant): Draft => {
    const { name } = tenant.table;
    const names = [
      ...(isAnchored(tenant, keys) ? [] : [organizationKey(tenant)]),
      ...keys.filter(({ child }) => child === name).map(temporaryName),
    ];
    return {
      topic: topicOf(tenant.table, 'references_checked'),
      why: `The rows of ${name} are checked against the new keys. This keeps nobody from writing.`,
      statements: names.map((key) => `alter table ${name} validate constraint ${key}`),
    };
  });
  return [...anchors, ...added, ...validated];
}

/**
 * A statement about a key locks both of its tables, the child first. A transaction of the application writes a row before the
 * rows that refer to it, so that the two would wait for each other: the tables are locked in the order of the application.
 */
function inOrder(
  proposal: Proposal,
  { parent, child }: ForeignKey,
  mode: string,
  statement: string,
): string[] {
  const [first, second] = writeOrder(proposal.tenant, tenantKeys(proposal)).filter(
    (name) => name === parent || name === child,
  );
  if (!first || !second) return [statement];
  const reason = 'the key needs both tables, and this is the order in which the application writes them.';
  return [
    `-- allow lock-table: ${reason}\nlock table ${first} in ${mode} mode`,
    `-- allow several-tables-locked: ${reason}\n${statement}`,
  ];
}

/** A key that is never null leads to a parent, whose organization exists. */
function isAnchored({ table }: TenantTable, keys: readonly ForeignKey[]): boolean {
  return keys.some(({ child, parent, isRequired }) => child === table.name && parent !== child && isRequired);
}

function definition(key: ForeignKey): string {
  return [
    `foreign key (org_id, ${key.childColumns.join(', ')}) references ${key.parent} (org_id, ${key.parentColumns.join(', ')})`,
    ...(key.onUpdate === 'no action' ? [] : [`on update ${key.onUpdate}`]),
    ...(key.onDelete === 'no action' ? [] : [`on delete ${key.onDelete}${columnsToSet(key)}`]),
    ...(key.deferrable ? [`deferrable${key.deferred ? ' initially deferred' : ''}`] : []),
  ].join(' ');
}

/** Without the list, `set null` would take the organization away as well. */
function columnsToSet({ onDelete, onDeleteColumns, childColumns }: ForeignKey): string {
  if (onDelete !== 'set null' && onDelete !== 'set default') return '';
  return ` (${(onDeleteColumns.length > 0 ? onDeleteColumns : childColumns).join(', ')})`;
}

/** Contract: the application's own keys go, and the new ones take their names. */
export function replaceForeignKeys(proposal: Proposal): Draft[] {
  return tenantKeys(proposal).map((key) => ({
    topic: topicOf(tableOf(proposal, key.child).table, `key_${key.name}`),
    directives: ['contract'],
    why: `Contract: the key without the organization goes, and the one with it takes its name, which the application may know.`,
    statements: [
      ...inOrder(proposal, key, 'access exclusive', `alter table ${key.child} drop constraint ${key.name}`),
      `alter table ${key.child} rename constraint ${temporaryName(key)} to ${key.name}`,
    ],
  }));
}

function tableOf({ tenant }: Proposal, name: string): TenantTable {
  const found = tenant.find(({ table }) => table.name === name);
  if (!found) throw new Error(`${name} is no tenant's table`);
  return found;
}
