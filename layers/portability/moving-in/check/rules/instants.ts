import type { RowRule } from '../rule.ts';

const columns = [
  ['users', 'created_at'],
  ['items', 'created_at'],
  ['locations', 'created_at'],
  ['movements', 'occurred_at'],
  ['movements', 'recorded_at'],
] as const;

/** Instants are finite, and of years that the API can write. */
export const instants: RowRule[] = columns.map(([table, column]) => ({
  id: 'instant',
  table,
  fits: `isfinite(t.${column}) and t.${column} >= '1900-01-01Z' and t.${column} < '10000-01-01Z'`,
  value: `'${column} ' || t.${column}`,
  rule: 'an instant is in the years 1900 to 9999',
  remedy: `Write when it was (update inventory.${table} set ${column} = … where id = …).`,
}));
