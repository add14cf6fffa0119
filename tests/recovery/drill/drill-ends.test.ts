import { describe, expect, test, vi } from 'vitest';
import { abandonDrill, tickDrill } from '#recovery/drill/drill.ts';
import { newestDrill, recordStage } from '#recovery/drill/records.ts';
import { sweepDrills } from '#recovery/drill/sweep.ts';
import { recoveryPolicy } from '#recovery/policy.ts';
import type { XmlElements } from '#scripts/local/aws/xml.ts';
import { refused } from '../scripted-aws.ts';
import { type Described, drillInstance, now, openScriptedDrills } from './scripted-drills.ts';

const drills = openScriptedDrills();
const { rds } = drills;

const lifetimeMs = recoveryPolicy.drillInstanceAgeMs.warn;
const tick = async (more?: Parameters<typeof drills.around>[0]) =>
  (await tickDrill(drills.around(more)))?.waitsFor;
/** What was written down behind the request, and what was told of it. */
const behindRequest = async () =>
  (await drills.written())
    .filter(([, stage]) => stage !== 'requested')
    .map(([, stage, detail]) => [stage, detail]);
const failed = (summary: string) => ['verdict', { passed: false, summary }];
const count = (action: string) => rds.actions().filter((each) => each === action).length;

describe('a drill that has its verdict', () => {
  const judged = async (described: Described, keep = false, agoMs = 0) => {
    await drills.request({ keep }, agoMs);
    await drills.reach('available', 'verdict');
    drills.instance(described);
  };
  const isTornDown = async () => (await newestDrill())?.tornDownAt !== undefined;

  test('is torn down: deleted once, waited for, and over when the instance is gone', async () => {
    await judged({ DBInstanceStatus: 'available' });
    rds.answer('DeleteDBInstance', {});
    expect(await tick()).toEqual({ for: 'deletion', instance: drillInstance });
    drills.instance({ DBInstanceStatus: 'deleting' });
    expect(await tick()).toEqual({ for: 'deletion', instance: drillInstance });
    expect([count('DeleteDBInstance'), await isTornDown()]).toEqual([1, false]);
    drills.instance(undefined);
    expect(await tick()).toBeUndefined();
    expect(await isTornDown()).toBe(true);
  });

  test.each([
    ['was deleted between two looks', refused('DBInstanceNotFound', 'no', 404), { for: 'deletion' }],
    ['goes already', refused('InvalidDBInstanceState', 'it is already being deleted'), { for: 'deletion' }],
    [
      'is being changed',
      refused('InvalidDBInstanceState', 'it is being modified'),
      { for: 'instance', status: 'modifying' },
    ],
  ])('waits while its instance %s', async (_, answer, waitsFor) => {
    await judged({ DBInstanceStatus: 'modifying' });
    rds.answer('DeleteDBInstance', answer);
    expect(await tick()).toEqual({ instance: drillInstance, ...waitsFor });
    expect(await isTornDown()).toBe(false);
  });

  test('is not over because nobody may delete its instance', async () => {
    await judged({ DBInstanceStatus: 'available' });
    rds.answer('DeleteDBInstance', refused('AccessDenied', 'no', 403));
    await expect(tick()).rejects.toMatchObject({ code: 'AccessDenied' });
    expect(await isTornDown()).toBe(false);
  });

  test('and is to be kept lives to the end of its lifetime, and not longer', async () => {
    await judged({ DBInstanceStatus: 'available' }, true, lifetimeMs);
    expect(await tick()).toEqual({ for: 'lifetime' });
    expect(count('DeleteDBInstance')).toBe(0);
    vi.setSystemTime(now.getTime() + 1);
    rds.answer('DeleteDBInstance', {});
    expect(await tick()).toEqual({ for: 'deletion', instance: drillInstance });
  });

  test('and was to be kept is over when its instance is gone', async () => {
    await judged(undefined, true);
    expect(await tick()).toBeUndefined();
    expect(await isTornDown()).toBe(true);
  });
});

