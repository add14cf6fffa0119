/** A node of a plan, as EXPLAIN shows it in JSON with ANALYZE. */
export interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Parent Relationship'?: string;
  readonly 'Subplan Name'?: string;
  readonly 'Join Type'?: string;
  readonly Strategy?: string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Scan Direction'?: string;
  readonly 'Function Name'?: string;
  readonly 'CTE Name'?: string;
  /** For one loop. */
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  /** For one loop. */
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  /** Over all loops, with those of the nodes below. */
  readonly 'Shared Hit Blocks'?: number;
  readonly 'Shared Read Blocks'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** A node and everything below it. */
export function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

/** The rows that a node has returned, over all of its loops. */
export function returnedRows(node: PlanNode): number {
  return (node['Actual Rows'] ?? 0) * (node['Actual Loops'] ?? 0);
}

/** The rows of a table or an index that a scan has looked at; 0 for every other node. */
export function visitedRows(node: PlanNode): number {
  if (node['Relation Name'] === undefined) return 0;
  const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  return returnedRows(node) + removed * (node['Actual Loops'] ?? 0);
}

/** The pages that a node itself has looked at. */
export function ownPages(node: PlanNode): number {
  const pages = (each: PlanNode) => (each['Shared Hit Blocks'] ?? 0) + (each['Shared Read Blocks'] ?? 0);
  return (node.Plans ?? []).reduce((left, each) => left - pages(each), pages(node));
}

/** The rows that a node has taken in: what the nodes have returned that feed it. Those of subplans do not. */
export function takenRows(node: PlanNode): number {
  const feeding = (node.Plans ?? []).filter((each) => each['Subplan Name'] === undefined);
  return feeding.reduce((sum, each) => sum + returnedRows(each), 0);
}

function placeOf(node: PlanNode, tiny: ReadonlySet<string>): string | undefined {
  const { 'Index Name': index, 'Relation Name': table } = node;
  if (index === undefined) return table && `of ${table}`;
  return isTiny(node, tiny) ? `of some index of ${table}` : `of ${index}`;
}

function isTiny({ 'Relation Name': table }: PlanNode, tiny: ReadonlySet<string>): boolean {
  return table !== undefined && tiny.has(table);
}

/** What hands on the rows of the one node below it, and reads none itself. */
const handsOn = new Set(['Result', 'Materialize', 'Memoize', 'Subquery Scan', 'Limit', 'Gather']);

/**
 * How a plan finds its rows, in one line, without costs and numbers of rows. Plans with one shape read the same rows in the
 * same way: what only hands on or keeps rows is left out. So are the indexes of the tables in `tiny`.
 */
export function shapeOf(node: PlanNode, tiny: ReadonlySet<string> = new Set()): string {
  const below = (node.Plans ?? []).map((each) => shapeOf(each, tiny)).filter((shape) => shape !== '');
  const subplan = node['Subplan Name'] ? `${node['Subplan Name'].replace(/ \d+$/, '')}: ` : '';
  if (handsOn.has(node['Node Type']) && below.length < 2) return below.length === 0 ? '' : subplan + below[0];
  const words = [
    node.Strategy && node.Strategy !== 'Plain' && node.Strategy,
    node['Join Type'] && node['Join Type'] !== 'Inner' && node['Join Type'],
    isTiny(node, tiny) ? node['Node Type'].replace('Index Only', 'Index') : node['Node Type'],
    node['Scan Direction'] === 'Backward' && 'backward',
    placeOf(node, tiny),
    node['Function Name'] && `of ${node['Function Name']}()`,
    node['CTE Name'] && `of ${node['CTE Name']}`,
  ];
  const name = words.filter(Boolean).join(' ');
  return `${subplan}${name}${below.length > 0 ? ` (${below.join(', ')})` : ''}`;
}
