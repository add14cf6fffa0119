import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { handler } from '#functions/jobs/pass-key.lambda.ts';
import { environment } from '#platform/environment.ts';
import { createPassKey, type LocalPassKey } from '#scripts/local/issuer/trust.ts';
import { paths } from '#scripts/paths.ts';
import { openWorld } from '#tests/world.ts';

const world = openWorld();

const settingsOf = ({ id, secret }: LocalPassKey) => ({
  [environment.passKeyId]: id,
  [environment.passKey]: secret,
});

/** Calls the handler as a deploy does, in a process of its own: it has the next key while the others have the last. */
async function deployed(key: LocalPassKey, event: object): Promise<unknown> {
  const call = `import { handler } from '#functions/jobs/pass-key.lambda.ts';
    process.stdout.write(JSON.stringify(await handler(${JSON.stringify(event)})));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', call], {
    cwd: paths.root,
    env: { ...process.env, ...settingsOf(key) },
  });
  return JSON.parse(stdout);
}

async function statusOf(email: string): Promise<number> {
  const authorization = `Bearer ${await world.token(email)}`;
  return (await world.request('GET', '/v1/organization', undefined, { authorization })).status;
}

const forget = (id: string | undefined, DrainSeconds = '0') =>
  handler({ RequestType: 'Delete', PhysicalResourceId: id, ResourceProperties: { DrainSeconds } });

async function member(email: string): Promise<string> {
  await world.join(email, await world.createOrganization());
  return email;
}

test('a rotation fails no request, and afterwards passes of the old key are worthless', async () => {
  const ada = await member('ada@example.com');
  const old = {
    id: process.env[environment.passKeyId] ?? '',
    secret: process.env[environment.passKey] ?? '',
  };
  const next = { ...createPassKey(), id: 'p2' };
  const statuses: number[] = [];
  let isOver = false;
  const caller = (async () => {
    while (!isOver) statuses.push(await statusOf(ada));
  })();

  // Another id than before: CloudFormation replaces the resource, and asks to delete the old one at the end.
  expect(await deployed(next, { RequestType: 'Update', PhysicalResourceId: old.id })).toEqual({
    PhysicalResourceId: 'p2',
  });
  statuses.push(await statusOf(ada));
  Object.assign(process.env, settingsOf(next));
  statuses.push(await statusOf(ada));
  isOver = true;
  await caller;
  expect(await forget(old.id)).toEqual({ PhysicalResourceId: old.id });
  statuses.push(await statusOf(ada));
  expect(new Set(statuses)).toEqual(new Set([200]));

  Object.assign(process.env, settingsOf(old));
  expect(await statusOf(ada)).toBe(401);
  Object.assign(process.env, settingsOf(next));
});

test('told again, the database knows the key; forgetting another twice changes nothing', async () => {
  const grace = await member('grace@example.com');
  for (const RequestType of ['Create', 'Update', 'Create']) await handler({ RequestType });
  await deployed({ ...createPassKey(), id: 'p3' }, { RequestType: 'Create' });
  await forget('p3');
  await forget('p3');
  expect(await statusOf(grace)).toBe(200);
});

test('a key that is no key fails the deploy and names the setting; a request that is none is refused', async () => {
  const tooShort = { id: 'p4', secret: Buffer.alloc(16).toString('base64') };
  await expect(deployed(tooShort, { RequestType: 'Create' })).rejects.toThrow(environment.passKey);
  await expect(handler({ RequestType: 'Rotate' })).rejects.toThrow('RequestType');
  await expect(forget(undefined)).rejects.toThrow('PhysicalResourceId');
});

test('a replaced key is good until the last request that was begun with it must have ended', async () => {
  const mary = await member('mary@example.com');
  const begunAt = performance.now();
  const forgotten = forget(process.env[environment.passKeyId], '1');
  expect(await statusOf(mary)).toBe(200);
  await forgotten;
  // A timer may fire a millisecond early.
  expect(performance.now() - begunAt).toBeGreaterThan(998);
  expect(await statusOf(mary)).toBe(401);
});

test('a deploy fails when the database does not take the key', async () => {
  const superuser = await world.superuser();
  await superuser.query(`
    create function public.refuse() returns trigger language plpgsql as $$ begin raise exception 'not now'; end $$;
    create trigger refuse before insert or update on tenancy.pass_keys for each row execute function public.refuse()`);
  try {
    await expect(handler({ RequestType: 'Create' })).rejects.toThrow('not now');
  } finally {
    await superuser.query('drop trigger refuse on tenancy.pass_keys; drop function public.refuse()');
  }
});
