import type { Client } from 'pg';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { handler as beat } from '#functions/jobs/heartbeat.lambda.ts';
import { handler as reconcile } from '#functions/jobs/reconcile-balances.lambda.ts';
import { handler as tidy } from '#functions/jobs/tidy.lambda.ts';
import { environment } from '#platform/environment.ts';
import { log } from '#platform/log.ts';
import { closeDatabase } from '#platform/postgres/database.ts';
import { describeFailure } from '#scripts/cli/failure.ts';
import { fillTable, fillTemporaryFiles, hasFullDisk } from '#tests/full-disk.ts';
import { commitMarks, openRelay, type Point } from '#tests/prove/faults/relay.ts';
import { type Answer, type Caller, openWorld } from '#tests/world.ts';

const world = openWorld();
const logged = { warn: vi.spyOn(log, 'warn'), error: vi.spyOn(log, 'error') };
const undo: (() => Promise<unknown>)[] = [];
let superuser: Client;
let acme: Caller;
let created = 0;

beforeAll(async () => {
  superuser = await world.superuser();
  acme = await world.createOrganization();
});
afterEach(async () => {
  await closeDatabase();
  for (const step of undo.splice(0)) await step();
  for (const spy of Object.values(logged)) spy.mockClear();
});

const create = () => acme.request('POST', '/v1/items', { sku: `S-${++created}`, name: 'x' });
const ready = () => world.request('GET', '/ready');
const database = () => new URL(world.adminUrl).pathname.slice(1);

/** An answer that says what is wrong and when to come back; the log has the reason, and no stack. */
function expectUnavailable(answer: Answer, detail: string, seconds: number): void {
  expect([answer.status, answer.body.code, answer.body.detail]).toEqual([503, 'unavailable', detail]);
  expect(answer.headers.get('retry-after')).toBe(String(seconds));
  expect(logged.error.mock.calls).toEqual([]);
  expect(logged.warn.mock.calls.map(([message]) => message)).toEqual([detail]);
  expect(JSON.stringify(logged.warn.mock.calls)).not.toMatch(/stack|\.ts:/);
  logged.warn.mockClear();
}

/** Why a job has failed, in one line. */
async function failureOf(work: () => Promise<unknown>): Promise<string> {
  const failure = (await work().catch((error: unknown) => error)) as Error;
  expect(failure).toBeInstanceOf(Error);
  expect(failure.stack).toBe(`${failure.name}: ${failure.message}`);
  expect(failure.message).not.toContain('\n');
  expect(describeFailure(failure)).not.toHaveProperty('stack', expect.any(String));
  return failure.message;
}

const context = { getRemainingTimeInMillis: () => 600_000 } as never;
const full = 'The disk of the database is full: try again.';

describe.skipIf(!hasFullDisk)('a full disk', () => {
  async function fill(table: string): Promise<void> {
    await closeDatabase();
    undo.push(await fillTable(superuser, table));
  }

  test('is a 503 for a request that writes, and the request can be repeated once there is room', async () => {
    await fill('inventory.items');
    expectUnavailable(await create(), full, 30);
    await closeDatabase();
    await undo.pop()?.();
    expect((await create()).status).toBe(201);
  });

  test('is said by /ready', async () => {
    expect((await ready()).status).toBe(200);
    undo.push(await fillTemporaryFiles(superuser, 'stockade_api'));
    expectUnavailable(await ready(), full, 30);
  });

  test('fails a job in one line', async () => {
    await fill('recovery.heartbeats');
    expect(await failureOf(beat)).toMatch(
      /^The disk of the database is full: try again\. \(53100: could not extend file .*: No space left on device\)$/,
    );
  });
});

describe('a server without a free connection', () => {
  const none = 'The database has no free connection: try again.';
  const refuse = async () => {
    await closeDatabase();
    await superuser.query(`alter database ${database()} connection limit 0`);
    undo.push(() => superuser.query(`alter database ${database()} connection limit -1`));
  };

  test('is a 503 for every request, and said by /ready', async () => {
    await refuse();
    for (const ask of [create, () => acme.request('GET', '/v1/items'), ready])
      expectUnavailable(await ask(), none, 2);
  });

  test('fails a job in one line', async () => {
    await refuse();
    for (const work of [beat, () => tidy({}, context), () => reconcile({}, context)])
      expect(await failureOf(work)).toBe(none);
  });
});

