import {
  DeleteDBInstanceCommand,
  ModifyDBInstanceCommand,
  RestoreDBInstanceFromDBSnapshotCommand,
} from '@aws-sdk/client-rds';
import { afterEach, expect, test } from 'vitest';
import { readEvidence } from '#platform/aws/evidence.ts';
import { environment } from '#platform/environment.ts';
import { beginDrill, dueDrill } from '#recovery/drill/begin.ts';
import { abandonDrill, tickDrill } from '#recovery/drill/drill.ts';
import { brokenLinks, lastDrill, listDrillKeys } from '#recovery/drill/records.ts';
import { sweepDrills } from '#recovery/drill/sweep.ts';
import { recoveryPolicy } from '#recovery/policy.ts';
import {
  begunTag,
  describeInstance,
  drillPrefix,
  drillTag,
  listSnapshots,
  rdsClient,
} from '#recovery/rds/rds.ts';
import { asSuperuser } from '../../prove/clone.ts';
import { targetSlug } from '../../prove/reconciliation/fixture.ts';
import { openDrillWorld, theDrill } from './drill-world.ts';

const world = openDrillWorld();
const snapshot = { kind: 'snapshot' } as const;

afterEach(async () => {
  world.rds.rds.faults.clear();
  expect(await world.instancesLeft()).toEqual([]);
});

/** Ends the drill without its proofs. */
async function giveUp(): Promise<void> {
  await abandonDrill(await theDrill(), 'It was given up.');
  await world.untilOver();
}

const keysOf = (id: string) =>
  world.rds.local.s3
    .keys(process.env[environment.evidenceBucket] ?? '')
    .filter((key) => key.startsWith('drills/') && key.includes(`/${id}/`));

test('a drill restores the newest snapshot, proves it, measures the loss, and leaves only evidence', async () => {
  await world.post(['A', 'B']);
  await world.post(['C']);
  const begun = await beginDrill(world.around(), snapshot);
  await world.post(['D']);
  const over = await world.untilOver();
  expect(over).toMatchObject({ drill: { verdict: { passed: true } } });
  expect(over).not.toHaveProperty('waitsFor');
  const { drill } = over;
  // The two entries after the snapshot. The third came after the request.
  const loss = drill.verdict?.proofs?.outcomes.find(({ proof }) => proof === 'loss');
  expect(loss).toMatchObject({ verdict: 'passed', figures: { entries: 2, movements: 3 } });
  expect(drill.availableAfterMs).toBeLessThanOrEqual(drill.queryableAfterMs ?? 0);
  expect(drill.queryableAfterMs).toBeLessThanOrEqual(drill.provenAfterMs ?? 0);
  expect(keysOf(begun.id).map((key) => key.split('/').at(-1))).toEqual([
    '01-requested.json',
    '02-available.json',
    '03-queryable.json',
    '04-verdict.json',
    '05-torn-down.json',
  ]);
  expect(await brokenLinks()).toEqual([]);
  expect(await lastDrill()).toMatchObject({ id: begun.id, passed: true, at: expect.any(Date) });
});

test('a drill instance is private, unprotected, without backups, and has the tag of its drill', async () => {
  await beginDrill(world.around(), snapshot);
  await tickDrill(world.around());
  const { id, request } = await theDrill();
  expect(await describeInstance(request.instance)).toMatchObject({
    DBInstanceIdentifier: `${drillPrefix}${id}`,
    PubliclyAccessible: false,
    DeletionProtection: false,
    BackupRetentionPeriod: 0,
    TagList: [
      { Key: drillTag, Value: id },
      { Key: begunTag, Value: expect.stringMatching(/^\d{4}-.+Z$/) },
    ],
  });
  await giveUp();
});

test('a drill of a point in time contains every commit before it and none after it', async () => {
  await world.post(['A', 'B', 'C']);
  await world.beat();
  const at = await world.rds.clock();
  await world.post(['A']);
  await world.post(['A', 'B']);
  await world.rds.archive();
  await beginDrill(world.around(), { kind: 'point-in-time', at });
  const { drill } = await world.untilOver();
  expect(drill.verdict).toMatchObject({ passed: true });
  const loss = drill.verdict?.proofs?.outcomes.find(({ proof }) => proof === 'loss');
  expect(loss?.figures).toMatchObject({ entries: 2, movements: 3 });
});

