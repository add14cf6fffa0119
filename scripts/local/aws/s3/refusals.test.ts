import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as s3 from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAwsKey } from '../signature.ts';
import { type LocalS3, startS3 } from './service.ts';

const region = 'eu-central-1';
const credentials = createAwsKey();
const [plain, locked, versioned] = ['plain', 'locked', 'versioned'];
const Key = 'here';
let directory: string;
let local: LocalS3;
let client: s3.S3Client;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stockade-s3-refusals-'));
  local = await startS3({ directory, key: credentials, region });
  client = new s3.S3Client({ endpoint: local.url, region, credentials, maxAttempts: 1 });
  await local.ensureBucket({ name: plain });
  await local.ensureBucket({ name: versioned, versioning: 'Enabled' });
  await local.ensureBucket({ name: locked, versioning: 'Enabled', objectLock: {} });
  for (const Bucket of [plain, locked])
    await client.send(new s3.PutObjectCommand({ Bucket, Key, Body: 'x' }));
});
afterAll(async () => {
  client.destroy();
  await local.close();
  await rm(directory, { recursive: true, force: true });
});

/** Anything the client can be made to send: the values need not be those of the API. */
type Values = Record<string, unknown>;
const send = (command: unknown) => client.send(command as s3.HeadObjectCommand);
const malformed = { name: 'MalformedXML', $metadata: { httpStatusCode: 400 } };
const invalid = (ArgumentName: string, ArgumentValue: unknown) => ({
  name: 'InvalidArgument',
  $metadata: { httpStatusCode: 400 },
  ArgumentName,
  ArgumentValue,
});

describe('lists refuse what they cannot answer', () => {
  test.each([
    [{ MaxKeys: -1 }, invalid('max-keys', '-1')],
    [{ MaxKeys: 1_000_000_000 }, invalid('max-keys', '1000000000')],
    [{ MaxKeys: 1.5 }, invalid('max-keys', '1.5')],
    [{ EncodingType: 'url' }, { name: 'NotImplemented', $metadata: { httpStatusCode: 501 } }],
    [{ Bucket: 'nowhere' }, { name: 'NoSuchBucket', $metadata: { httpStatusCode: 404 } }],
  ] as [Values, object][])('of objects and of versions: %j', async (input, refusal) => {
    const wanted = { Bucket: plain, ...input };
    await expect(send(new s3.ListObjectsV2Command(wanted as never))).rejects.toMatchObject(refusal);
    await expect(send(new s3.ListObjectVersionsCommand(wanted as never))).rejects.toMatchObject(refusal);
  });

  test('a place in the list that there is not', async () => {
    const going = new s3.ListObjectsV2Command({ Bucket: plain, ContinuationToken: 'x' });
    await expect(send(going)).rejects.toMatchObject(invalid('continuation-token', 'x'));
    const marked = new s3.ListObjectVersionsCommand({ Bucket: plain, VersionIdMarker: 'v' });
    await expect(send(marked)).rejects.toMatchObject(invalid('version-id-marker', 'v'));
  });

  test('more than a page is a page, and none is none', async () => {
    const list = (MaxKeys: number) => client.send(new s3.ListObjectsV2Command({ Bucket: plain, MaxKeys }));
    expect(await list(999_999_999)).toMatchObject({ KeyCount: 1, MaxKeys: 1_000, IsTruncated: false });
    expect(await list(0)).toMatchObject({ KeyCount: 0, MaxKeys: 0 });
  });
});

describe('the lock of a bucket', () => {
  const configure = (ObjectLockConfiguration: Values, Bucket = versioned) =>
    send(new s3.PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration } as never));
  const rule = (DefaultRetention: Values) => ({ ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention } });

  test.each([
    [{}],
    [{ ObjectLockEnabled: 'Disabled' }],
    [rule({})],
    [rule({ Days: 1 })],
    [rule({ Mode: 'FOREVER', Days: 1 })],
    [rule({ Mode: 'COMPLIANCE' })],
    [rule({ Mode: 'GOVERNANCE' })],
    [rule({ Mode: 'GOVERNANCE', Days: 1, Years: 1 })],
  ])('is refused when it does not say how and for how long: %j', async (configuration) => {
    await expect(configure(configuration)).rejects.toMatchObject(malformed);
  });

  test.each([{ Days: 0 }, { Days: -1 }, { Days: 1.5 }, { Years: 0 }])(
    'is for whole days or years: %j',
    async (length) => {
      const configuring = configure(rule({ Mode: 'COMPLIANCE', ...length }));
      await expect(configuring).rejects.toMatchObject(invalid('Days', `${Object.values(length)[0]}`));
    },
  );

  test('what was refused has locked nothing', async () => {
    const asking = client.send(new s3.GetObjectLockConfigurationCommand({ Bucket: versioned }));
    await expect(asking).rejects.toMatchObject({ name: 'ObjectLockConfigurationNotFoundError' });
  });

  test.each([
    { Mode: 'COMPLIANCE', Days: 1 },
    { Mode: 'GOVERNANCE', Years: 1 },
  ])('is what was asked for: %j', async (DefaultRetention) => {
    await local.ensureBucket({ name: 'to-lock', versioning: 'Enabled' });
    await configure(rule(DefaultRetention), 'to-lock');
    const asked = await client.send(new s3.GetObjectLockConfigurationCommand({ Bucket: 'to-lock' }));
    expect(asked.ObjectLockConfiguration?.Rule).toEqual({ DefaultRetention });
  });

  test('versions are kept or not, and nothing else', async () => {
    const put = new s3.PutBucketVersioningCommand({
      Bucket: plain,
      VersioningConfiguration: { Status: 'Off' as never },
    });
    await expect(send(put)).rejects.toMatchObject(malformed);
  });
});

