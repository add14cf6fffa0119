import { DatabaseError } from 'pg';
import { expect, test } from 'vitest';
import { locateSqlError, MigrationError, sqlstateOf } from './migration-error.ts';

const content = "select 1;\n-- 💡\nselect 'é', nothing;\n";
const second = {
  file: '000007_x.sql',
  content,
  start: content.indexOf("select 'é'"),
  text: "select 'é', nothing",
};

/** An error as Postgres sends it. */
function sqlError(message: string, fields: Partial<DatabaseError> = {}): DatabaseError {
  return Object.assign(new DatabaseError(message, message.length, 'error'), { code: '42703', ...fields });
}

test('a migration error says what to do, and is no fault of the program', () => {
  const cause = new Error('why');
  const error = new MigrationError('what', 'do this', { cause });
  expect(error).toMatchObject({
    name: 'MigrationError',
    message: 'what',
    remedy: 'do this',
    cause,
  });
});

test('the SQLSTATE is that of Postgres, and of nobody else', () => {
  expect(sqlstateOf(sqlError('x'))).toBe('42703');
  expect(sqlstateOf(Object.assign(new Error('x'), { code: '42703' }))).toBeUndefined();
  expect(sqlstateOf(undefined)).toBeUndefined();
});

test.each([
  ['at its position', { position: '13' }, '3:13'],
  ['at its first character', { position: '1' }, '3:1'],
  ['at the start of the statement where Postgres names no position', {}, '3:1'],
])('an error of a statement is located %s, in characters', (_, fields, place) => {
  const cause = sqlError('column "nothing" does not exist', fields);
  expect(locateSqlError(cause, second)).toMatchObject({
    message: `000007_x.sql:${place}: column "nothing" does not exist (SQLSTATE 42703)`,
    remedy: 'Nothing of this file was kept. Correct the file and run again.',
    cause,
  });
});

test('detail, hint and context follow on lines of their own', () => {
  const error = sqlError('x', { detail: 'the detail', hint: 'the hint', where: 'the context' });
  expect((locateSqlError(error, second) as Error).message).toBe(
    '000007_x.sql:3:1: x (SQLSTATE 42703)\n  the detail\n  hint: the hint\n  where: the context',
  );
});

test('a message of more than 200 characters is cut, and fits on one line', () => {
  const cut = locateSqlError(sqlError(`a\n${'x'.repeat(199)}`), second) as Error;
  expect(cut.message).toBe(`000007_x.sql:3:1: a ${'x'.repeat(198)} … (SQLSTATE 42703)`);
  const whole = locateSqlError(sqlError('x'.repeat(200)), second) as Error;
  expect(whole.message).toContain(`${'x'.repeat(200)} (SQLSTATE`);
});

test('what Postgres has not sent stays what it is', () => {
  const lost = new Error('the connection was lost');
  expect(locateSqlError(lost, second)).toBe(lost);
});
