import { describe, expect, test } from 'vitest';
import { everyPage } from '#platform/aws/every-page.ts';
import { environment } from '#platform/environment.ts';
import { listSubscribers } from '#recovery/monitor/subscribers.ts';
import * as rds from '#recovery/rds/rds.ts';
import { setBesidePassword } from '#recovery/rds/rds-beside.ts';
import * as aurora from '#recovery/rds/rds-cluster.ts';
import type { XmlElements } from '#scripts/local/aws/xml.ts';
import { openScripted, refused, type Scripted } from './scripted-aws.ts';

const script = openScripted('rds');
const topics = openScripted('sns');

/** Three pages. The second is empty: an empty page is not always the last. */
function pages(page: (at: number) => XmlElements): Scripted {
  return (parameters) => {
    const at = Number(parameters.text('Marker') ?? 1);
    return { ...(at === 2 ? {} : page(at)), ...(at < 3 && { Marker: String(at + 1) }) };
  };
}
/** The markers in the calls of an action. */
const markers = (action: string) =>
  script
    .asked()
    .filter((each) => each.action === action)
    .map(({ parameters }) => parameters.text('Marker'));
const filterOf = (name: string) => ({
  name: script.asked()[0]?.parameters.text('Filters.Filter.1.Name'),
  value: script.asked()[0]?.parameters.text('Filters.Filter.1.Values.Value.1'),
  is: name,
});

describe('lists are read to their last page', () => {
  test('snapshots of an instance, in the given region', async () => {
    script.answer(
      'DescribeDBSnapshots',
      pages((at) => ({ DBSnapshots: { DBSnapshot: [{ DBSnapshotIdentifier: `s${at}` }] } })),
    );
    const found = await rds.listSnapshots('ledger', 'eu-west-1');
    expect(found.map(({ DBSnapshotIdentifier: name }) => name)).toEqual(['s1', 's3']);
    expect(markers('DescribeDBSnapshots')).toEqual([undefined, '2', '3']);
    expect(new Set(script.asked().map(({ region }) => region))).toEqual(new Set(['eu-west-1']));
    expect(filterOf('')).toMatchObject({ name: 'db-instance-id', value: 'ledger' });
    await rds.listSnapshots('ledger');
    expect(script.asked().at(-1)?.region).toBe(process.env.AWS_REGION);
  });

  test('snapshots of a cluster', async () => {
    script.answer(
      'DescribeDBClusterSnapshots',
      pages((at) => ({
        DBClusterSnapshots: { DBClusterSnapshot: [{ DBClusterSnapshotIdentifier: `s${at}` }] },
      })),
    );
    const found = await aurora.listClusterSnapshots('books', 'eu-west-1');
    expect(found.map(({ DBClusterSnapshotIdentifier: name }) => name)).toEqual(['s1', 's3']);
    expect(markers('DescribeDBClusterSnapshots')).toEqual([undefined, '2', '3']);
    expect(filterOf('')).toMatchObject({ name: 'db-cluster-id', value: 'books' });
    expect(script.asked()[0]?.region).toBe('eu-west-1');
  });

  test('drill instances, by their name or by their tag, and no others', async () => {
    const tag = { TagList: { Tag: [{ Key: 'other' }, { Key: rds.drillTag, Value: '1' }] } };
    const all: Readonly<Record<number, XmlElements[]>> = {
      1: [
        { DBInstanceIdentifier: 'ledger' },
        { DBInstanceIdentifier: 'stockade-drill-1', DBInstanceStatus: 'creating' },
      ],
      3: [
        { DBInstanceIdentifier: 'tagged', ...tag },
        { DBInstanceIdentifier: 'my-stockade-drill-1', TagList: { Tag: [{ Key: 'other', Value: '1' }] } },
      ],
    };
    script.answer(
      'DescribeDBInstances',
      pages((at) => ({ DBInstances: { DBInstance: all[at] ?? [] } })),
    );
    const found = await rds.describeDrillInstances();
    expect(found.map(({ DBInstanceIdentifier: name }) => name)).toEqual(['stockade-drill-1', 'tagged']);
    expect(markers('DescribeDBInstances')).toEqual([undefined, '2', '3']);
  });

  test('automated backups, of which the active one counts', async () => {
    const backup = (id: string, Status?: string) => ({ DbiResourceId: id, Status });
    const answered = (...found: XmlElements[]) =>
      script.answer(
        'DescribeDBInstanceAutomatedBackups',
        pages((at) => ({
          DBInstanceAutomatedBackups: {
            DBInstanceAutomatedBackup: at === 1 ? found.slice(0, 1) : found.slice(1),
          },
        })),
      );
    const chosen = async () => (await rds.describeAutomatedBackup('ledger', 'eu-west-1'))?.DbiResourceId;
    answered(backup('old', 'retained'), backup('today', 'active'));
    expect(await chosen()).toBe('today');
    expect(markers('DescribeDBInstanceAutomatedBackups')).toEqual([undefined, '2', '3']);
    expect([filterOf(''), script.asked()[0]?.region]).toMatchObject([
      { name: 'db-instance-id', value: 'ledger' },
      'eu-west-1',
    ]);
    answered(backup('old', 'retained'), backup('older', 'retained'));
    expect(await chosen()).toBe('old');
    answered();
    expect(await chosen()).toBeUndefined();
  });

  test('events of a snapshot, of which the oldest counts in any order', async () => {
    const at = (day: number) => new Date(Date.UTC(2026, 0, day));
    script.answer(
      'DescribeEvents',
      pages((page) => ({
        Events: {
          Event: page === 1 ? [{ Date: at(9) }, { Message: 'no time' }] : [{ Date: at(3) }, { Date: at(5) }],
        },
      })),
    );
    expect(await rds.firstEventOf('s', 'db-snapshot')).toEqual(at(3));
    const [{ parameters } = { parameters: undefined }] = script.asked();
    expect(['SourceIdentifier', 'SourceType', 'Duration'].map((name) => parameters?.text(name))).toEqual([
      's',
      'db-snapshot',
      '20160',
    ]);
    script.answer('DescribeEvents', {});
    expect(await rds.firstEventOf('s', 'db-cluster-snapshot')).toBeUndefined();
  });

  test('subscribers of the alerts', async () => {
    process.env[environment.alertTopicArn] = 'arn:aws:sns:eu-central-1:000000000000:alerts';
    const member = (Protocol: string, SubscriptionArn: string) => ({ Protocol, SubscriptionArn });
    topics.answer('ListSubscriptionsByTopic', (parameters) =>
      parameters.text('NextToken') === 'more'
        ? { Subscriptions: { member: [member('email', 'PendingConfirmation'), member('lambda', 'arn:x')] } }
        : { Subscriptions: { member: [member('sms', 'arn:x')] }, NextToken: 'more' },
    );
    expect(await listSubscribers()).toEqual([
      { isPerson: true, isConfirmed: true },
      { isPerson: true, isConfirmed: false },
      { isPerson: false, isConfirmed: true },
    ]);
    const protocols = [
      'email',
      'email-json',
      'sms',
      'http',
      'https',
      'application',
      'sqs',
      'lambda',
      'firehose',
    ];
    topics.answer('ListSubscriptionsByTopic', {
      Subscriptions: { member: protocols.map((each) => member(each, 'arn:x')) },
    });
    const people = (await listSubscribers()).map(({ isPerson }) => isPerson);
    expect(protocols.filter((_, at) => people[at])).toEqual(protocols.slice(0, 6));
  });
});

