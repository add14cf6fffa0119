import * as rds from '@aws-sdk/client-rds';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { putEvidence, readEvidence } from '#platform/aws/evidence.ts';
import { environment } from '#platform/environment.ts';
import { brokenLinks, lastDrill, recordMilestone } from '#recovery/drill/records.ts';
import type { MonitorOptions } from '#recovery/monitor/monitor.ts';
import { backupSource } from '#recovery/monitor/source-of.ts';
import { restoreFromSnapshot } from '#recovery/rds/rds.ts';
import { dayMs, goodDrill, hourMs, instance, minuteMs, openBackedUp } from '../backed-up-world.ts';
import { lookAt } from './look.ts';

const world = openBackedUp();
afterEach(() => world.aws.rds.faults.clear());

const later = (ms: number) => new Date(Date.now() + ms);
const remove = async (DBInstanceIdentifier: string) => {
  await world
    .client()
    .send(new rds.DeleteDBInstanceCommand({ DBInstanceIdentifier, SkipFinalSnapshot: true }));
  await world.aws.rds.settled();
};

describe('drills', () => {
  const bucket = () => process.env[environment.evidenceBucket] ?? '';
  const keys = () => world.aws.s3.keys(bucket()).filter((key) => key.startsWith('drills/'));
  beforeEach(async () => {
    for (const key of keys()) await world.aws.s3.lose(bucket(), key);
  });

  const drill =
    (changes: object, at = hourMs) =>
    async () => ({
      ...goodDrill(),
      at: new Date(Date.now() - at),
      ...changes,
    });

  test('the last one counts when it passed, for a limited time', async () => {
    const status = async (lastDrill: MonitorOptions['lastDrill']) =>
      (await lookAt('last-drill', { lastDrill })).status;
    expect(await status(async () => undefined)).toBe('fail');
    expect(await status(drill({ passed: false }))).toBe('fail');
    expect(await status(drill({}, 9 * dayMs))).toBe('warn');
    expect(await status(drill({}, 11 * dayMs))).toBe('fail');
    expect(await status(drill({}))).toBe('ok');
    expect(await status(drill({}, -minuteMs))).toBe('ok');
    expect(await status(drill({}, -hourMs))).toBe('fail');
  });

  test('the last one must not have taken longer than promised', async () => {
    const status = async (lastDrill: MonitorOptions['lastDrill']) =>
      (await lookAt('recovery-time', { lastDrill })).status;
    expect(await status(async () => undefined)).toBe('fail');
    expect(await status(drill({ passed: false, provenAfterMs: undefined }))).toBe('fail');
    expect(await status(drill({ provenAfterMs: 100 * minuteMs }))).toBe('warn');
    expect(await status(drill({ provenAfterMs: 3 * hourMs }))).toBe('fail');
  });

  test('one of another database proves nothing for this one', async () => {
    const lastDrill = drill({ request: { source: 'stockade-b' } });
    for (const [options, reason] of [
      [{}, /the last drill, d-good, restored stockade-b, not stockade\.$/],
      [{ rds: undefined }, /restored stockade-b, not this database, which does not run on RDS\.$/],
    ] as const) {
      for (const check of ['last-drill', 'recovery-time']) {
        expect(await lookAt(check, { lastDrill, ...options })).toMatchObject({
          status: 'fail',
          summary: expect.stringMatching(reason),
        });
      }
    }
  });

  test('a removed record is reported, even when an earlier drill would then be the last', async () => {
    const note = async (id: string, passed: boolean, begun: Date) => {
      const request = { kind: 'snapshot', source: instance, asOf: '', instance: '', keep: false } as const;
      await recordMilestone(id, begun, 'requested', request, begun);
      await recordMilestone(id, begun, 'verdict', { passed, summary: '' }, begun);
      await recordMilestone(id, begun, 'torn-down', {}, begun);
    };
    const status = async () => (await lookAt('last-drill', { lastDrill })).status;
    const lose = async (end: string) => {
      const key = keys().findLast((each) => each.endsWith(end)) ?? '';
      const bytes = (await readEvidence(key)) ?? new Uint8Array();
      await world.aws.s3.lose(bucket(), key);
      return { key, putBack: () => putEvidence(key, bytes) };
    };
    await note('000001', true, later(-3 * hourMs));
    await note('000002', false, later(-2 * hourMs));
    expect(await status()).toBe('fail');
    // The failed verdict is gone, and the records that are left look well.
    const { putBack } = await lose('000002/04-verdict.json');
    expect(await lookAt('last-drill', { lastDrill })).toMatchObject({
      status: 'fail',
      summary: expect.stringMatching(
        /^Drill records were removed .*: drills\/\S+\/000002\/05-torn-down.json\.$/,
      ),
    });
    await putBack();
    await note('000003', true, later(-hourMs));
    expect(await status()).toBe('ok');
    const { putBack: again } = await lose('000002/05-torn-down.json');
    expect(await status()).toBe('fail');
    await again();
    expect(await status()).toBe('ok');
    // The hourly check does not read older records.
    await lose('000001/04-verdict.json');
    expect(await status()).toBe('ok');
    expect(await brokenLinks()).toEqual([expect.stringMatching(/000001\/05-torn-down\.json$/)]);
  });

  test('records that were written at the same moment may have the same previous record', async () => {
    const begun = later(-minuteMs);
    const request = { kind: 'snapshot', source: instance, asOf: '', instance: '', keep: false } as const;
    await recordMilestone('000004', begun, 'requested', request, begun);
    // One run gives the drill up while another records a milestone.
    await recordMilestone('000004', begun, 'verdict', { passed: true, summary: '' }, begun);
    await recordMilestone('000004', begun, 'queryable', {}, begun);
    expect(await lookAt('last-drill', { lastDrill })).toMatchObject({ status: 'ok' });
  });

  test('when the records cannot be read, the checks could not run', async () => {
    const lastDrill = () => Promise.reject(new Error('the bucket is gone'));
    for (const check of ['last-drill', 'recovery-time']) {
      expect(await lookAt(check, { lastDrill })).toMatchObject({
        status: 'could_not_run',
        reason: 'unexpected',
      });
    }
  });

  test('a leftover instance is reported, and an instance that did not start is no healthy database', async () => {
    world.aws.rds.faults.inject('incompatible-restore');
    await restoreFromSnapshot('by-hand', {
      instance: 'stockade-drill-left',
      drillId: 'left',
      instanceClass: 'db.t4g.micro',
      subnetGroup: 'default',
      securityGroupIds: ['sg-drill'],
    });
    await world.aws.rds.settled();
    expect(await lookAt('drill-leftovers')).toMatchObject({ status: 'ok' });
    expect(await lookAt('drill-leftovers', { now: later(5 * hourMs) })).toMatchObject({ status: 'warn' });
    expect(await lookAt('drill-leftovers', { now: later(7 * hourMs) })).toMatchObject({
      status: 'fail',
      summary: expect.stringContaining('stockade-drill-left'),
    });
    const broken = backupSource({ kind: 'instance', identifier: 'stockade-drill-left', copyRegion: 'none' });
    expect(await lookAt('database-status', { rds: broken })).toMatchObject({
      status: 'fail',
      summary: expect.stringContaining('incompatible-restore'),
    });
    await remove('stockade-drill-left');
  });
});

