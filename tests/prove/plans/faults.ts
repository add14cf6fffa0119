import { nodesOf, ownPages, type PlanNode, takenRows, visitedRows } from './plan-tree.ts';

/**
 * What is wrong with a plan:
 * - `whole table`: it reads a table of the tenants in the order of the disk, with the rows of everybody.
 * - `large sort`: it sorts or hashes more rows than a page has, so that the first page costs as much as the whole list.
 * - `many rows`: it looks at many more rows, or pages of an index, than it shows rows.
 * - `several plans`: the statement has another plan at another time, or in another database.
 */
export type FaultKind = 'whole table' | 'large sort' | 'many rows' | 'several plans';

export interface PlanFault {
  readonly kind: FaultKind;
  readonly detail: string;
}

/**
 * A page has at most 200 rows, and some of them are chosen among 500 that a page looks at: `v_most_looked` and
 * `v_most_walked` in `sql/functions/inventory/`.
 */
const mostSorted = 510;

/**
 * A page looks at 500 rows from two sides, and at 500 more to know where it ends. Each row that it shows refers to others: an
 * entry, an item, a location, a seal, and the movements after that.
 */
const mostVisited = 5_000;

const gathers = new Set([
  'Sort',
  'Hash',
  'Aggregate',
  'WindowAgg',
  'Materialize',
  'Memoize',
  'SetOp',
  'Unique',
]);

/**
 * How many pages an index scan may look at: the path to its first row in each loop, with room for versions of rows that are
 * gone, and the page of each row. An index that is read without its first columns looks at all pages of an organization.
 */
const mostPages = (node: PlanNode) => 400 + 8 * (node['Actual Loops'] ?? 0) + 3 * visitedRows(node);

/** An aggregate that keeps no rows: it needs its input in order, or has one result. */
const keepsNothing = (node: PlanNode) =>
  node['Node Type'] === 'Aggregate' && (node.Strategy === 'Plain' || node.Strategy === 'Sorted');

/** The faults of one plan. `tables` are the names of the tables with rows of tenants. */
export function faultsOf(plan: PlanNode, tables: ReadonlySet<string>): PlanFault[] {
  const faults: PlanFault[] = [];
  const visited = new Map<string, number>();
  for (const node of nodesOf(plan)) {
    const type = node['Node Type'];
    if (type === 'Seq Scan' && tables.has(node['Relation Name'] ?? ''))
      faults.push({ kind: 'whole table', detail: node['Relation Name'] ?? '' });
    const taken = takenRows(node);
    if (gathers.has(type) && !keepsNothing(node) && taken > mostSorted)
      faults.push({ kind: 'large sort', detail: `${type} of ${Math.round(taken)} rows` });
    const pages = ownPages(node);
    if (/^Index/.test(type) && pages > mostPages(node))
      faults.push({ kind: 'many rows', detail: `${pages} pages of ${node['Index Name']}` });
    const place = node['Index Name'] ?? node['Relation Name'] ?? '';
    visited.set(place, (visited.get(place) ?? 0) + visitedRows(node));
  }
  const sum = visited.values().reduce((total, rows) => total + rows, 0);
  if (sum > mostVisited) {
    const [most = '', rows = 0] = [...visited].sort(([, one], [, other]) => other - one)[0] ?? [];
    faults.push({ kind: 'many rows', detail: `${Math.round(sum)} rows, ${Math.round(rows)} by ${most}` });
  }
  return faults;
}
