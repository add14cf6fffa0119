import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { takeLease } from '#audit/reconciliation/runs/lease.ts';
import { anchorKey } from '#audit/seals/anchor-key.ts';
import { patienceMs, waitForLease } from '#scripts/ledger/reconcile/wait-for-lease.ts';
import { paths } from '#scripts/paths.ts';
import { openAws } from '#tests/aws.ts';
import { openBooks } from '#tests/reconciliation/books.ts';
import { run } from './run.ts';

const books = openBooks();
const aws = openAws();

const reconcile = (...args: string[]) =>
  run('ledger/reconcile-balances.ts', args, { DATABASE_URL: books.world.adminUrl });

/** How many commands wait for a lock. */
async function waiting(): Promise<number | null> {
  const { rowCount } = await books.superuser.query(
    `select from pg_stat_activity where application_name = 'stockade-command' and wait_event_type = 'Lock'
       and datname = current_database()`,
  );
  return rowCount;
}

test('finds, shows, leaves, previews, applies: exit code 1 for as long as something is wrong', async () => {
  const acme = await books.organization();
  const clean = await reconcile('--org', acme.slug);
  expect(clean).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/4 balances against 8 movements, all correct; sealed up to seal 1\n$/),
  });

  await books.write(acme, 'A', 'on_hand = on_hand * 2');
  const preview = await reconcile('--org', acme.slug, '--full', '--dry-run');
  expect(preview).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining('would be left: A at MAIN: stored: 200 on hand'),
  });

  const before = aws.alerts().length;
  const left = await reconcile('--org', acme.slug, '--full');
  expect(left.exitCode).toBe(1);
  const alerts = aws.alerts().slice(before);
  expect(alerts).toMatchObject([
    { name: 'BalanceDiscrepancy', subject: `${acme.slug}: 1 balance differs from its movements` },
  ]);
  expect(alerts[0]?.message).toContain('A at MAIN: stored: 200 on hand');
  const [, runId = ''] = /--apply (\S+) --dry-run/.exec(left.stdout) ?? [];
  expect(await reconcile('--org', acme.slug, '--apply', runId, '--dry-run')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('would be applied: A at MAIN'),
  });
  expect(await books.stored(acme, 'A')).toMatchObject({ onHand: 200 });
  const applied = await reconcile('--org', acme.slug, '--apply', runId, '--json');
  expect(applied.exitCode).toBe(0);
  expect(JSON.parse(applied.stdout)).toMatchObject({
    applied: [{ outcome: 'applied', sku: 'A', location: 'MAIN', lot: null, stored: { onHand: 200 } }],
  });
  expect(await books.stored(acme, 'A')).toMatchObject({ onHand: 100 });
  expect((await reconcile('--org', acme.slug, '--full')).exitCode).toBe(0);
});

test('of several organizations, one with a discrepancy is enough for exit code 1', async () => {
  const [right, wrong] = [await books.organization(), await books.organization()];
  for (const { slug } of [right, wrong]) await reconcile('--org', slug);
  await books.write(wrong, 'A', 'on_hand = on_hand * 2');
  const preview = await reconcile('--full', '--dry-run', '--json');
  expect(preview.exitCode).toBe(1);
  const outcomes = JSON.parse(preview.stdout).map(
    ({ organization, differences }: { organization: string; differences: unknown[] }) => [
      organization,
      differences.length,
    ],
  );
  expect(outcomes).toContainEqual([right.slug, 0]);
  expect(outcomes).toContainEqual([wrong.slug, 1]);
});

test('a seal that could not be anchored: exit code 1 of both commands, and 0 once it is', async () => {
  const acme = await books.organization();
  const seal = () => run('ledger/seal.ts', ['--org', acme.slug], { DATABASE_URL: books.world.adminUrl });
  aws.local.s3.faults.inject('denied', { operation: 'PutObject' });
  expect(await reconcile('--org', acme.slug)).toMatchObject({
    exitCode: 1,
    stdout: expect.stringMatching(
      /all correct; sealed up to seal 1, not anchored yet \(S3 PutObject .*\)\n$/,
    ),
  });
  expect((await seal()).exitCode).toBe(1);
  aws.local.s3.faults.clear();
  expect(await reconcile('--org', acme.slug)).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('nothing new to seal'),
  });
});