test('a drill is given up at the end of its lifetime, and not before', async () => {
  await drills.request({}, lifetimeMs);
  drills.instance({ DBInstanceStatus: 'creating' });
  expect(await tick()).toEqual({ for: 'instance', instance: drillInstance, status: 'creating' });
  vi.setSystemTime(now.getTime() + 1);
  rds.answer('DeleteDBInstance', {});
  expect(await tick()).toEqual({ for: 'deletion', instance: drillInstance });
  expect(await behindRequest()).toEqual([failed('It has not come to an end within 240 minutes.')]);
});

test('whoever gives a drill up that has its verdict changes nothing', async () => {
  await drills.request();
  const drill = await newestDrill();
  if (!drill) throw new Error('there is no drill');
  await abandonDrill(drill, 'It was interrupted.', now);
  await recordStage(drill.id, drill.requestedAt, 'verdict', { passed: true, summary: 'Proven.' }, now);
  expect(await behindRequest()).toEqual([failed('It was interrupted.')]);
  expect((await newestDrill())?.verdictAt).toEqual(now);
});

describe('the sweep', () => {
  const ago = (ms: number) => new Date(now.getTime() - ms);
  const instances = (...DBInstance: readonly XmlElements[]) =>
    rds.answer('DescribeDBInstances', { DBInstances: { DBInstance: [...DBInstance] } });
  const tagged = { TagList: { Tag: [{ Key: 'stockade:drill', Value: '1' }] } };
  const old = (name: string, more: XmlElements = {}, ageMs = lifetimeMs + 1_000) => ({
    ...{ DBInstanceIdentifier: `stockade-drill-${name}`, DBInstanceStatus: 'available' },
    InstanceCreateTime: ago(ageMs),
    ...tagged,
    ...more,
  });
  const deleted = () =>
    rds
      .asked()
      .filter(({ action }) => action === 'DeleteDBInstance')
      .map(({ parameters }) => parameters.text('DBInstanceIdentifier'));

  test('deletes what has the name and the tag of a drill and has lived for longer than one may', async () => {
    instances(
      old('old'),
      old('at-the-bound', {}, lifetimeMs),
      old('of-tomorrow', {}, -86_400_000),
      old('of-no-age', { InstanceCreateTime: undefined }),
      old('untagged', { TagList: { Tag: [{ Key: 'other', Value: '1' }] } }),
      old('going', { DBInstanceStatus: 'deleting' }),
      old('x', { DBInstanceIdentifier: 'ledger' }),
    );
    rds.answer('DeleteDBInstance', {});
    expect(await sweepDrills(recoveryPolicy, now)).toEqual(['stockade-drill-old']);
    expect(deleted()).toEqual(['stockade-drill-old']);
  });

  test('leaves what is changed at this moment to the next one, and goes on', async () => {
    instances(old('1'), old('2'), old('3'));
    const busy = refused('InvalidDBInstanceState', 'it is being modified');
    rds.answer('DeleteDBInstance', busy, refused('DBInstanceNotFound', 'no', 404), {});
    expect(await sweepDrills(recoveryPolicy, now)).toEqual(['stockade-drill-2', 'stockade-drill-3']);
  });

  test('tells all that could not be deleted, when the others are', async () => {
    instances(old('1'), old('2'), old('3'));
    const denied = refused('AccessDenied', 'no', 403);
    rds.answer('DeleteDBInstance', {}, denied, {});
    const told = (name: string) =>
      `RDS DeleteDBInstance of stockade-drill-${name} was refused: AccessDenied: no`;
    await expect(sweepDrills(recoveryPolicy, now)).rejects.toMatchObject({
      errors: [{ name: 'AwsRefused' }],
      message: `1 instances of drills could not be deleted:\n${told('2')}\nSwept were stockade-drill-1, stockade-drill-3.`,
    });
    instances(old('1'));
    rds.answer('DeleteDBInstance', denied);
    await expect(sweepDrills(recoveryPolicy, now)).rejects.toThrow(`${told('1')}\nNo other was swept.`);
  });
});
