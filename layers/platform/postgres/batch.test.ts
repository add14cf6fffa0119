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

test('returns the answer of the last statement, however much the statements before it return', async () => {
  const ahead = [{ text: 'select generate_series(1, $1::int)', values: [3] }];
  const { rows, command } = await sendBatch(client, {
    ahead,
    statement: {
      text: 'select $1::text[] as names, $2::bytea as bytes',
      values: [['a', 'b"\\'], Buffer.from('x')],
    },
  });
  expect(rows).toEqual([{ names: ['a', 'b"\\'], bytes: Buffer.from('x') }]);
  expect(command).toBe('SELECT');
  expect(client.getTransactionStatus()).toBe('I');
});

test('is its own transaction when none is open', async () => {
  const own = (text: string) => ({ text: `select set_config('stockade.own', $1, true)`, values: [text] });
  const seen = { text: `select current_setting('stockade.own', true) as own, now()::text as at`, values: [] };
  const { rows } = await sendBatch(client, { ahead: [own('mine')], statement: seen });
  expect(rows).toMatchObject([{ own: 'mine' }]);
  expect((await client.query(seen)).rows).toMatchObject([{ own: '' }]);
  await client.query('begin');
  await sendBatch(client, { ahead: [own('kept')], statement: one });
  expect((await client.query(seen)).rows).toMatchObject([{ own: 'kept' }]);
  await client.query('rollback');
});

test('is one message to the server: one Sync for all statements', async () => {
  await sendBatch(client, { ahead: [one, one, one], statement: one });
  expect(syncs).toBe(1);
});

test('a value that cannot be sent fails the batch, and nothing of it reaches the server', async () => {
  const unsendable = {
    toPostgres() {
      throw new Error('cannot be sent');
    },
  };
  const own = { text: `select set_config('stockade.own', 'left', true)`, values: [] };
  const refused = sendBatch(client, {
    ahead: [own],
    statement: { text: 'select $1::text', values: [unsendable] },
  });
  await expect(refused).rejects.toThrow('cannot be sent');
  const seen = { text: `select coalesce(current_setting('stockade.own', true), '') as own`, values: [] };
  expect((await sendBatch(client, { ahead: [one], statement: seen })).rows).toEqual([{ own: '' }]);
});

test('if one statement fails, the batch fails and the statements after it do not run', async () => {
  const answers = await Promise.allSettled([
    sendBatch(client, {
      ahead: [failing],
      statement: { text: `select set_config('stockade.batch', $1, false)`, values: ['reached'] },
    }),
    client.query(`select current_setting('stockade.batch', true) as reached`),
  ]);
  expect(answers[0]).toMatchObject({ status: 'rejected', reason: { code: '22012' } });
  expect(answers[1]).toMatchObject({ status: 'fulfilled', value: { rows: [{ reached: null }] } });
});

test('each of ten concurrent batches gets its own answer', async () => {
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, n) =>
      sendBatch(client, { ahead: [one], statement: { ...one, values: [n] } }),
    ),
  );
  expect(answers.map(({ rows }) => rows[0]?.n)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});
