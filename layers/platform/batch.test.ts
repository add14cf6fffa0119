import type { EventEmitter } from 'node:events';
import { Client } from 'pg';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { sendBatch } from './batch.ts';

let client: Client;
let syncs: number;

beforeEach(async () => {
  client = new Client({ connectionString: inject('clusterUrl'), pipeline: true } as object);
  await client.connect();
  syncs = 0;
  const { connection } = client as unknown as { connection: EventEmitter };
  connection.on('readyForQuery', () => {
    syncs += 1;
  });
});

afterEach(() => client.end());

const one = { text: 'select $1::int as n', values: [1] };
const failing = { text: 'select 1 / $1::int', values: [0] };

test('answers what the last statement answers, however much those ahead of it do', async () => {
  const ahead = [
    { text: 'begin', values: [] },
    { text: 'select generate_series(1, $1::int)', values: [3] },
  ];
  const { rows, command } = await sendBatch(client, {
    ahead,
    statement: {
      text: 'select $1::text[] as names, $2::bytea as bytes',
      values: [['a', 'b"\\'], Buffer.from('x')],
    },
    ending: 'commit',
  });
  expect(rows).toEqual([{ names: ['a', 'b"\\'], bytes: Buffer.from('x') }]);
  expect(command).toBe('SELECT');
  expect(client.getTransactionStatus()).toBe('I');
});

test('is one message to the server: one Sync for all of it', async () => {
  await sendBatch(client, { ahead: [one, one, one], statement: one });
  expect(syncs).toBe(1);
});

test('a failure ahead is the failure of all, and nothing behind it happens', async () => {
  const answers = await Promise.allSettled([
    sendBatch(client, {
      ahead: [{ text: 'begin', values: [] }, failing],
      statement: { text: `select set_config('stockade.batch', $1, false)`, values: ['reached'] },
      ending: 'commit',
    }),
    client.query('rollback'),
    client.query(`select current_setting('stockade.batch', true) as reached`),
  ]);
  expect(answers[0]).toMatchObject({ status: 'rejected', reason: { code: '22012' } });
  expect(answers[2]).toMatchObject({ status: 'fulfilled', value: { rows: [{ reached: null }] } });
});

test('ten of them at once answer each its own', async () => {
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, n) =>
      sendBatch(client, { ahead: [one], statement: { ...one, values: [n] } }),
    ),
  );
  expect(answers.map(({ rows }) => rows[0]?.n)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});
