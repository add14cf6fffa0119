import { expect, test } from 'vitest';
import { splitStatements } from '../script/sql-statements.ts';
import { parseConcurrentIndex } from './concurrent-index.ts';

const parse = (sql: string) => splitStatements(sql).map((statement) => parseConcurrentIndex(statement))[0];

test.each([
  [
    'create index concurrently Items_Name on inventory.items (name)',
    { schema: 'inventory', name: 'items_name' },
  ],
  ['CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY s.t (a)', { schema: 's', name: 'i' }],
  ['create index concurrently /* why */ "I""x" on "S".t (a)', { schema: 'S', name: 'I"x' }],
  ['create index i on s.t (a)', undefined],
  ['create index concurrently on s.t (a)', undefined],
  ['create index concurrently i on t (a)', undefined],
  ['drop index concurrently if exists s.i', undefined],
])('%s', (sql, expected) => {
  expect(parse(sql)).toEqual(expected);
});