describe('AWS that is busy or refuses', () => {
  const three = { DBInstances: { DBInstance: [{ DBInstanceIdentifier: 'ledger' }] } };

  test('is asked again twice, and answers the third time', async () => {
    script.answer('DescribeDBInstances', refused('Throttling'), refused('Throttling'), three);
    expect(await rds.describeInstance('ledger')).toMatchObject({ DBInstanceIdentifier: 'ledger' });
    expect(script.actions()).toEqual(Array(3).fill('DescribeDBInstances'));
  });

  test('is given up after the third time, as an outage', async () => {
    script.answer('DescribeDBInstances', ...Array(3).fill(refused('Throttling')), three);
    await expect(rds.describeInstance('ledger')).rejects.toMatchObject({
      name: 'AwsUnavailable',
      message: expect.stringContaining('RDS DescribeDBInstances of ledger did not succeed: Throttling'),
    });
    expect(script.actions()).toEqual(Array(3).fill('DescribeDBInstances'));
  });

  test('that refuses the second time is not asked a third time', async () => {
    script.answer('DescribeDBInstances', refused('Throttling'), refused('AccessDenied', 'no', 403), three);
    await expect(rds.describeInstance('ledger')).rejects.toMatchObject({
      name: 'AwsRefused',
      code: 'AccessDenied',
    });
    expect(script.actions()).toEqual(Array(2).fill('DescribeDBInstances'));
  });

  test('fails the whole list when it refuses the second page', async () => {
    const page = { DBSnapshots: { DBSnapshot: [{ DBSnapshotIdentifier: 's' }] }, Marker: '2' };
    script.answer('DescribeDBSnapshots', page, refused('AccessDenied', 'no', 403));
    await expect(rds.listSnapshots('ledger')).rejects.toMatchObject({ code: 'AccessDenied' });
  });

  test('answers undefined only when the resource does not exist', async () => {
    script.answer('DescribeDBInstances', refused('DBInstanceNotFound', 'no', 404));
    script.answer('DescribeDBClusters', refused('DBClusterNotFoundFault', 'no', 404));
    expect(await rds.describeInstance('ledger')).toBeUndefined();
    expect(await aurora.describeCluster('books')).toBeUndefined();
    script.answer('DescribeDBClusters', refused('DBInstanceNotFound', 'no', 404));
    await expect(aurora.describeCluster('books')).rejects.toMatchObject({ name: 'AwsRefused' });
    script.answer('DescribeDBInstances', {});
    expect(await rds.describeInstance('ledger')).toBeUndefined();
  });
});

