import { Client } from 'pg';
import { expect, inject, test } from 'vitest';
import { withRole } from './connect.ts';
import { inTransaction } from './in-transaction.ts';

const url = inject('clusterUrl');

test.each(['stockade_api', 'stockade_jobs', 'stockade_admin'] as const)(
  'the work is done as %s, under the name of commands, on a connection that is closed behind it',
  async (role) => {
    let kept: Client | undefined;
    const answer = await withRole(url, role, async (client) => {
      kept = client;
      const { rows } = await client.query(
        `select current_user as role, current_setting('application_name') as name`,
      );
      return rows;
    });
    expect(answer).toEqual([{ role, name: 'stockade-command' }]);
    await expect(kept?.query('select 1')).rejects.toThrow();
  },
);

test('work that fails is told as it is, and its connection is closed', async () => {
  let kept: Client | undefined;
  const failing = withRole(url, 'stockade_jobs', async (client) => {
    kept = client;
    await client.query('select 1 / 0');
  });
  await expect(failing).rejects.toMatchObject({ code: '22012' });
  await expect(kept?.query('select 1')).rejects.toThrow();
});

test('a transaction is kept, unless it is a trial or has failed', async () => {
  const client = new Client(url);
  await client.connect();
  try {
    await client.query('create temporary table kept (n int)');
    const add = (n: number, dryRun: boolean, more = '') =>
      inTransaction(client, { dryRun }, async () => {
        const { rows } = await client.query(`insert into kept values (${n}) returning n${more}`);
        return rows[0].n;
      });
    expect(await add(1, false)).toBe(1);
    expect(await add(2, true)).toBe(2);
    await expect(add(3, false, ' / 0')).rejects.toMatchObject({ code: '22012' });
    const failing = inTransaction(client, { dryRun: false }, async () => {
      await client.query('insert into kept values (4)');
      throw new Error('mine');
    });
    await expect(failing).rejects.toThrow('mine');
    expect((await client.query('select n from kept')).rows).toEqual([{ n: 1 }]);
    expect(client.getTransactionStatus()).toBe('I');
  } finally {
    await client.end();
  }
});
