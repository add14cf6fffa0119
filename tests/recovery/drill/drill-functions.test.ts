import { join } from 'node:path';
import type { Context } from 'aws-lambda';
import { beforeAll, expect, test, vi } from 'vitest';
import { handler as beat } from '#functions/jobs/heartbeat.lambda.ts';
import { handler as sweep } from '#functions/jobs/sweep-drills.lambda.ts';
import { handler as verify } from '#functions/jobs/verify-snapshot.lambda.ts';
import { environment } from '#platform/environment.ts';
import { log } from '#platform/log.ts';
import { closeDatabase } from '#platform/postgres/database.ts';
import { beginDrill } from '#recovery/drill/begin.ts';
import { lastDrill } from '#recovery/drill/records.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { paths } from '#scripts/paths.ts';
import { openDrillWorld } from './drill-world.ts';

const world = openDrillWorld();
const context = { getRemainingTimeInMillis: () => 600_000 } as Context;

beforeAll(() => {
  process.env[environment.sqlDirectory] = join(paths.root, 'sql');
  process.env[environment.jobsDatabaseUrl] = loginUrl(world.rds.adminUrl, 'stockade_jobs');
  return closeDatabase;
});

async function untilOver() {
  for (;;) {
    const ticked = await verify({}, context);
    if (ticked.waitsFor === undefined) return ticked;
    await world.rds.rds.settled();
  }
}

test('the schedule begins a drill when one is due, finishes it, and begins no other in the same week; each tick is logged', async () => {
  await expect(beat()).resolves.toBeInstanceOf(Date);
  const first = await verify({}, context);
  expect(first).toMatchObject({ drill: '000001', waitsFor: expect.any(String) });
  await world.rds.rds.settled();
  const over = { drill: '000001', passed: true, waitsFor: undefined };
  expect(await untilOver()).toEqual(over);
  const info = vi.spyOn(log, 'info');
  expect(await verify({}, context)).toEqual(over);
  expect(info.mock.calls).toEqual([['ticked a drill', over]]);
  info.mockRestore();
  expect(await sweep()).toEqual([]);
  expect(await lastDrill()).toMatchObject({ id: '000001', passed: true });
  expect(await world.instancesLeft()).toEqual([]);
});

test('a tick with too little time does not touch the drill, and the next tick finishes it', async () => {
  await beginDrill(world.around(), { kind: 'snapshot' });
  await verify({}, context);
  await world.rds.rds.settled();
  const hurried = await verify({}, { getRemainingTimeInMillis: () => 50_000 } as Context);
  expect(hurried).toMatchObject({ drill: '000002', waitsFor: 'a run with more time left' });
  expect(await untilOver()).toMatchObject({ drill: '000002', passed: true });
});