describe('a drill instance', () => {
  const name = 'stockade-drill-000001';
  const deletion = async (answer: Scripted) => {
    script.answer('DeleteDBInstance', answer);
    await rds.deleteInstance(name);
    const asked = script.asked().at(-1)?.parameters;
    return [
      'DBInstanceIdentifier',
      'SkipFinalSnapshot',
      'DeleteAutomatedBackups',
      'FinalDBSnapshotIdentifier',
    ].map((each) => asked?.text(each));
  };

  test('is deleted with its backups, and a deletion that has begun is no error', async () => {
    const asked = [name, 'true', 'true', undefined];
    expect(await deletion({})).toEqual(asked);
    expect(await deletion(refused('DBInstanceNotFound', 'no', 404))).toEqual(asked);
    const going = refused('InvalidDBInstanceState', `Instance ${name} is already being deleted.`);
    expect(await deletion(going)).toEqual(asked);
    const busy = refused('InvalidDBInstanceState', `Instance ${name} is being modified.`);
    await expect(deletion(busy)).rejects.toMatchObject({ name: 'AwsRefused' });
    await expect(deletion(refused('AccessDenied', 'no', 403))).rejects.toMatchObject({
      code: 'AccessDenied',
    });
  });

  test('gets another password at once', async () => {
    script.answer('ModifyDBInstance', {});
    await rds.setMasterPassword(name, 'secret');
    const asked = script.asked()[0]?.parameters;
    expect(
      ['DBInstanceIdentifier', 'MasterUserPassword', 'ApplyImmediately'].map((each) => asked?.text(each)),
    ).toEqual([name, 'secret', 'true']);
  });

  test('is recognized by its name: every other instance is refused', async () => {
    const settings = {
      instance: 'ledger',
      drillId: '1',
      instanceClass: 'c',
      subnetGroup: 's',
      securityGroupIds: [],
    };
    for (const work of [
      () => rds.deleteInstance('ledger'),
      () => rds.deleteInstance('x-stockade-drill-1'),
      () => rds.setMasterPassword('ledger', 'secret'),
      () => rds.restoreFromSnapshot('s', settings),
      () => rds.restoreToPointInTime('ledger', new Date(), settings),
    ]) {
      await expect(work()).rejects.toMatchObject({ name: 'RecoveryRefused' });
    }
    expect(script.actions()).toEqual([]);
  });

  test.each([
    ...['failed', 'incompatible-restore', 'inaccessible-encryption-credentials', 'restore-error'],
    ...['storage-full', 'stopped'],
  ])('that is %s never becomes available', (status) => {
    expect(rds.isHopeless(status)).toBe(true);
  });

  test.each(['creating', 'available', 'modifying', 'backing-up', 'deleting', 'has-failed', ''])(
    'that is %s may become available',
    (status) => {
      expect(rds.isHopeless(status)).toBe(false);
    },
  );
});

test('only an instance that was restored beside production gets another password', async () => {
  const described = (Key: string) => ({
    DBInstances: { DBInstance: [{ DBInstanceIdentifier: 'back', TagList: { Tag: [{ Key, Value: 's' }] } }] },
  });
  script.answer('ModifyDBInstance', {});
  script.answer(
    'DescribeDBInstances',
    described('another'),
    refused('DBInstanceNotFound', 'no', 404),
    described('stockade:restored-from'),
  );
  for (const _ of [1, 2])
    await expect(setBesidePassword('back', 'p')).rejects.toThrow('was not restored beside');
  expect(script.actions()).not.toContain('ModifyDBInstance');
  await setBesidePassword('back', 'p');
  expect(script.asked().at(-1)?.parameters.text('MasterUserPassword')).toBe('p');
});

test('a list whose pages repeat themselves ends, also one after the other', async () => {
  const turns = (marker = 'a') => (marker === 'a' ? 'b' : 'a');
  for (const marker of [() => 'again', turns])
    await expect(
      everyPage('RDS DescribeEvents', async (last) => ({ items: [1], marker: marker(last) })),
    ).rejects.toMatchObject({ code: 'SamePage', message: expect.stringContaining('RDS DescribeEvents') });
});
