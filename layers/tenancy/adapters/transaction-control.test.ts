import { expect, test } from 'vitest';
import { controlOf } from './transaction-control.ts';

test.each([
  ['begin', 'BEGIN'],
  ['begin', ' start transaction isolation level serializable'],
  ['commit', 'Commit;'],
  ['commit', '\n;;\tend work'],
  ['commit', '/* a /* b */ c */-- d\r\ncommit'],
  ['commit', "prepare/**/transaction 'x'"],
  ['rollback', 'rollback'],
  ['rollback', 'rollback to_be'],
  ['rollback', 'abort/* to */work and chain'],
  ['none', 'rollback to before'],
  ['none', 'ROLLBACK work/**/TO savepoint before'],
  ['none', 'prepare transactions as select 1'],
  ['none', 'commitment'],
  ['none', '/* commit'],
  ['none', '-- commit'],
  ['none', "select 'x'; commit"],
  ['none', ''],
])('%s: %j', (control, text) => {
  expect(controlOf(text)).toBe(control);
});
