import { Client } from 'pg';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { recordWire, type WireRecorder } from './recorder.ts';

let wire: WireRecorder;
let client: Client;

beforeEach(async () => {
  wire = await recordWire(inject('clusterUrl'), { keepAnswers: true });
  client = new Client({ connectionString: wire.through(inject('clusterUrl')), pipeline: true });
  await client.connect();
});

afterEach(async () => {
  await client.end();
  await wire.close();
});

test('what travels together is one round trip, whatever its size', async () => {
  const big = 'x'.repeat(1_000_000);
  const sent = [
    client.query('begin'),
    client.query('select $1::text', [big]),
    client.query('select length($1)', [big]),
    client.query('commit'),
  ];
  await Promise.all(sent);
  expect(wire.exchanges()).toEqual([
    { statements: ['begin', 'select $1::text', 'select length($1)', 'commit'], roundTrips: 1 },
  ]);
});

test('what waits for an answer is another round trip', async () => {
  await client.query('begin');
  await Promise.all([client.query('select 1'), client.query('select 2')]);
  await client.query('rollback');
  await client.query('select 3');
  expect(wire.exchanges().map(({ roundTrips }) => roundTrips)).toEqual([3, 1]);
});

test('a failed pipeline is one exchange, ended by its rollback', async () => {
  const sent = ['begin', 'select 1 / 0', 'select 2', 'commit'].map((text) => client.query(text));
  await Promise.allSettled(sent);
  expect(wire.exchanges()).toMatchObject([{ roundTrips: 1 }]);
});

test('what is under way when it is forgotten is forgotten', async () => {
  const other = new Client(inject('clusterUrl'));
  await other.connect();
  await other.query('select pg_advisory_lock(7, 7)');
  const waits = client.query('select pg_advisory_xact_lock(7, 7)');
  const waiting = `select count(*)::int as n from pg_locks where locktype = 'advisory' and classid = 7 and not granted
    and database = (select oid from pg_database where datname = current_database())`;
  await expect.poll(async () => (await other.query(waiting)).rows[0].n).toBe(1);
  wire.forget();
  await other.end();
  await waits;
  expect(wire.exchanges()).toEqual([]);
  await client.query('select 1');
  expect(wire.exchanges()).toEqual([{ statements: ['select 1'], roundTrips: 1 }]);
});

test('a named statement is a fault, an unnamed one is none', async () => {
  await client.query({ text: 'select $1::int', values: [1] });
  expect(await wire.faults()).toEqual([]);
  await client.query({ name: 'one', text: 'select $1::int + 1', values: [1] });
  expect(await wire.faults()).toEqual(['a named statement stays in the session: select $1::int + 1']);
});

test('a statement that pins is a fault, ever after', async () => {
  await client.query('set work_mem = 1000');
  wire.forget();
  expect(await wire.faults()).toEqual(['SET and RESET change the session: set work_mem = 1000']);
});

test('a credential that was a parameter once may be in no text', async () => {
  const digest = Buffer.alloc(32, 7);
  const enter = (text: string, values: unknown[]) => client.query(text, values).catch(() => {});
  await enter('call tenancy.enter_with_key($1, $2, $3, $4)', ['Kkkkkkkkkkk1', digest, 'read', []]);
  expect(await wire.faults()).toEqual([]);
  for (const text of [`select 'Kkkkkkkkkkk1'`, `select '\\x${digest.toString('hex')}'::bytea`]) {
    await client.query(text);
    expect(await wire.faults()).toContain(`a credential is in the text: ${text}`);
  }
  await enter('call tenancy.enter_with_pass($1, $2, $3)', ['k|1|ada|00', 'read', []]);
  await client.query(`select 'k|1|ada|00'`);
  expect(await wire.faults()).toContain(`a credential is in the text: select 'k|1|ada|00'`);
});

test('everything the server says is kept', async () => {
  await client.query(`select 'canary'`);
  await client.query(`do $$ begin raise notice 'in a notice'; end $$`);
  await client.query(`select 'in an error'::int`).catch(() => {});
  const answers = wire.answers().toString();
  expect(['canary', 'in a notice', 'in an error'].filter((text) => !answers.includes(text))).toEqual([]);
});
