import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { environment } from '#platform/environment.ts';
import { beat } from '#recovery/heartbeat.ts';
import type { ProofOutcome } from '#recovery/proofs/proof.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { seedOf } from '#tests/prepared-cluster.ts';
import { asSuperuser, type Clone, cloneDatabase } from '../prove/clone.ts';
import { asJobs } from '../prove/reconciliation/fixture.ts';
import { databaseName } from '../prove/recovery/backed-up.ts';
import { createRecoveryFixture, type RecoveryFixture, type RestoredCopy } from '../prove/recovery/fixture.ts';
import { run } from './run.ts';

let fixture: RecoveryFixture;
let production: string;
/** Restored from a base backup of the same cluster: nothing in their files distinguishes the two. */
let restored: RestoredCopy;
/** A database in it, of the test's own. */
let clone: Clone;
let copy: string;
let at: string;

beforeAll(async () => {
  fixture = await createRecoveryFixture(seedOf(inject('preparedCluster')));
  production = fixture.world.adminUrl;
  restored = await fixture.restore();
  const { rows } = await asSuperuser(restored.databaseUrl, (client) =>
    client.query('select max(at) as at from recovery.heartbeats'),
  );
  // Seals are a minute in the making.
  at = new Date(rows[0].at.getTime() + 120_000).toISOString();
}, 120_000);
afterAll(async () => {
  await restored?.[Symbol.asyncDispose]();
  await fixture?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  clone = await cloneDatabase(restored.databaseUrl, databaseName);
  copy = clone.url;
});
afterEach(() => clone[Symbol.asyncDispose]());

const execute = (url: string, sql: string) => asSuperuser(url, (client) => client.query(sql));

const beyondAws = {
  [environment.evidenceBucket]: '',
  [environment.dbInstanceIdentifier]: '',
  AWS_REGION: '',
};

async function verify(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { exitCode, stdout, stderr } = await run(
    'recovery/verify-backup.ts',
    ['--json', '--data', '/nonexistent', ...args],
    env,
  );
  // biome-ignore lint/suspicious/noExplicitAny: what it is, is what the tests ask
  const json = JSON.parse(stdout || stderr) as any;
  const verdicts = Object.fromEntries(
    ((json.outcomes ?? []) as ProofOutcome[]).map(({ proof, verdict }) => [proof, verdict]),
  );
  return { code: exitCode, json, verdicts };
}
const theCopy = () => ['--copy', copy, '--at', at];

test('a copy that somebody has restored is proven, and held against anchors and production', async () => {
  await execute(production, 'select recovery.beat()');
  const whole = ['--copy', restored.databaseUrl, '--at', at];
  const { code, json } = await verify([...whole, '--database-url', production]);
  expect([code, json.ok, json.counts]).toEqual([
    0,
    true,
    { passed: 10, failed: 0, 'could not run': 0, 'does not apply': 1 },
  ]);
  expect(json.asOf).toBe(at);
  expect(JSON.stringify(json)).not.toContain(decodeURIComponent(new URL(restored.databaseUrl).password));
}, 60_000);

test('production itself is refused, whatever it is called by, and before anything is locked', async () => {
  const other = new URL(production);
  other.hostname = 'localhost';
  const { code, json } = await verify(['--copy', other.href, '--at', at, '--database-url', production]);
  expect([code, json.error]).toEqual([
    1,
    expect.objectContaining({ message: expect.stringContaining('it is production') }),
  ]);
  expect(json.error.remedy).toContain('lock every table');
});

test('a database in use, or one that may be production, is refused', async () => {
  await asJobs(copy, beat);
  const fresh = await verify(theCopy());
  expect([fresh.code, fresh.json.error.message]).toEqual([
    1,
    expect.stringMatching(/heartbeat is .* old, so it may be/),
  ]);
  const somebody = new Client(loginUrl(copy, 'stockade_api'));
  await somebody.connect();
  const used = await verify([...theCopy(), '--database-url', production]);
  await somebody.end();
  expect([used.code, used.json.error.message]).toEqual([
    1,
    expect.stringContaining('it is in use by stockade_api'),
  ]);
});