test('a stuck drill instance is judged from its beginning, and fails at once when that is unknown', async () => {
  const settings = {
    instance: 'stockade-drill-stuck',
    drillId: 'stuck',
    instanceClass: 'db.t4g.micro',
    subnetGroup: 'default',
    securityGroupIds: ['sg-drill'],
  };
  world.aws.rds.faults.inject('stuck', { operation: 'RestoreDBInstanceFromDBSnapshot', times: 2 });
  await restoreFromSnapshot('by-hand', settings);
  const leftovers = (now: Date) => lookAt('drill-leftovers', { now });
  expect(await leftovers(later(hourMs))).toMatchObject({ status: 'ok' });
  expect(await leftovers(later(5 * hourMs))).toMatchObject({ status: 'warn' });
  expect(await leftovers(later(7 * hourMs))).toMatchObject({
    status: 'fail',
    summary: expect.stringContaining('stockade-drill-stuck (7 h'),
  });
  expect(await leftovers(later(-hourMs))).toMatchObject({ status: 'fail' });
  await remove(settings.instance);
  await world.client().send(
    new rds.RestoreDBInstanceFromDBSnapshotCommand({
      DBInstanceIdentifier: 'stockade-drill-unknown',
      DBSnapshotIdentifier: 'by-hand',
    }),
  );
  expect(await leftovers(new Date())).toMatchObject({
    status: 'fail',
    summary: expect.stringContaining('stockade-drill-unknown (age unknown)'),
  });
  await remove('stockade-drill-unknown');
});
