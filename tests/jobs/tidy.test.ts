import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from 'aws-lambda';
import { expect, test } from 'vitest';
import { handler } from '#functions/jobs/tidy.lambda.ts';
import { sharedParameters } from '#http/openapi/parameters.ts';
import { tidy, tidyPolicy } from '#ledger/tidy.ts';
import { paths } from '#scripts/paths.ts';
import { holdLock } from '#tests/api/held-lock.ts';
import { run } from '#tests/commands/run.ts';
import type { Caller } from '#tests/world.ts';
import { openTidyWorld } from './tidy-world.ts';

const tidying = openTidyWorld();
const { world, addKeys, addEvents, keysOf, eventsOf } = tidying;

const run15Minutes = { getRemainingTimeInMillis: () => 900_000 } as Context;

let posted = 0;
/** Creates an item with an idempotency key, and returns whether it was a replay. */
async function createOnce({ request }: Caller, key: string, sku = `SKU-${++posted}`): Promise<boolean> {
  const { status, headers } = await request(
    'POST',
    '/v1/items',
    { sku, name: sku },
    { 'idempotency-key': key },
  );
  expect(status).toBe(201);
  return headers.get('idempotent-replayed') === 'true';
}

async function age({ id }: Caller, key: string, interval: string): Promise<void> {
  const { rowCount } = await tidying.superuser.query(
    'update inventory.idempotency_keys set created_at = now() - $3::interval where org_id = $1 and key = $2',
    [id, key, interval],
  );
  expect(rowCount).toBe(1);
}

test('a key is kept for a day, and can be used again after it was deleted', async () => {
  const acme = await world.createOrganization();
  await createOnce(acme, 'young', 'YOUNG');
  await createOnce(acme, 'old', 'OLD');
  await age(acme, 'young', '23 hours 59 minutes');
  await age(acme, 'old', '24 hours 1 minute');

  expect(await handler({}, run15Minutes)).toEqual({
    organizations: 1,
    idempotencyKeys: 1,
    securityEvents: 0,
    reservations: 0,
    left: 0,
  });
  expect(await createOnce(acme, 'young', 'YOUNG')).toBe(true);
  expect(await createOnce(acme, 'old', 'ANOTHER')).toBe(false);
  // Nothing else of the organization has gone.
  const { data } = (await acme.request('GET', '/v1/items')).body;
  expect(data.map(({ sku }: { sku: string }) => sku)).toEqual(['ANOTHER', 'OLD', 'YOUNG']);
});

test('the reference and the API document say how long a key is kept', () => {
  const promise = `for at least ${tidyPolicy.idempotencyKeyHours} hours`;
  expect(readFileSync(join(paths.root, 'docs/QUICK_REFERENCE.md'), 'utf8').replaceAll('\n', ' ')).toContain(
    promise,
  );
  expect(sharedParameters.IdempotencyKey.description).toContain(promise);
});

test('old security events go, those of the last year stay', async () => {
  const acme = await world.createOrganization();
  await addEvents(acme, 7_000, '401 days');
  await addEvents(acme, 20, '365 days');
  expect(await handler({}, run15Minutes)).toMatchObject({ securityEvents: 7_000 });
  expect(await eventsOf(acme)).toBe(20);
});

test('tens of thousands of keys go page by page, in every organization but suspended ones', async () => {
  const [one, two, suspended] = [
    await world.createOrganization(),
    await world.createOrganization(),
    await world.createOrganization(),
  ];
  await addKeys(one, 12_000, '2 days');
  await addKeys(two, 10, '2 days');
  await addKeys(suspended, 10, '2 days');
  await tidying.superuser.query("update tenancy.organizations set status = 'suspended' where id = $1", [
    suspended.id,
  ]);
  expect(await handler({}, run15Minutes)).toMatchObject({ organizations: 2, idempotencyKeys: 12_010 });
  expect([await keysOf(one), await keysOf(two), await keysOf(suspended)]).toEqual([0, 0, 10]);
});

test('one organization that fails does not keep the others from it, and the run fails', async () => {
  const [fails, works] = [await world.createOrganization(), await world.createOrganization()];
  await addKeys(fails, 1, '2 days');
  await addKeys(works, 1, '2 days');
  await tidying.superuser.query(`
    create function public.fail() returns trigger language plpgsql as $$
    begin
      raise exception 'planted';
    end $$;
    create trigger fail before delete on inventory.idempotency_keys for each row
      when (old.org_id = '${fails.id}') execute function public.fail()`);
  try {
    await expect(handler({}, run15Minutes)).rejects.toThrow('1 of 2 organizations could not be tidied');
  } finally {
    await tidying.superuser.query('drop function public.fail() cascade');
  }
  expect([await keysOf(fails), await keysOf(works)]).toEqual([1, 0]);
});

