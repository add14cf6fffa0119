import { expect, test } from 'vitest';
import { splitStatements } from '../../script/sql-statements.ts';
import { fileOf } from './draft.ts';

test('a name with a line end does not end the comment that it stands in', () => {
  const file = fileOf({ topic: 'odd', why: 'Expand: "line\nend" and "re\rturn".', statements: ['select 1'] });
  expect(file).toBe('-- Expand: "line\n-- end" and "re\n-- turn".\nselect 1;\n');
  expect(splitStatements(file).map(({ text }) => text)).toEqual(['select 1']);
});
