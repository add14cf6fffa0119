import { expect, inject, test } from 'vitest';
import { type PlansOptions, provePlans } from '../prove/isolation/plans/plans.ts';

const prove = (options: PlansOptions = {}) =>
  provePlans(inject('clusterUrl'), inject('templateDatabase'), options);

test('plans, rows, their order and errors do not depend on the values of another organization', async () => {
  const { columns, statements, differences } = await prove();
  expect(differences).toEqual([]);
  expect(columns).toBeGreaterThan(100);
  expect(statements).toBeGreaterThan(2_000);
});

test('a difference is found where statistics of one column are gathered', async () => {
  const gather = 'alter table inventory.items alter column sku set statistics 100';
  const { differences } = await prove({ table: 'inventory.items', prepare: (clone) => clone.run(gather) });
  expect(differences.join('\n')).toMatch(/select from inventory\.items.* where \(sku < /);
});