/** As long ago as a copy is. */
async function age(): Promise<string> {
  await execute(
    copy,
    `begin; set local session_replication_role = replica;
    update recovery.heartbeats set at = at - interval '1 hour'; commit`,
  );
  return new Date(Date.parse(at) - 3_600_000).toISOString();
}

test('beyond AWS the copy that knows of anchors says that nobody has asked them; with none they do not apply', async () => {
  const then = await age();
  const unasked = await verify(['--copy', copy, '--at', then], beyondAws);
  expect([unasked.code, unasked.verdicts]).toEqual([
    1,
    expect.objectContaining({
      organizations: 'could not run',
      seals: 'could not run',
      loss: 'does not apply',
      balances: 'passed',
      indexes: 'passed',
      heartbeat: 'passed',
    }),
  ]);
  await execute(
    copy,
    'alter table inventory.seal_anchors disable trigger all; delete from inventory.seal_anchors; alter table inventory.seal_anchors enable trigger all',
  );
  const { rows } = await execute(
    copy,
    `select tgname as name from pg_trigger where tgrelid = 'inventory.seal_anchors'::regclass and not tgisinternal`,
  );
  for (const { name } of rows)
    await execute(copy, `alter table inventory.seal_anchors enable always trigger ${name}`);
  const alone = await verify(['--copy', copy, '--at', then], beyondAws);
  expect([alone.code, alone.json.counts, alone.verdicts]).toEqual([
    0,
    { passed: 7, failed: 0, 'could not run': 0, 'does not apply': 4 },
    expect.objectContaining({
      organizations: 'does not apply',
      seals: 'does not apply',
      loss: 'does not apply',
    }),
  ]);
  const { stdout } = await run(
    'recovery/verify-backup.ts',
    ['--copy', copy, '--at', then, '--data', '/nonexistent'],
    beyondAws,
  );
  expect(stdout.split('These do not apply here and do not count as passed:')[1]).toMatch(/seals[\s\S]*loss/);
  expect(stdout).toContain('7 passed, 0 failed, 0 could not run, 4 not applicable.');

  // A seal that does not follow is a fault, anchors or not.
  await execute(
    copy,
    `begin; set local session_replication_role = replica;
     alter table inventory.seals disable trigger all;
     update inventory.seals set hash = sha256('other') where seq = 1; alter table inventory.seals enable trigger all; commit`,
  );
  const altered = await verify(['--copy', copy, '--at', then], beyondAws);
  expect([altered.code, altered.verdicts.seals]).toEqual([1, 'failed']);
}, 90_000);

test('another time than that of the copy is found, and without one it is not begun', async () => {
  await age();
  const wrong = await verify(['--copy', copy, '--at', at], { ...beyondAws, DATABASE_URL: production });
  expect([wrong.code, wrong.verdicts.heartbeat]).toEqual([1, 'failed']);
  for (const args of [
    ['--copy', copy],
    [...theCopy(), '--keep'],
    [...theCopy(), '--snapshot', 's'],
  ]) {
    expect((await verify(args)).code).toBe(2);
  }
  const nowhere = await verify(['--copy', 'postgres://postgres@127.0.0.1:9/x', '--at', at]);
  expect([nowhere.code, nowhere.json.error.message]).toEqual([1, expect.stringContaining('cannot reach')]);
}, 30_000);

test('an organization is not taken out of production to be brought back into it', async () => {
  const { exitCode, stderr } = await run('recovery/restore-org.ts', [
    ...['--org', 'acme', '--dry-run', '--json'],
    ...['--from', `${production}?application_name=another`, '--database-url', production],
  ]);
  expect(exitCode).toBe(1);
  expect(JSON.parse(stderr).error.message).toBe('--from names production itself, not a copy of it');
});