test('the loss includes suspended organizations', async () => {
  const suspend = (status: string) =>
    asSuperuser(world.rds.adminUrl, (superuser) =>
      superuser.query('update tenancy.organizations set status = $1 where slug = $2', [status, targetSlug]),
    );
  await world.rds.backUp();
  await world.post(['A', 'B']);
  await suspend('suspended');
  try {
    await beginDrill(world.around(), snapshot);
    const { drill } = await world.untilOver();
    const loss = drill.verdict?.proofs?.outcomes.find(({ proof }) => proof === 'loss');
    expect(loss?.figures).toMatchObject({ entries: 1, movements: 2 });
  } finally {
    await suspend('active');
  }
});

test('proofs that need more time than a run has begin once more, and then fail the drill', async () => {
  const cutShort = () => {
    const ended = new AbortController();
    const onOutcome = () => ended.abort(new DOMException('out of time', 'TimeoutError'));
    return { signal: ended.signal, onOutcome };
  };
  await beginDrill(world.around(), snapshot);
  await expect(world.untilOver(cutShort())).rejects.toThrow('out of time');
  const { drill, waitsFor } = (await tickDrill(world.around(cutShort()))) ?? {};
  expect(waitsFor).toEqual({ for: 'tear-down' });
  expect(drill?.verdict).toMatchObject({
    passed: false,
    summary: expect.stringContaining('npm run verify:backup'),
  });
  expect((await world.untilOver()).drill.tornDownAt).toBeInstanceOf(Date);
});

test('the policy says how far the newest heartbeat may be from the restored time', async () => {
  await beginDrill(world.around(), snapshot);
  const { drill } = await world.untilOver({ policy: { ...recoveryPolicy, heartbeatApartMs: 0 } });
  expect(drill.verdict).toMatchObject({
    passed: false,
    summary: expect.stringMatching(
      /^heartbeat failed: the newest heartbeat is from \S+, but \S+ was restored$/,
    ),
  });
});

test('a copy that accepts no connections yet is waited for, and the reason is reported', async () => {
  const { urlOf } = world.around();
  const ended = new AbortController();
  const said: string[] = [];
  const nowhere = {
    urlOf: (address: Parameters<typeof urlOf>[0]) => urlOf({ ...address, port: 1 }),
    onWaiting: (why: string) => {
      said.push(why);
      ended.abort();
    },
    signal: ended.signal,
  };
  await beginDrill(world.around(), snapshot);
  await expect(world.untilOver(nowhere)).rejects.toThrow('aborted');
  expect(said).toEqual([expect.stringContaining('ECONNREFUSED')]);
  const { drill } = await world.untilOver();
  expect(drill.verdict).toMatchObject({ passed: true });
});

test('of two drills that are requested at once, one begins, and every request meanwhile returns that one', async () => {
  const [first, second] = await Promise.all([
    beginDrill(world.around(), snapshot),
    beginDrill(world.around(), { kind: 'point-in-time' }),
  ]);
  expect(second).toEqual(first);
  await tickDrill(world.around());
  expect(await world.instancesLeft()).toEqual([first.request.instance]);
  expect(await beginDrill(world.around(), snapshot)).toMatchObject({ id: first.id });
  await giveUp();
});

test('a restore whose answer is lost has begun all the same', async () => {
  await beginDrill(world.around(), snapshot);
  world.rds.rds.faults.inject('answer-lost', { operation: 'RestoreDBInstanceFromDBSnapshot', times: 1 });
  await tickDrill(world.around()).catch(() => {});
  const { drill } = await world.untilOver();
  expect(drill.verdict?.summary).toMatch(/^Proven: /);
});

test('the sweep deletes a forgotten drill instance when it is old, and no other', async () => {
  const [newest] = await listSnapshots(world.rds.instance);
  const restore = (name: string, tag: string) =>
    rdsClient().send(
      new RestoreDBInstanceFromDBSnapshotCommand({
        DBInstanceIdentifier: name,
        DBSnapshotIdentifier: newest?.DBSnapshotIdentifier ?? '',
        Tags: [{ Key: tag, Value: 'forgotten' }],
        BackupRetentionPeriod: 0,
      }),
    );
  await restore(`${drillPrefix}forgotten`, drillTag);
  await restore(`${drillPrefix}untagged`, 'another');
  await restore('tagged-only', drillTag);
  await world.rds.rds.settled();
  const later = (ms: number) => new Date(Date.now() + ms);
  expect(await sweepDrills(recoveryPolicy)).toEqual([]);
  expect(await sweepDrills(recoveryPolicy, later(recoveryPolicy.drillInstanceAgeMs.warn + 60_000))).toEqual([
    `${drillPrefix}forgotten`,
  ]);
  await world.rds.rds.settled();
  expect((await world.instancesLeft()).sort()).toEqual([`${drillPrefix}untagged`, 'tagged-only'].sort());
  expect(await describeInstance(world.rds.instance)).toMatchObject({ DBInstanceStatus: 'available' });
  for (const name of ['tagged-only', `${drillPrefix}untagged`]) await remove(name);
  await world.rds.rds.settled();
});

