import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { paths } from '#scripts/paths.ts';
import { openAws } from '#tests/aws.ts';
import { openBooks } from '#tests/reconciliation/books.ts';
import { run } from './run.ts';

const books = openBooks();
openAws();

const reconcile = (...args: string[]) =>
  run('reconcile-balances.ts', args, { DATABASE_URL: books.world.adminUrl });

test('finds, shows, leaves, previews, applies: exit code 1 for as long as something is wrong', async () => {
  const acme = await books.organization();
  const clean = await reconcile('--org', acme.slug);
  expect(clean).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/4 balances against 8 movements, all right; sealed up to seal 1\n$/),
  });

  await books.write(acme, 'A', 'on_hand = on_hand * 2');
  const preview = await reconcile('--org', acme.slug, '--full', '--dry-run');
  expect(preview).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining('would be left: A at MAIN: 200 on hand'),
  });

  const left = await reconcile('--org', acme.slug, '--full');
  expect(left.exitCode).toBe(1);
  const [, runId = ''] = /--apply (\S+) --dry-run/.exec(left.stdout) ?? [];
  expect(await reconcile('--org', acme.slug, '--apply', runId, '--dry-run')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('would be applied: A at MAIN'),
  });
  expect(await books.stored(acme, 'A')).toMatchObject({ onHand: 200 });
  const applied = await reconcile('--org', acme.slug, '--apply', runId, '--json');
  expect(applied.exitCode).toBe(0);
  expect(JSON.parse(applied.stdout)).toMatchObject({ applied: [{ outcome: 'applied', sku: 'A' }] });
  expect(await books.stored(acme, 'A')).toMatchObject({ onHand: 100 });
  expect((await reconcile('--org', acme.slug, '--full')).exitCode).toBe(0);
});

test.each([
  [['--apply', '0197b6b2-1c1e-7a30-9d2f-3a5e0c7b1d42'], 2, '--apply needs the organization'],
  [['--org', 'nobody-here'], 1, 'there is no organization nobody-here'],
  [['--org', 'x', '--apply', 'y'], 2, 'It must be the id of a run'],
])('%s: exit code %i', async (args, exitCode, message) => {
  const outcome = await reconcile(...args);
  expect(outcome.exitCode).toBe(exitCode);
  expect(outcome.stderr).toContain(message);
});

test('a proof of no class at all proves nothing: exit code 2, and which there are', async () => {
  const outcome = await run('prove-reconciliation.ts', ['--only', 'no such class']);
  expect(outcome).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('an anchor missing') });
});

test('a run that there is not cannot be applied', async () => {
  const acme = await books.organization();
  const outcome = await reconcile('--org', acme.slug, '--apply', '0197b6b2-1c1e-7a30-9d2f-3a5e0c7b1d42');
  expect(outcome).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('has no run') });
});

test('killed while it reconciles, the next one goes on with the same run', async () => {
  const acme = await books.organization();
  const locker = await books.world.superuser();
  await locker.query('begin');
  await locker.query('lock table inventory.balances in access exclusive mode');
  const child = spawn(
    process.execPath,
    [join(paths.root, 'scripts/reconcile-balances.ts'), '--org', acme.slug, '--full'],
    { env: { ...process.env, DATABASE_URL: books.world.adminUrl }, stdio: 'ignore' },
  );
  const gone = once(child, 'exit');
  const underWay = async () =>
    (
      await books.superuser.query(
        `select from pg_stat_activity where application_name = 'stockade-command' and wait_event_type = 'Lock'
           and datname = current_database()`,
      )
    ).rowCount;
  await expect.poll(underWay, { timeout: 15_000, interval: 20 }).toBe(1);
  child.kill('SIGKILL');
  expect((await gone)[1]).toBe('SIGKILL');
  await locker.query('rollback');
  await books.superuser.query(
    'update inventory.reconciliation_state set leased_until = clock_timestamp() where org_id = $1',
    [acme.id],
  );
  expect(await reconcile('--org', acme.slug, '--full')).toMatchObject({ exitCode: 0 });
  const { rows } = await books.superuser.query(
    'select status, keys_checked::int from inventory.reconciliation_runs where org_id = $1',
    [acme.id],
  );
  expect(rows).toEqual([{ status: 'finished', keys_checked: 4 }]);
});