describe('a database that takes no writes', () => {
  const closed = 'The database takes no writes at the moment: try again.';
  const close = async () => {
    await closeDatabase();
    await superuser.query(`alter database ${database()} set default_transaction_read_only = on`);
    undo.push(() => superuser.query(`alter database ${database()} reset default_transaction_read_only`));
  };

  test('is a 503 for a request that writes, and said by /ready; others are served', async () => {
    await close();
    expectUnavailable(await create(), closed, 2);
    expectUnavailable(await ready(), closed, 2);
    expect((await acme.request('GET', '/v1/items')).status).toBe(200);
  });

  test('fails a job in one line, at the first organization', async () => {
    await world.createOrganization();
    await close();
    for (const work of [beat, () => tidy({}, context), () => reconcile({}, context)])
      expect(await failureOf(work)).toMatch(
        /^The database takes no writes at the moment: try again\. \(25006: /,
      );
    expect(logged.error.mock.calls).toEqual([]);
  });
});

describe.each([
  ['57P01', 'The database is restarting: try again.', 2],
  ['57P02', 'The database is restarting: try again.', 2],
  ['57P03', 'The database is starting: try again.', 2],
  ['57P04', 'The database is gone at the moment: try again.', 30],
  ['57P05', 'The database ended the connection: try again.', 2],
  ['58030', 'The disk of the database fails: try again.', 30],
  ['53000', 'The database lacks resources: try again.', 2],
  ['53200', 'The database is out of memory: try again.', 2],
  ['53400', 'The request met a limit of the database: try again.', 2],
])('a server that answers %s', (code, detail, seconds) => {
  test('is a 503, and said by /ready', async () => {
    const { rows } = await superuser.query(
      `select pg_get_functiondef('tenancy.assert_can_write'::regproc) as before`,
    );
    await superuser.query(`
      create or replace function tenancy.assert_can_write() returns void language plpgsql as
      $$ begin raise exception 'x' using errcode = '${code}'; end $$;
      create function public.fail() returns trigger language plpgsql as
      $$ begin raise exception 'x' using errcode = '${code}'; end $$;
      create trigger fails before insert on inventory.items execute function public.fail()`);
    undo.push(() =>
      superuser.query(
        `drop trigger fails on inventory.items; drop function public.fail(); ${rows[0].before}`,
      ),
    );
    expectUnavailable(await create(), detail, seconds);
    expectUnavailable(await ready(), detail, seconds);
  });
});

describe('a connection that is lost at COMMIT', () => {
  const lose = async (at: Point, variable: string = environment.databaseUrl) => {
    await closeDatabase();
    const url = process.env[variable] ?? '';
    const relay = await openRelay(url, commitMarks);
    process.env[variable] = relay.through(url);
    relay.follow({ how: 'cut', at: [at], every: 1 });
    undo.push(async () => {
      process.env[variable] = url;
      await relay.close();
    });
    return relay;
  };

  test.each([
    ['before', false],
    ['behind', true],
    ['answer', true],
  ] as const)(
    '%s leaves a write unknown, and a repetition with its key takes effect once',
    async (at, hasStored) => {
      const relay = await lose(at);
      const sku = `UNKNOWN-${at}`;
      const ask = () => acme.request('POST', '/v1/items', { sku, name: sku }, { 'idempotency-key': sku });
      const { status, headers, body } = await ask();
      expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'outcome_unknown', '2']);
      expect(body.detail).toContain('it may be stored or not');
      relay.follow(undefined);
      const again = await ask();
      expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([
        201,
        hasStored ? 'true' : null,
      ]);
    },
  );

  describe.each(['before', 'behind', 'answer'] as const)('%s', (at) => {
    test.each<[string, (slug: string) => [path: string, body: unknown], string]>([
      ['creating', (slug) => ['', { slug: `${slug}-new`, name: 'x' }], 'active'],
      ['suspending', (slug) => [`/${slug}/suspend`, {}], 'suspended'],
      ['resuming', (slug) => [`/${slug}/resume`, undefined], 'active'],
    ])(
      'leaves %s an organization unknown, and repeating it finds what is there',
      async (_, request, status) => {
        const { slug } = await world.createOrganization();
        const [path, body] = request(slug);
        const ask = () => world.operator.request('POST', `/platform/organizations${path}`, body);
        const relay = await lose(at, environment.adminDatabaseUrl);
        const lost = await ask();
        expect([lost.status, lost.body.code]).toEqual([503, 'outcome_unknown']);
        expect(lost.headers.get('retry-after')).toBe('2');
        relay.follow(undefined);
        const again = await ask();
        // A second creation finds the first one, unless it was lost.
        if (path === '') expect([again.status, at]).toEqual([at === 'before' ? 201 : 409, at]);
        else expect(again.body).toMatchObject({ slug, status });
      },
    );
  });
});