test('a run whose time is over leaves the rest, and the run of another day begins with another organization', async () => {
  const both = [await world.createOrganization(), await world.createOrganization()];
  for (const each of both) await addKeys(each, 1, '2 days');
  for (const day of [1, 2]) {
    let asked = 0;
    // Asked before the organization, two pages of keys, one of events and one of reservations: there is time for one organization.
    const isTimeOver = () => ++asked > 5;
    const now = new Date(day * 86_400_000);
    expect(await tidy(tidying.jobs, { isTimeOver, now })).toMatchObject({
      organizations: 1,
      idempotencyKeys: 1,
      left: 1,
    });
  }
  expect([await keysOf(both[0] as Caller), await keysOf(both[1] as Caller)]).toEqual([0, 0]);
  await addKeys(both[0] as Caller, 6_000, '2 days');
  let pages = 0;
  const midway = () => ++pages > 2;
  expect(await tidy(tidying.jobs, { isTimeOver: midway, now: new Date(2 * 86_400_000) })).toEqual({
    organizations: 0,
    idempotencyKeys: 5_000,
    securityEvents: 0,
    reservations: 0,
    left: 2,
  });
  const outOfTime = { getRemainingTimeInMillis: () => 10_000 } as Context;
  expect(await handler({}, outOfTime)).toMatchObject({ organizations: 0, left: 2 });
});

test('a retry that meets the deletion of its key is a new request, not a fault', async () => {
  const acme = await world.createOrganization();
  await createOnce(acme, 'k', 'FIRST');
  await age(acme, 'k', '2 days');
  // The request stops between finding the key and reading it.
  await tidying.superuser.query(`
    create function public.hold() returns trigger language plpgsql security definer as $$
    begin
      lock table public.gate in access share mode;
      return null;
    end $$;
    create table public.gate ();
    create trigger hold after insert on inventory.idempotency_keys for each statement execute function public.hold()`);
  try {
    const gate = await holdLock(world.adminUrl, 'lock table public.gate');
    const retry = createOnce(acme, 'k', 'SECOND');
    await gate.waiting(1);
    expect(await tidy(tidying.jobs)).toMatchObject({ idempotencyKeys: 1 });
    await gate.release();
    expect(await retry).toBe(false);
  } finally {
    await tidying.superuser.query('drop function public.hold() cascade; drop table public.gate');
  }
});

test('the database keeps the promise of 24 hours and 90 days for every caller', async () => {
  const acme = await world.createOrganization();
  await expect(
    tidy(tidying.jobs, { policy: { ...tidyPolicy, idempotencyKeyHours: 23 } }),
  ).rejects.toMatchObject({
    errors: [{ code: '22023' }],
  });
  await expect(
    tidy(tidying.jobs, { policy: { ...tidyPolicy, securityEventDays: 89 } }),
  ).rejects.toMatchObject({
    errors: [{ code: '22023' }],
  });
  for (const call of [
    "inventory.forget_idempotency_keys('2 days', '', 10)",
    "tenancy.forget_security_events('400 days', 10)",
    'inventory.expire_reservations(10)',
  ]) {
    await expect(tidying.jobs.query(`select ${call}`)).rejects.toMatchObject({ code: 'SK902' });
    for (const role of ['stockade_api', 'stockade_admin'] as const) {
      const other = await world.connect(role);
      await expect(other.query(`select ${call}`)).rejects.toMatchObject({ code: '42501' });
    }
  }
  expect(await keysOf(acme)).toBe(0);
});

test('npm run tidy tells in a trial what it then does, of one organization or of all', async () => {
  const [one, two] = [await world.createOrganization(), await world.createOrganization()];
  await addKeys(one, 3, '2 days');
  await addKeys(two, 4, '2 days');
  await addEvents(two, 5, '401 days');
  const command = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await run('ledger/tidy.ts', [...args, '--json'], {
      DATABASE_URL: world.adminUrl,
    });
    expect([exitCode, stderr]).toEqual([0, '']);
    return JSON.parse(stdout);
  };
  const all = { organizations: 2, idempotencyKeys: 7, securityEvents: 5, reservations: 0, left: 0 };
  expect(await command('--dry-run')).toEqual({ ...all, dryRun: true });
  expect([await keysOf(one), await keysOf(two), await eventsOf(two)]).toEqual([3, 4, 5]);
  expect(await command('--org', one.slug)).toMatchObject({ organizations: 1, idempotencyKeys: 3 });
  expect(await command()).toEqual({ ...all, idempotencyKeys: 4, dryRun: false });
  expect([await keysOf(one), await keysOf(two), await eventsOf(two)]).toEqual([0, 0, 0]);

  const unknown = await run('ledger/tidy.ts', ['--org', 'never-was'], { DATABASE_URL: world.adminUrl });
  expect(unknown.exitCode).toBe(1);
  expect(unknown.stderr).toContain('there is no organization "never-was"\n  See `npm run org:list`');
});
