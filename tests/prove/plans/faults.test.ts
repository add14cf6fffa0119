import { describe, expect, test } from 'vitest';
import { faultsOf } from './faults.ts';
import { type PlanNode, shapeOf } from './plan-tree.ts';

const tables = new Set(['items', 'movements']);

const node = (type: string, more: Partial<PlanNode> = {}): PlanNode => ({
  'Node Type': type,
  'Actual Rows': 1,
  'Actual Loops': 1,
  ...more,
});
const scan = (rows: number, more: Partial<PlanNode> = {}): PlanNode =>
  node('Index Scan', {
    'Relation Name': 'movements',
    'Index Name': 'movements_key',
    'Actual Rows': rows,
    ...more,
  });
const above = (type: string, plan: PlanNode, more: Partial<PlanNode> = {}) =>
  node(type, { Plans: [plan], ...more });

const kindsOf = (plan: PlanNode) => faultsOf(plan, tables).map(({ kind }) => kind);

describe('a plan is refused', () => {
  test.each<[string, PlanNode, string[]]>([
    ['reads a whole table of tenants', node('Seq Scan', { 'Relation Name': 'items' }), ['whole table']],
    [
      'reads it deep within',
      above('Limit', above('Sort', node('Seq Scan', { 'Relation Name': 'items' }))),
      ['whole table'],
    ],
    ['sorts more than a page', above('Sort', scan(511)), ['large sort']],
    ['hashes more than a page', above('Hash', scan(511)), ['large sort']],
    [
      'groups more than a page in a hash',
      above('Aggregate', scan(511), { Strategy: 'Hashed' }),
      ['large sort'],
    ],
    ['sorts it in many turns', above('Sort', scan(10, { 'Actual Loops': 60 })), ['large sort']],
    ['looks at many rows', above('Limit', scan(5_001)), ['many rows']],
    ['looks at many pages of an index', scan(1, { 'Shared Hit Blocks': 412 }), ['many rows']],
    ['looks at many rows that it leaves out', scan(1, { 'Rows Removed by Filter': 5_000 }), ['many rows']],
  ])('that %s', (_, plan, kinds) => {
    expect(kindsOf(plan)).toEqual(kinds);
  });
});

describe('a plan is accepted', () => {
  test.each<[string, PlanNode]>([
    ['reads a whole table of the platform', node('Seq Scan', { 'Relation Name': 'context_keys' })],
    ['sorts a page', above('Sort', scan(201))],
    ['looks at the pages of its rows', scan(100, { 'Shared Hit Blocks': 700 })],
    [
      'has the pages below it',
      above('Index Scan', scan(300, { 'Shared Hit Blocks': 1_200 }), { 'Shared Read Blocks': 1_205 }),
    ],
    ['counts many rows in their order', above('Aggregate', scan(3_000), { Strategy: 'Sorted' })],
    ['has the rows of a subplan below a sort', above('Sort', scan(3_000, { 'Subplan Name': 'InitPlan 1' }))],
  ])('that %s', (_, plan) => {
    expect(kindsOf(plan)).toEqual([]);
  });
});

describe('the shape of a plan', () => {
  test('is the same whatever hands on its rows', () => {
    const plain = above('Nested Loop', scan(1));
    expect(shapeOf(above('Limit', above('Nested Loop', above('Memoize', scan(9)))))).toBe(shapeOf(plain));
    expect(shapeOf(node('Result'))).toBe('');
  });

  test('is another one with another index, direction or join', () => {
    const shapes = [
      scan(1),
      scan(1, { 'Index Name': 'movements_of_item' }),
      scan(1, { 'Scan Direction': 'Backward' }),
      above('Nested Loop', scan(1)),
      above('Nested Loop', scan(1), { 'Join Type': 'Left' }),
    ].map((plan) => shapeOf(plan));
    expect(new Set(shapes).size).toBe(shapes.length);
  });

  test('does not name the index of a tiny table', () => {
    const tiny = new Set(['movements']);
    const other = scan(1, { 'Index Name': 'movements_of_item' });
    expect(shapeOf(scan(1), tiny)).toBe(shapeOf(other, tiny));
    expect(shapeOf(scan(1), tiny)).not.toBe(
      shapeOf(node('Seq Scan', { 'Relation Name': 'movements' }), tiny),
    );
  });
});
