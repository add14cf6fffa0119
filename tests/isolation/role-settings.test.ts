import { expect, test } from 'vitest';
import { openWorld } from '#tests/world.ts';

const world = openWorld();

test.each([
  [
    'stockade_api',
    {
      statement_timeout: '15s',
      lock_timeout: '5s',
      idle_in_transaction_session_timeout: '30s',
      client_connection_check_interval: '5s',
    },
  ],
  ['stockade_jobs', { lock_timeout: '30s' }],
  ['stockade_admin', { statement_timeout: '1min', lock_timeout: '5s' }],
] as const)(
  'a session of %s begins with its limits, and looks for no name by itself',
  async (role, settings) => {
    const client = await world.connect(role);
    const names = ['search_path', ...Object.keys(settings)];
    const { rows } = await client.query<{ name: string; value: string }>(
      'select name, current_setting(name) as value from unnest($1::text[]) as name',
      [names],
    );
    expect(Object.fromEntries(rows.map(({ name, value }) => [name, value]))).toEqual({
      search_path: '""',
      ...settings,
    });
  },
);
