import { mkdir, mkdtemp, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as rds from '@aws-sdk/client-rds';
import * as s3 from '@aws-sdk/client-s3';
import * as sns from '@aws-sdk/client-sns';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Content, Instance, Snapshot } from './rds/records.ts';
import { startRds } from './rds/service.ts';
import { startS3 } from './s3/service.ts';
import { createAwsKey } from './signature.ts';
import { startSns } from './sns/service.ts';

// What was answered must outlive a kill: where it cannot be written down, it is not answered.

const key = createAwsKey();
const region = 'eu-central-1';
const accountId = '000000000000';
const failed = { name: expect.stringMatching(/^InternalError/), $metadata: { httpStatusCode: 500 } };
let directory: string;
const ends: (() => unknown)[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stockade-unwritten-'));
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  vi.restoreAllMocks();
  await rm(directory, { recursive: true });
});

/** The settings of a client for a service that ends with the test. */
function settingsOf(service: { readonly url: string; close(): Promise<void> }) {
  ends.push(() => service.close());
  return { endpoint: service.url, region, credentials: key, maxAttempts: 1 };
}

describe('S3', () => {
  const Bucket = 'locked';
  const Key = 'kept';

  test.each([
    ['a bucket', new s3.CreateBucketCommand({ Bucket: 'new', ObjectLockEnabledForBucket: true })],
    ['an object', new s3.PutObjectCommand({ Bucket, Key: 'new', Body: 'x' })],
    ['a delete marker', new s3.DeleteObjectCommand({ Bucket, Key })],
  ] as [string, unknown][])('%s', async (_, command) => {
    const local = await startS3({ directory, key, region });
    const client = new s3.S3Client(settingsOf(local));
    ends.push(() => client.destroy());
    const send = (each: unknown) => client.send(each as s3.GetObjectCommand);
    await local.ensureBucket({ name: Bucket, locks: true });
    await send(new s3.PutObjectCommand({ Bucket, Key, Body: 'x' }));
    const staging = join(directory, '.staging');
    await rm(staging, { recursive: true });
    await expect(send(command)).rejects.toMatchObject(failed);
    await mkdir(staging);
    await send(command);
  });
});

test('a message of SNS', async () => {
  const local = await startSns({ directory, key, region, accountId });
  const client = new sns.SNSClient(settingsOf(local));
  ends.push(() => client.destroy());
  const heard = vi.fn();
  local.onMessage(heard);
  await mkdir(join(directory, 'messages.jsonl'));
  const TopicArn = local.ensureTopic('alerts');
  const publishing = client.send(new sns.PublishCommand({ TopicArn, Message: 'x' }));
  await expect(publishing).rejects.toMatchObject(failed);
  expect(heard).not.toHaveBeenCalled();
});

describe('RDS', () => {
  const DBInstanceIdentifier = 'broken';
  const DBSnapshotIdentifier = 'kept';
  const arnOf = (kind: string, name: string) => `arn:aws:rds:${region}:${accountId}:${kind}:${name}`;
  const origin = {
    region,
    resourceId: 'db-ABCDEFGHIJKLMNOPQRSTUVWXYZ',
    instanceCreatedAt: '2026-01-01T00:00:00.000Z',
    engineVersion: '18.1',
    masterUsername: 'postgres',
    databaseName: 'stockade',
    isEncrypted: false,
    settings: {
      DBInstanceClass: 'db.t4g.micro',
      MultiAZ: false,
      PubliclyAccessible: false,
      BackupRetentionPeriod: 0,
      CopyTagsToSnapshot: true,
      DeletionProtection: false,
      IAMDatabaseAuthenticationEnabled: false,
      AutoMinorVersionUpgrade: true,
      DBSubnetGroupName: 'default',
      DBParameterGroupName: 'default.postgres18',
      VpcSecurityGroupIds: ['sg-local'],
    },
    tags: { stage: 'test' },
  };
  const instance: Instance = { ...origin, identifier: DBInstanceIdentifier, status: 'failed', passwords: [] };
  const snapshot: Snapshot = {
    ...origin,
    identifier: DBSnapshotIdentifier,
    type: 'manual',
    status: 'available',
    percent: 100,
    instanceIdentifier: DBInstanceIdentifier,
    instanceTags: {},
    port: 5432,
    password: 'x',
    folder: 'kept',
    begunAt: origin.instanceCreatedAt,
    createdAt: origin.instanceCreatedAt,
    originalCreatedAt: origin.instanceCreatedAt,
    restorableBy: [],
  };
  const content: Content = { instances: [instance], snapshots: [snapshot], events: [] };

  test.each([
    [
      'that an instance has fewer tags',
      new rds.RemoveTagsFromResourceCommand({
        ResourceName: arnOf('db', DBInstanceIdentifier),
        TagKeys: ['stage'],
      }),
    ],
    [
      'who may restore it',
      new rds.ModifyDBSnapshotAttributeCommand({
        DBSnapshotIdentifier,
        AttributeName: 'restore',
        ValuesToAdd: ['all'],
      }),
    ],
    [
      'a copy of it',
      new rds.CopyDBSnapshotCommand({
        SourceDBSnapshotIdentifier: DBSnapshotIdentifier,
        TargetDBSnapshotIdentifier: 'copy',
      }),
    ],
    ['its end', new rds.DeleteDBSnapshotCommand({ DBSnapshotIdentifier })],
    [
      'an instance of it',
      new rds.RestoreDBInstanceFromDBSnapshotCommand({ DBSnapshotIdentifier, DBInstanceIdentifier: 'new' }),
    ],
    [
      'the end of an instance',
      new rds.DeleteDBInstanceCommand({ DBInstanceIdentifier, SkipFinalSnapshot: true }),
    ],
  ] as [string, unknown][])('%s', async (_, command) => {
    const state = join(directory, 'state.json');
    await writeFile(state, JSON.stringify(content));
    const local = await startRds({ directory, key, region, durable: false });
    const client = new rds.RDSClient(settingsOf(local));
    ends.push(() => client.destroy());
    const send = (each: unknown) => client.send(each as rds.RemoveTagsFromResourceCommand);
    await mkdir(`${state}.draft`);
    await expect(send(command)).rejects.toMatchObject(failed);
    expect(JSON.parse(await readFile(state, 'utf8'))).toEqual(content);
    await rmdir(`${state}.draft`);
    const ResourceName = arnOf('db', DBInstanceIdentifier);
    await send(new rds.RemoveTagsFromResourceCommand({ ResourceName, TagKeys: ['stage'] }));
    expect(JSON.parse(await readFile(state, 'utf8')).instances).toContainEqual(
      expect.objectContaining({ identifier: DBInstanceIdentifier, tags: {} }),
    );
  });
});