test('an instance that cannot be deleted stops no other deletion and is reported; a stuck instance gets old too', async () => {
  const [newest] = await listSnapshots(world.rds.instance);
  const restore = (name: string, DeletionProtection: boolean, begun: string) =>
    rdsClient().send(
      new RestoreDBInstanceFromDBSnapshotCommand({
        DBInstanceIdentifier: `${drillPrefix}${name}`,
        DBSnapshotIdentifier: newest?.DBSnapshotIdentifier ?? '',
        Tags: [
          { Key: drillTag, Value: 'forgotten' },
          { Key: begunTag, Value: begun },
        ],
        BackupRetentionPeriod: 0,
        DeletionProtection,
      }),
    );
  const longAgo = '2026-01-01T00:00:00.000Z';
  await restore('1-protected', true, longAgo);
  await restore('3-protected', true, longAgo);
  await world.rds.rds.settled();
  world.rds.rds.faults.inject('stuck', { operation: 'RestoreDBInstanceFromDBSnapshot', times: 3 });
  await restore('2-stuck', false, longAgo);
  await restore('4-stuck', false, new Date().toISOString());
  await restore('5-stuck', false, 'long ago');
  // For available instances, the age of RDS counts.
  expect(await sweepDrills(recoveryPolicy)).toEqual([`${drillPrefix}2-stuck`]);
  const later = new Date(Date.now() + recoveryPolicy.drillInstanceAgeMs.warn + 60_000);
  const failure = await sweepDrills(recoveryPolicy, later).catch((error: Error) => error);
  expect(failure).toMatchObject({
    name: 'AggregateError',
    errors: [{ name: 'AwsRefused' }, { name: 'AwsRefused' }],
    message: expect.stringMatching(
      /^2 drill instances .*\n.*1-protected.*\n.*3-protected.*\nDeleted: \S+4-stuck\.$/,
    ),
  });
  for (const name of ['1-protected', '3-protected']) await unprotect(`${drillPrefix}${name}`);
  await world.rds.rds.settled();
  for (const name of ['1-protected', '3-protected', '5-stuck']) await remove(`${drillPrefix}${name}`);
  await world.rds.rds.settled();
});

test('a mistyped snapshot or time is refused, and is not recorded as a failed drill', async () => {
  const before = await listDrillKeys();
  const hourMs = 3_600_000;
  const clock = await world.rds.clock();
  for (const wish of [
    { kind: 'snapshot', snapshot: 'no-such' },
    { kind: 'point-in-time', at: new Date(clock.getTime() + hourMs) },
    { kind: 'point-in-time', at: new Date(clock.getTime() - 9_000 * hourMs) },
  ] as const) {
    await expect(beginDrill(world.around(), wish)).rejects.toMatchObject({
      name: 'RecoveryRefused',
      message: expect.stringMatching(/no available snapshot no-such|cannot be restored: choose a time from/),
    });
  }
  expect(await listDrillKeys()).toEqual(before);
});

test('every drill record contains the digest of the record before', async () => {
  expect(await brokenLinks()).toEqual([]);
  const [first] = keysOf('000001');
  const bytes = await readEvidence(first ?? '');
  expect(JSON.parse(Buffer.from(bytes ?? []).toString())).toMatchObject({
    format: 'stockade drill 1',
    previous: null,
  });
});

async function unprotect(DBInstanceIdentifier: string): Promise<void> {
  await rdsClient().send(new ModifyDBInstanceCommand({ DBInstanceIdentifier, DeletionProtection: false }));
}

async function remove(DBInstanceIdentifier: string): Promise<void> {
  await rdsClient().send(new DeleteDBInstanceCommand({ DBInstanceIdentifier, SkipFinalSnapshot: true }));
}

test('a drill with a clock that is days wrong does not replace the drills after it', async () => {
  const dayMs = 24 * 3_600_000;
  for (const days of [40, -40]) {
    const wrong = await beginDrill(world.around(), snapshot, { now: new Date(Date.now() + days * dayMs) });
    await giveUp();
    expect(await dueDrill(7 * dayMs)).toEqual({ kind: 'point-in-time' });
    const right = await beginDrill(world.around(), snapshot);
    expect(Number(right.id)).toBe(Number(wrong.id) + 1);
    expect((await world.untilOver()).drill).toMatchObject({ id: right.id, verdict: { passed: true } });
    expect(await lastDrill()).toMatchObject({ id: right.id });
    expect(await dueDrill(7 * dayMs)).toBeUndefined();
  }
});
