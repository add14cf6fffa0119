import { expect, test } from 'vitest';
import { tidy } from '#ledger/tidy.ts';
import { holdLock } from '#tests/api/held-lock.ts';
import { meanwhile } from '#tests/reconciliation/meanwhile.ts';
import type { Caller } from '#tests/world.ts';
import { openTidyWorld } from './tidy-world.ts';

const tidying = openTidyWorld();
const { world, addKeys, addEvents, keysOf, eventsOf } = tidying;

/** Has every deletion of the key with this name do this first. */
async function atKey(name: string, statement: string): Promise<() => Promise<unknown>> {
  await tidying.superuser.query(`
    create function public.at_key() returns trigger language plpgsql security definer as $$
    begin
      ${statement};
      return old;
    end $$;
    create trigger at_key before delete on inventory.idempotency_keys for each row
      when (old.key = '${name}') execute function public.at_key()`);
  return () => tidying.superuser.query('drop function public.at_key() cascade');
}

test.each([4_999, 5_000, 5_001, 10_000])(
  '%d old keys are all found, and so are those behind as many young ones',
  async (count) => {
    const acme = await world.createOrganization();
    await addKeys(acme, count, '2 days', 'a');
    expect(await tidy(tidying.jobs)).toEqual({
      organizations: 1,
      idempotencyKeys: count,
      securityEvents: 0,
      reservations: 0,
      left: 0,
    });
    await addKeys(acme, count, '1 hour', 'a');
    await addKeys(acme, 2, '2 days', 'b');
    expect(await tidy(tidying.jobs)).toMatchObject({ idempotencyKeys: 2, left: 0 });
    expect(await keysOf(acme)).toBe(count);
  },
);

test('what a page has deleted stays deleted when the next one fails, and another run goes on from there', async () => {
  const [fails, works] = [await world.createOrganization(), await world.createOrganization()];
  await addKeys(fails, 12_000, '2 days');
  await addEvents(fails, 3, '401 days');
  await addKeys(works, 1, '2 days');
  const mend = await atKey('key-007000', `raise exception 'planted'`);
  try {
    await expect(tidy(tidying.jobs)).rejects.toMatchObject({
      message: '1 of 2 organizations could not be tidied',
      errors: [{ message: 'planted' }],
    });
  } finally {
    await mend();
  }
  expect([await keysOf(fails), await eventsOf(fails), await keysOf(works)]).toEqual([7_000, 3, 0]);
  expect(await tidy(tidying.jobs)).toEqual({
    organizations: 2,
    idempotencyKeys: 7_000,
    securityEvents: 3,
    reservations: 0,
    left: 0,
  });
});

test('a page that meets another transaction twice is tried a third time, one that is refused then is not', async () => {
  const acme = await world.createOrganization();
  await addKeys(acme, 3, '2 days');
  await tidying.superuser.query('create sequence public.attempts');
  const attempts = async () =>
    Number((await tidying.superuser.query('select last_value from public.attempts')).rows[0].last_value);
  const atAttempts = (second: string) => `
    case nextval('public.attempts')
      when 1 then raise exception 'deadlock' using errcode = '40P01';
      when 2 then raise exception 'the second' using errcode = '${second}';
      else null;
    end case`;
  const mend = await atKey('key-000002', atAttempts('40001'));
  expect(await tidy(tidying.jobs)).toMatchObject({ idempotencyKeys: 3 });
  expect(await attempts()).toBe(3);
  await mend();

  await addKeys(acme, 3, '2 days');
  await tidying.superuser.query('alter sequence public.attempts restart');
  const mendAgain = await atKey('key-000002', atAttempts('42501'));
  await expect(tidy(tidying.jobs)).rejects.toMatchObject({ errors: [{ code: '42501' }] });
  expect([await attempts(), await keysOf(acme)]).toEqual([2, 3]);
  await mendAgain();
  await tidying.superuser.query('drop sequence public.attempts');
});

test('a key that somebody else has locked is waited for', async () => {
  const acme = await world.createOrganization();
  await addKeys(acme, 3, '2 days');
  const lock = await holdLock(
    world.adminUrl,
    `select from inventory.idempotency_keys where key = 'key-000002' for update`,
  );
  const tidied = tidy(tidying.jobs);
  await lock.waiting(1, 'stockade_jobs');
  await lock.release();
  expect(await tidied).toMatchObject({ idempotencyKeys: 3 });
  expect(await keysOf(acme)).toBe(0);
});

test('an organization that is erased when its turn comes has not failed, and the next one is tidied', async () => {
  const both = [await world.createOrganization(), await world.createOrganization()];
  for (const each of both) await addKeys(each, 1, '2 days');
  const [first, second] = both.toSorted((a, b) => (a.id < b.id ? -1 : 1)) as [Caller, Caller];
  const now = new Date(0);
  const erase = async () => {
    await tidying.superuser.query('begin; set local session_replication_role = replica');
    await tidying.superuser.query('delete from inventory.idempotency_keys where org_id = $1', [first.id]);
    await tidying.superuser.query('delete from tenancy.organizations where id = $1', [first.id]);
    await tidying.superuser.query('commit');
  };
  expect(await meanwhile(tidying.jobs, 'enter_as_job', erase, () => tidy(tidying.jobs, { now }))).toEqual({
    organizations: 2,
    idempotencyKeys: 1,
    securityEvents: 0,
    reservations: 0,
    left: 0,
  });
  expect([await keysOf(first), await keysOf(second)]).toEqual([0, 0]);
});

test('an organization that is suspended, or resumed, when its turn comes is treated as it was listed', async () => {
  const both = [await world.createOrganization(), await world.createOrganization()];
  for (const each of both) await addKeys(each, 1, '2 days');
  const [first, second] = both as [Caller, Caller];
  const as = (status: string, { id }: Caller) =>
    tidying.superuser.query('update tenancy.organizations set status = $1 where id = $2', [status, id]);
  await as('suspended', second);
  const change = async () => {
    await as('suspended', first);
    await as('active', second);
  };
  expect(await meanwhile(tidying.jobs, 'enter_as_job', change, () => tidy(tidying.jobs))).toMatchObject({
    organizations: 1,
    idempotencyKeys: 1,
  });
  expect([await keysOf(first), await keysOf(second)]).toEqual([0, 1]);
});
