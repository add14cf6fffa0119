import { expect, test } from 'vitest';
import { splitStatements } from '../../script/sql-statements.ts';
import type { Table } from '../application.ts';
import { fileOf, topicOf } from './draft.ts';

test('a name with a line end does not end the comment that it stands in', () => {
  const file = fileOf({ topic: 'odd', why: 'Expand: "line\nend" and "re\rturn".', statements: ['select 1'] });
  expect(file).toBe('-- Expand: "line\n-- end" and "re\n-- turn".\nselect 1;\n');
  expect(splitStatements(file).map(({ text }) => text)).toEqual(['select 1']);
});

test.each([
  ['public', 'orders_wall'],
  ['shop', 'shop_orders_wall'],
])('the topic of a step has the table, and its schema unless that is public: %s', (schema, topic) => {
  expect(topicOf({ schema, plainName: 'orders' } as Table, 'wall')).toBe(topic);
});
