import { describe, expect, test, vi } from 'vitest';
import { abandonDrill, tickDrill } from '#recovery/drill/drill.ts';
import { newestDrill, recordMilestone } from '#recovery/drill/records.ts';
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
/** The records after the request, each with its detail. */
const afterRequest = async () =>
  (await drills.written())
    .filter(([, milestone]) => milestone !== 'requested')
    .map(([, milestone, detail]) => [milestone, detail]);
const failed = (summary: string) => ['verdict', { passed: false, summary }];
const count = (action: string) => rds.actions().filter((each) => each === action).length;

describe('a drill that has a verdict', () => {
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
    [
      'is already being deleted',
      refused('InvalidDBInstanceState', 'it is already being deleted'),
      { for: 'deletion' },
    ],
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

  test('is not over when its instance may not be deleted', async () => {
    await judged({ DBInstanceStatus: 'available' });
    rds.answer('DeleteDBInstance', refused('AccessDenied', 'no', 403));
    await expect(tick()).rejects.toMatchObject({ code: 'AccessDenied' });
    expect(await isTornDown()).toBe(false);
  });

  test('keeps its instance with --keep to the end of its lifetime, and not longer', async () => {
    await judged({ DBInstanceStatus: 'available' }, true, lifetimeMs);
    expect(await tick()).toEqual({ for: 'lifetime' });
    expect(count('DeleteDBInstance')).toBe(0);
    vi.setSystemTime(now.getTime() + 1);
    rds.answer('DeleteDBInstance', {});
    expect(await tick()).toEqual({ for: 'deletion', instance: drillInstance });
  });

  test('is over when its kept instance has disappeared', async () => {
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
  expect(await afterRequest()).toEqual([failed('The drill did not finish within 240 minutes.')]);
});

test('a drill that is given up keeps its first verdict', async () => {
  await drills.request();
  const drill = await newestDrill();
  if (!drill) throw new Error('there is no drill');
  await abandonDrill(drill, 'It was interrupted.', now);
  await recordMilestone(drill.id, drill.requestedAt, 'verdict', { passed: true, summary: 'Proven.' }, now);
  expect(await afterRequest()).toEqual([failed('It was interrupted.')]);
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

  test('deletes every instance that has the name and the tag of a drill and is older than allowed', async () => {
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

  test('leaves an instance that RDS is changing to the next sweep, and goes on', async () => {
    instances(old('1'), old('2'), old('3'));
    const busy = refused('InvalidDBInstanceState', 'it is being modified');
    rds.answer('DeleteDBInstance', busy, refused('DBInstanceNotFound', 'no', 404), {});
    expect(await sweepDrills(recoveryPolicy, now)).toEqual(['stockade-drill-2', 'stockade-drill-3']);
  });

  test('reports every instance that could not be deleted, after it has deleted the others', async () => {
    instances(old('1'), old('2'), old('3'));
    const denied = refused('AccessDenied', 'no', 403);
    rds.answer('DeleteDBInstance', {}, denied, {});
    const reason = (name: string) =>
      `RDS DeleteDBInstance of stockade-drill-${name} was refused: AccessDenied: no`;
    await expect(sweepDrills(recoveryPolicy, now)).rejects.toMatchObject({
      errors: [{ name: 'AwsRefused' }],
      message: `1 drill instance could not be deleted:\n${reason('2')}\nDeleted: stockade-drill-1, stockade-drill-3.`,
    });
    instances(old('1'));
    rds.answer('DeleteDBInstance', denied);
    await expect(sweepDrills(recoveryPolicy, now)).rejects.toThrow(
      `${reason('1')}\nNo other instance was deleted.`,
    );
  });
});