test.each([
  [['--apply', '0197b6b2-1c1e-7a30-9d2f-3a5e0c7b1d42'], 2, '--apply needs the organization'],
  [['--org', 'nobody-here'], 1, 'there is no organization "nobody-here"'],
  [['--org', 'x', '--apply', 'y'], 2, 'It must be the id of a run'],
])('%s: exit code %i', async (args, exitCode, message) => {
  const outcome = await reconcile(...args);
  expect(outcome.exitCode).toBe(exitCode);
  expect(outcome.stderr).toContain(message);
});

test('an alert that cannot be published is reported, and fails nothing', async () => {
  const acme = await books.organization();
  await books.write(acme, 'A', 'on_hand = on_hand * 2');
  const endFault = aws.local.sns.faults.inject('denied');
  try {
    const left = await reconcile('--org', acme.slug);
    expect(left).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('no alert was sent: ') });
    expect(left.stdout).toContain('alerted: A at MAIN: stored: 200 on hand');
  } finally {
    endFault();
  }
});

test('seals that were tampered with are found, before anything is written too, and nothing is called right', async () => {
  const acme = await books.organization();
  expect((await reconcile('--org', acme.slug)).exitCode).toBe(0);
  const [key = ''] = aws.evidenceKeys().filter((each) => each.includes(acme.id));
  await aws.local.s3.lose('stockade-evidence', key);
  const remedy = `npm run verify:ledger -- --org ${acme.slug}`;
  const preview = await reconcile('--org', acme.slug, '--dry-run');
  expect(preview).toMatchObject({ exitCode: 1, stdout: expect.stringContaining(remedy) });
  expect(preview.stdout).toMatch(/would be left: seal 1: .* is missing; cause: anchor_missing/);
  const left = await reconcile('--org', acme.slug);
  expect(left).toMatchObject({ exitCode: 1, stdout: expect.stringContaining(remedy) });
  expect(left.stdout).toContain('all balances correct');
  expect(left.stdout).not.toContain('--apply');
  const alert = aws.alerts().at(-1);
  expect(alert?.subject).toBe(`${acme.slug}: seals have changed since they were created`);
  expect(alert?.message).toContain(remedy);
  expect(alert?.message).not.toContain('--apply');
});

test('where movements were changed it offers to verify them, and not to make the balance like them', async () => {
  const acme = await books.organization();
  expect((await reconcile('--org', acme.slug)).exitCode).toBe(0);
  await books.superuser.query(`
    begin;
    alter table inventory.movements disable trigger append_only;
    update inventory.movements set quantity = quantity + 1 where (org_id, entry_id, line) = (
      select org_id, entry_id, line from inventory.movements where org_id = '${acme.id}' order by entry_id limit 1
    );
    alter table inventory.movements enable always trigger append_only;
    commit`);
  const left = await reconcile('--org', acme.slug, '--full');
  expect(left).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('cause: movement_altered') });
  for (const said of [left.stdout, aws.alerts().at(-1)?.message]) {
    expect(said).toContain(`npm run verify:ledger -- --org ${acme.slug}`);
    expect(said).not.toContain('--apply');
  }
});

test('beside a local platform it anchors and alerts there, without any setting', async () => {
  const acme = await books.organization();
  const data = await mkdtemp(join(tmpdir(), 'stockade-reconcile-'));
  try {
    const platform = {
      pid: process.pid,
      url: 'http://127.0.0.1',
      adminUrl: books.world.adminUrl,
      aws: aws.local.env,
    };
    await writeFile(join(data, 'platform.json'), JSON.stringify(platform));
    const unset = Object.fromEntries(Object.keys(aws.local.env).map((name) => [name, '']));
    const done = await run('ledger/reconcile-balances.ts', ['--org', acme.slug, '--data', data], unset);
    expect(done).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/sealed up to seal 1\n$/) });
    expect(aws.evidenceKeys().filter((key) => key.includes(acme.id))).toEqual([anchorKey(acme.id, 1)]);
  } finally {
    await rm(data, { recursive: true, force: true });
  }
});

