import type { Client } from 'pg';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { latestChecks } from '#recovery/monitor/latest-checks.ts';
import { noteAlerted, noteChecks } from '#recovery/monitor/states.ts';
import { BackupCheck } from '#scripts/develop/openapi/documentation/backup-checks.ts';
import { openWorld } from '#tests/world.ts';
import { expectProblem } from '../problem-document.ts';
import { wrongField } from '../refusals.ts';

const world = openWorld();
let jobs: Client;
let superuser: Client;
beforeAll(async () => {
  jobs = await world.connect('stockade_jobs');
  superuser = await world.superuser();
});
beforeEach(async () => {
  await superuser.query('delete from recovery.monitor_states');
});

const list = async () => (await world.operator.request('GET', '/platform/backups')).body.data;
const result = {
  check: 'retention',
  title: 't',
  status: 'fail',
  summary: 's',
  facts: { days: 3 },
  runbook: 'r',
} as const;

test('a check is stale when nobody has looked for longer than the monitor may be blind, to the millisecond', async () => {
  const at = new Date(Date.now() - 60_000);
  await noteChecks(jobs, [{ ...result, check: 'deletion-protection' }], at);
  const staleAfter = async (ms: number) => {
    const checks = await latestChecks(jobs, { blindMs: 5_000 }, new Date(at.getTime() + ms));
    return checks.find(({ check }) => check === 'deletion-protection')?.stale;
  };
  expect([await staleAfter(5_000), await staleAfter(5_001)]).toEqual([false, true]);
});

test('the list is whole, and takes no query', async () => {
  const { status, body } = await world.operator.request('GET', '/platform/backups');
  expect([status, Object.keys(body), body.nextCursor]).toEqual([200, ['data', 'nextCursor'], null]);
  const unknown = wrongField('limit', 'is not a field here: check its spelling or leave it out');
  expectProblem(await world.operator.request('GET', '/platform/backups?limit=1'), unknown);
});

test('operators see how every check stood, since when, and whether that is still known', async () => {
  expect(await list()).toEqual([]);
  const at = (ms: number) => new Date(Date.now() - ms);
  const [first, then] = [at(3_600_000), at(1_000)];
  await noteChecks(jobs, [result], first);
  await noteAlerted(jobs, [{ check: 'retention', status: 'fail', severity: 'critical' }], first);
  const blind = {
    ...result,
    check: 'encryption',
    status: 'could_not_run',
    reason: 'throttled',
    facts: {},
  } as const;
  await noteChecks(jobs, [result, blind], then);
  const data = await list();
  expect(data.map((each: unknown) => BackupCheck.parse(each))).toEqual([
    {
      ...blind,
      since: then.toISOString(),
      checkedAt: then.toISOString(),
      stale: false,
      alertedAt: null,
    },
    {
      ...result,
      reason: null,
      since: first.toISOString(),
      checkedAt: then.toISOString(),
      stale: false,
      alertedAt: first.toISOString(),
    },
  ]);
  for (const by of ['-4 hours', '8 hours']) {
    await superuser.query('update recovery.monitor_states set checked_at = checked_at + $1::interval', [by]);
    expect((await list()).map(({ stale }: { stale: boolean }) => stale)).toEqual([true, true]);
  }
});

test('a tenant does not', async () => {
  const acme = await world.createOrganization();
  expect((await acme.request('GET', '/platform/backups')).status).toBe(403);
});

test('only jobs write what the monitor knows, and operators read no more of it than the list', async () => {
  for (const role of ['stockade_api', 'stockade_admin'] as const) {
    const client = await world.connect(role);
    await expect(noteChecks(client, [result], new Date())).rejects.toMatchObject({ code: '42501' });
    await expect(client.query('select recovery.claim_checks()')).rejects.toMatchObject({ code: '42501' });
    await expect(client.query('select from recovery.monitor_states')).rejects.toMatchObject({
      code: '42501',
    });
  }
});
