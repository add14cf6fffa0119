import type { ClientBase } from 'pg';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { readEvidence } from '#platform/aws/evidence.ts';
import { environment } from '#platform/environment.ts';
import { allowContract, findWayBack } from '#recovery/contract-interlock.ts';
import { recordMilestone } from '#recovery/drill/records.ts';
import { recoveryPolicy } from '#recovery/policy.ts';
import { minuteMs, now, openScriptedDrills } from './drill/scripted-drills.ts';
import { refused } from './scripted-aws.ts';

const drills = openScriptedDrills();
const { rds } = drills;

const file = { name: '000099_contract' };
const host = 'ledger.abc.eu-central-1.rds.amazonaws.com';
const local = 'postgres://u:p@127.0.0.1:5432/ledger';
const dayMs = recoveryPolicy.contractDrillAgeMs;
/** Whose clock is that of the test, and which is no server of RDS unless a test says so. */
const clientOf = (managed = false) =>
  ({
    query: async (text: string) => ({ rows: [text.includes('rds_superuser') ? { managed } : { at: now }] }),
  }) as never as ClientBase;
const ago = (ms: number) => new Date(now.getTime() - ms);

beforeEach(() => {
  process.env[environment.dbInstanceIdentifier] = 'ledger';
});

/** RDS says up to when the instance can be restored. */
const restorableTo = (LatestRestorableTime: Date | undefined) =>
  rds.answer('DescribeDBInstances', {
    DBInstances: {
      DBInstance: [
        {
          ...{ DBInstanceIdentifier: 'ledger', BackupRetentionPeriod: 7, LatestRestorableTime },
          Endpoint: { Address: host, Port: 5432 },
        },
      ],
    },
  });
/** Records a drill with a verdict of that age. */
async function drilled(agoMs: number, passed = true, source = 'ledger'): Promise<void> {
  await drills.request({ source }, agoMs + minuteMs);
  await recordMilestone('000001', ago(agoMs + minuteMs), 'verdict', { passed, summary: 'why' }, ago(agoMs));
}
const answer = (databaseUrl = local, client = clientOf()) =>
  findWayBack(file, client, { databaseUrl, policy: recoveryPolicy }).then(
    (found) => found?.identifier,
    (error: Error) => error.message.replace(/^Only a backup can undo 000099_contract, and /, ''),
  );

describe('a migration that only a backup can undo', () => {
  test.each([
    ['five minutes in the future, as clocks differ', -5 * minuteMs, 'ledger'],
    [
      'further in the future',
      -5 * minuteMs - 1_000,
      expect.stringMatching(/^ledger can be restored to \S+, which is in the future/),
    ],
    ['fifteen minutes ago', 15 * minuteMs, 'ledger'],
    [
      'a second more ago',
      15 * minuteMs + 1_000,
      expect.stringMatching(/^ledger can be restored only to \S+Z, 15 min 1 s ago$/),
    ],
  ])('may be applied when the log was shipped %s', async (_, agoMs, expected) => {
    restorableTo(ago(agoMs));
    await drilled(minuteMs);
    expect(await answer()).toEqual(expected);
  });

  test.each([
    ['a day ago', dayMs, true, 'ledger', 'ledger'],
    [
      'a millisecond more ago',
      dayMs + 1,
      true,
      'ledger',
      'the last drill, 000001, passed 1 d ago, and the limit is 1 d',
    ],
    ['five minutes in the future', -5 * minuteMs, true, 'ledger', 'ledger'],
    [
      'further in the future',
      -5 * minuteMs - 1,
      true,
      'ledger',
      expect.stringMatching(/^the last drill, 000001, was at \S+, which is in the future: a clock is wrong$/),
    ],
    ['that failed', 0, false, 'ledger', 'the last drill, 000001, failed: why'],
    ['of another database', 0, false, 'other', 'the last drill, 000001, restored other, not ledger'],
  ])('may be applied after a drill %s', async (_, agoMs, passed, source, expected) => {
    restorableTo(ago(0));
    await drilled(agoMs, passed, source);
    expect(await answer()).toEqual(expected);
  });

  test('has a recorded return point, which is valid as long as RDS keeps its backups', async () => {
    restorableTo(ago(0));
    await drilled(0);
    const point = await allowContract(file, clientOf(), { databaseUrl: local, policy: recoveryPolicy });
    const until = new Date(now.getTime() + 7 * 24 * 60 * minuteMs);
    expect(point).toEqual({ migration: file.name, source: 'ledger', at: now, until });
    const written = await readEvidence(`contracts/${file.name}/${now.toISOString()}.json`);
    expect(JSON.parse(Buffer.from(written ?? []).toString())).toEqual({
      format: 'stockade contract 1',
      ...{ migration: file.name, source: 'ledger', at: now.toISOString(), until: until.toISOString() },
    });
  });

  test('is refused without a log, without a drill, and when the backups cannot be checked', async () => {
    restorableTo(undefined);
    expect(await answer()).toBe('ledger cannot be restored to any point in time');
    restorableTo(ago(0));
    expect(await answer()).toBe('no backup has ever been restored and proven');
    rds.answer('DescribeDBInstances', refused('DBInstanceNotFound', 'no', 404));
    expect(await answer()).toMatch(
      /^its backups could not be checked\. Could not run\. .*there is no instance ledger/,
    );
  });

  test('is refused at an address of another database, but not at a proxy or a private name', async () => {
    restorableTo(ago(0));
    await drilled(0);
    for (const at of [host, 'pool.proxy-abc.eu-central-1.rds.amazonaws.com', 'database.internal']) {
      expect(await answer(`postgres://u:p@${at}:5432/ledger`)).toBe('ledger');
    }
    for (const at of [`other-${host}`, 'other.abc.cn-north-1.rds.amazonaws.com.cn']) {
      expect(await answer(`postgres://u:p@${at}:5432/ledger`)).toBe(
        `it runs at ${at}:5432, which is not an address of ledger`,
      );
    }
  });

  test('needs no check outside AWS, and is refused on RDS when no setting names the instance', async () => {
    vi.stubEnv(environment.dbInstanceIdentifier, '');
    try {
      expect(await answer()).toBeUndefined();
      const unnamed = 'no setting names its instance, so its backups could not be checked';
      expect(await answer(`postgres://u:p@${host.toUpperCase()}:5432/ledger`)).toBe(unnamed);
      expect(await answer(local, clientOf(true))).toBe(unnamed);
    } finally {
      vi.unstubAllEnvs();
    }
    expect(rds.actions()).toEqual([]);
  });
});