describe('the lock of an object', () => {
  const tomorrow = new Date(Date.now() + 86_400_000);
  const retain = (Retention: Values, Bucket = locked) =>
    send(new s3.PutObjectRetentionCommand({ Bucket, Key, Retention } as never));
  const hold = (Status: string, Bucket = locked) =>
    send(new s3.PutObjectLegalHoldCommand({ Bucket, Key, LegalHold: { Status } } as never));
  const notLockable = {
    name: 'InvalidRequest',
    $metadata: { httpStatusCode: 400 },
    message: 'Bucket is missing Object Lock Configuration',
  };

  test('a mode without a date is none, nor is a date without a mode, nor a hold that is neither on nor off', async () => {
    await expect(retain({ Mode: 'GOVERNANCE' })).rejects.toMatchObject(malformed);
    await expect(retain({ RetainUntilDate: tomorrow })).rejects.toMatchObject(malformed);
    await expect(hold('MAYBE')).rejects.toMatchObject(malformed);
    for (const ask of [
      new s3.GetObjectRetentionCommand({ Bucket: locked, Key }),
      new s3.GetObjectLegalHoldCommand({ Bucket: locked, Key }),
    ]) {
      await expect(send(ask)).rejects.toMatchObject({
        name: 'NoSuchObjectLockConfiguration',
        $metadata: { httpStatusCode: 404 },
      });
    }
  });

  test('a bucket that does not lock has none', async () => {
    await expect(retain({ Mode: 'GOVERNANCE', RetainUntilDate: tomorrow }, plain)).rejects.toMatchObject(
      notLockable,
    );
    await expect(hold('ON', plain)).rejects.toMatchObject(notLockable);
  });

  // Each of the three alone asks for a lock.
  test.each([
    [{ ObjectLockLegalHoldStatus: 'ON' }],
    [{ ObjectLockMode: 'COMPLIANCE' }],
    [{ ObjectLockRetainUntilDate: tomorrow }],
  ] as Values[][])('nor takes an object that brings one: %j', async (lock) => {
    const put = new s3.PutObjectCommand({ Bucket: plain, Key: 'new', Body: 'x', ...lock });
    await expect(send(put)).rejects.toMatchObject(notLockable);
    expect(local.keys(plain)).toEqual([Key]);
  });

  test('a hold of an object that is put is on or off', async () => {
    const put = (ObjectLockLegalHoldStatus: string) =>
      send(
        new s3.PutObjectCommand({
          Bucket: locked,
          Key: 'held',
          Body: 'x',
          ObjectLockLegalHoldStatus,
        } as never),
      );
    await expect(put('MAYBE')).rejects.toMatchObject(invalid('x-amz-object-lock-legal-hold', 'MAYBE'));
    await put('OFF');
    await client.send(new s3.DeleteObjectCommand({ Bucket: locked, Key: 'held' }));
  });
});

test('keys are deleted a thousand at a time at most, and at least one', async () => {
  const remove = (count: number) =>
    client.send(
      new s3.DeleteObjectsCommand({
        Bucket: plain,
        Delete: {
          Quiet: true,
          Objects: Array.from({ length: count }, (_, index) => ({ Key: `gone-${index}` })),
        },
      }),
    );
  await expect(remove(0)).rejects.toMatchObject(malformed);
  await expect(remove(1_001)).rejects.toMatchObject(malformed);
  const { Deleted, Errors } = await remove(1_000);
  expect([Deleted, Errors]).toEqual([undefined, undefined]);
});
