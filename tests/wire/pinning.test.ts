import { expect, test } from 'vitest';
import { maxStatementBytes, pinningFaults } from './pinning.ts';

test.each([
  ['set work_mem = 1', 'SET and RESET'],
  ['SET LOCAL statement_timeout = 0', 'SET and RESET'],
  ['set session characteristics as transaction read only', 'SET and RESET'],
  ['reset all', 'SET and RESET'],
  ['discard all', 'DISCARD'],
  [`select set_config('a.b', 'c', true)`, 'set_config()'],
  [`select (pg_catalog."set_config"('a.b', 'c', false))`, 'set_config()'],
  [`select 1 from t where x = U&"\\0073et_config"('a.b', 'c', false)`, 'set_config()'],
  ['prepare p as select 1', 'PREPARE'],
  ['execute p', 'EXECUTE'],
  ['deallocate all', 'DEALLOCATE'],
  ['declare c cursor for select 1', 'DECLARE'],
  ['listen a', 'LISTEN'],
  ['unlisten *', 'UNLISTEN'],
  [`load 'auto_explain'`, 'LOAD'],
  ['do $$ begin end $$', 'DO hides'],
  ['create temp table t (a int)', 'temporary object'],
  ['create temporary view v as select 1', 'temporary object'],
  ['create temp sequence s', 'temporary object'],
  ['select 1 as a into temp t', 'temporary object'],
  ['create temp table t as select 1', 'temporary object'],
  [`select nextval('s')`, 'nextval()'],
  [`insert into t values (setval('s', 1))`, 'setval()'],
  ['select lastval()', 'lastval()'],
  ['select pg_advisory_lock(1)', 'pg_advisory_lock()'],
  ['with w as (select pg_try_advisory_lock_shared(1, 2)) select from w', 'pg_try_advisory_lock_shared()'],
  ['select pg_advisory_unlock_all()', 'pg_advisory_unlock_all()'],
  ['select 1; select 2', '2 statements'],
  ['selekt 1', 'it is no SQL'],
])('%s pins', async (text, fault) => {
  expect(await pinningFaults(text)).toEqual([expect.stringContaining(fault)]);
});

test.each([
  'begin',
  'begin isolation level serializable',
  'commit',
  'select',
  'call tenancy.enter_with_key($1, $2, $3, $4, $5)',
  'select pg_advisory_xact_lock(1), pg_try_advisory_xact_lock_shared(2)',
  `select 'set work_mem = 1', "set_config" from t`,
  'update t set name = $1 where id = $2 returning id',
])('%s does not', async (text) => {
  expect(await pinningFaults(text)).toEqual([]);
});

test('a statement pins from 16 KB on', async () => {
  const ofBytes = (bytes: number) => `select '${'x'.repeat(bytes - 9)}'`;
  expect(await pinningFaults(ofBytes(maxStatementBytes))).toEqual(['the statement has 16384 bytes']);
  expect(await pinningFaults(ofBytes(maxStatementBytes - 1))).toEqual([]);
});
