import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { inTransaction, type TransactionOptions } from './transaction.ts';

let client: Client;
beforeAll(async () => {
  client = new Client(inject('clusterUrl'));
  await client.connect();
  await client.query('create temporary table kept (n int primary key)');
});
afterAll(() => client.end());
beforeEach(() => client.query('truncate kept'));

const add = (n: number, options?: TransactionOptions) =>
  inTransaction(
    client,
    async () => (await client.query(`insert into kept values (${n}) returning n`)).rows[0].n,
    options,
  );
const kept = async () => (await client.query('select n from kept order by n')).rows.map(({ n }) => n);

test('work is kept and its result returned', async () => {
  expect(await add(1)).toBe(1);
  expect(await kept()).toEqual([1]);
  expect(client.getTransactionStatus()).toBe('I');
});

test('a dry run returns its result and keeps nothing', async () => {
  expect(await add(2, { ending: 'rollback' })).toBe(2);
  expect(await kept()).toEqual([]);
});

test('it begins with the given statement', async () => {
  const isolation = async () =>
    (await client.query('show transaction_isolation')).rows[0].transaction_isolation;
  expect(await inTransaction(client, isolation, { begin: 'begin isolation level serializable' })).toBe(
    'serializable',
  );
  expect(await inTransaction(client, isolation)).toBe('read committed');
});

test('a setting that is refused at its beginning leaves no transaction open', async () => {
  const refused = add(5, { begin: 'begin; set local role no_such_role' });
  await expect(refused).rejects.toMatchObject({ code: '22023' });
  expect(client.getTransactionStatus()).toBe('I');
});

test.each([
  ['a refused statement', () => client.query('insert into kept values (4), (4)'), { code: '23505' }],
  ['an error of its own', () => Promise.reject(new Error('mine')), { message: 'mine' }],
])('%s undoes all of the work and is thrown', async (_, fail, error) => {
  const failing = inTransaction(client, async () => {
    await client.query('insert into kept values (4)');
    await fail();
  });
  await expect(failing).rejects.toMatchObject(error);
  expect(await kept()).toEqual([]);
  expect(client.getTransactionStatus()).toBe('I');
});

test('work that hides a failure is not kept: Postgres answers COMMIT with ROLLBACK', async () => {
  const hiding = inTransaction(client, () => client.query('select 1 / 0').catch(() => {}));
  await expect(hiding).rejects.toThrow('the database answered commit with ROLLBACK');
});

test('when the connection is lost, the error is that of the work', async () => {
  const lost = new Client(inject('clusterUrl'));
  lost.on('error', () => {});
  await lost.connect();
  const { rows } = await lost.query('select pg_backend_pid() as pid');
  const losing = inTransaction(lost, async () => {
    await client.query('select pg_terminate_backend($1)', [rows[0].pid]);
    await lost.query('select 1');
  });
  await expect(losing).rejects.toThrow(/connection/i);
  await lost.end().catch(() => {});
});

test('a transaction in a transaction is refused: its COMMIT would keep what the outer one undoes', async () => {
  const nested = inTransaction(
    client,
    () => inTransaction(client, () => client.query('insert into kept values (5)')),
    { ending: 'rollback' },
  );
  await expect(nested).rejects.toThrow('inside a transaction already');
  expect(await kept()).toEqual([]);
  expect(await inTransaction(client, async () => 'free again')).toBe('free again');
});