test('a proof of no class at all proves nothing: exit code 2, and which there are', async () => {
  const outcome = await run('develop/prove-reconciliation.ts', ['--only', 'no such class']);
  expect(outcome).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('an anchor missing') });
});

test('a named organization that another run holds is waited for, but not forever', async () => {
  const acme = await books.organization();
  const jobs = await books.world.connect('stockade_jobs');
  expect(await takeLease(jobs, acme.id)).toBeDefined();
  const letGo = () =>
    books.superuser.query(
      'update inventory.reconciliation_state set leased_until = $$2000-01-01Z$$ where org_id = $1',
      [acme.id],
    );
  const notes: string[] = [];
  const { signal } = new AbortController();
  const impatient = waitForLease(jobs, acme, { patienceMs: 0, signal, note: (line) => notes.push(line) });
  await expect(impatient).rejects.toMatchObject({
    message: `${acme.slug} is being reconciled by another run`,
    remedy: 'Run it again when that run has ended.',
  });
  const note = (line: string) => {
    notes.push(line);
    void letGo();
  };
  expect(await waitForLease(jobs, acme, { patienceMs, signal, note })).toMatchObject({ orgId: acme.id });
  expect(notes).toEqual([`${acme.slug} is being reconciled by another run: waiting at most 65 seconds …`]);

  const all = JSON.parse((await reconcile('--json')).stdout);
  expect(all).toContainEqual({ organization: acme.slug, taken: true });
  await letGo();
});

test('a run that there is not cannot be applied', async () => {
  const acme = await books.organization();
  const outcome = await reconcile('--org', acme.slug, '--apply', '0197b6b2-1c1e-7a30-9d2f-3a5e0c7b1d42');
  expect(outcome).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('has no run') });
});

test('Ctrl-C among many organizations reports those that are done', async () => {
  await books.organization();
  await books.organization();
  const locker = await books.world.superuser();
  const { rows } = await locker.query('select id, slug from tenancy.organizations order by slug limit 1');
  await locker.query('begin');
  // A run refers to its organization, and so waits for this.
  await locker.query('select from tenancy.organizations where id = $1 for update', [rows[0].id]);
  const child = spawn(process.execPath, [join(paths.root, 'scripts/ledger/reconcile-balances.ts')], {
    env: { ...process.env, DATABASE_URL: books.world.adminUrl },
  });
  const said = text(child.stdout);
  const gone = once(child, 'exit');
  await expect.poll(waiting, { timeout: 15_000, interval: 20 }).toBe(1);
  child.kill('SIGINT');
  await once(child.stderr, 'data');
  await locker.query('rollback');
  expect(await gone).toEqual([1, null]);
  expect((await said).match(/^\S+: \d+ balances(?= against )/gm)).toEqual([`${rows[0].slug}: 0 balances`]);
  expect(await said).toContain('run it again to continue');
});

test('killed while it reconciles, the next one goes on with the same run', async () => {
  const acme = await books.organization();
  const locker = await books.world.superuser();
  await locker.query('begin');
  await locker.query('lock table inventory.balances in access exclusive mode');
  const child = spawn(
    process.execPath,
    [join(paths.root, 'scripts/ledger/reconcile-balances.ts'), '--org', acme.slug, '--full'],
    { env: { ...process.env, DATABASE_URL: books.world.adminUrl }, stdio: 'ignore' },
  );
  const gone = once(child, 'exit');
  await expect.poll(waiting, { timeout: 15_000, interval: 20 }).toBe(1);
  child.kill('SIGKILL');
  expect(await gone).toEqual([null, 'SIGKILL']);
  await locker.query('rollback');
  await books.superuser.query(
    'update inventory.reconciliation_state set leased_until = $$2000-01-01Z$$ where org_id = $1',
    [acme.id],
  );
  expect(await reconcile('--org', acme.slug, '--full')).toMatchObject({ exitCode: 0 });
  const { rows } = await books.superuser.query(
    'select status, keys_checked::int from inventory.reconciliation_runs where org_id = $1',
    [acme.id],
  );
  expect(rows).toEqual([{ status: 'finished', keys_checked: 4 }]);
});
