import type { Client } from 'pg';
import { expect, inject, test } from 'vitest';
import { withRole } from './connect.ts';

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

test('the error of failed work is passed on, and its connection is closed', async () => {
  let kept: Client | undefined;
  const failing = withRole(url, 'stockade_jobs', async (client) => {
    kept = client;
    await client.query('select 1 / 0');
  });
  await expect(failing).rejects.toMatchObject({ code: '22012' });
  await expect(kept?.query('select 1')).rejects.toThrow();
});
