import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import * as s3 from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createAwsKey } from '../signature.ts';
import { type LocalS3, startS3 } from './service.ts';

const key = createAwsKey();
const region = 'eu-central-1';
const Bucket = 'locked';
let directory: string;
let local: LocalS3;
let client: s3.S3Client;

const clientOf = (more: Partial<s3.S3ClientConfig> = {}) =>
  new s3.S3Client({ endpoint: local.url, region, credentials: key, maxAttempts: 1, ...more });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stockade-s3-'));
  local = await startS3({ directory, key, region });
  client = clientOf();
  await client.send(new s3.CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
});
afterAll(async () => {
  client.destroy();
  await local.close();
  await rm(directory, { recursive: true, force: true });
});
afterEach(() => local.faults.clear());

const put = (
  Key: string,
  Body: s3.PutObjectCommandInput['Body'],
  more: Partial<s3.PutObjectCommandInput> = {},
) => client.send(new s3.PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = async (Key: string, more: Partial<s3.GetObjectCommandInput> = {}) => {
  const got = await client.send(new s3.GetObjectCommand({ Bucket, Key, ...more }));
  return { ...got, text: await got.Body?.transformToString() };
};
const remove = (Key: string, more: Partial<s3.DeleteObjectCommandInput> = {}) =>
  client.send(new s3.DeleteObjectCommand({ Bucket, Key, ...more }));
const list = (more: Partial<s3.ListObjectVersionsCommandInput> = {}) =>
  client.send(new s3.ListObjectVersionsCommand({ Bucket, ...more }));
const refusal = (code: string, status: number) => ({ name: code, $metadata: { httpStatusCode: status } });
const tomorrow = () => new Date(Date.now() + 86_400_000);
const lockUntil = (until: Date) =>
  ({ ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: until }) as const;

test('an object comes back as it was put: bytes, type, checksum', async () => {
  const name = "a b/ü+c?&%2F=é#*()!'~";
  const digest = (text: string) => createHash('sha256').update(text).digest('base64');
  const sent = await put(name, 'hellö', { ContentType: 'text/plain', ChecksumSHA256: digest('hellö') });
  expect(sent.ETag).toBe(`"${createHash('md5').update('hellö').digest('hex')}"`);
  expect(await get(name)).toMatchObject({
    text: 'hellö',
    ContentLength: 6,
    ContentType: 'text/plain',
    ETag: sent.ETag,
    VersionId: sent.VersionId,
    ChecksumSHA256: digest('hellö'),
  });
  await put('empty', new Uint8Array());
  expect(await get('empty')).toMatchObject({ text: '', ContentLength: 0 });
  await expect(get('nothing')).rejects.toMatchObject({ ...refusal('NoSuchKey', 404), Key: 'nothing' });
  await expect(put('x', 'x', { Bucket: 'nowhere' })).rejects.toMatchObject(refusal('NoSuchBucket', 404));
});

test('what was damaged on the way is refused and leaves nothing', async () => {
  const ChecksumSHA256 = createHash('sha256').update('other').digest('base64');
  for (const damage of [{ ChecksumSHA256 }, { ChecksumCRC32: 'AAAAAA==' }]) {
    await expect(put('bad', 'body', damage)).rejects.toMatchObject(refusal('BadDigest', 400));
  }
  expect(local.keys(Bucket)).not.toContain('bad');
  expect(await readdir(join(directory, '.staging'))).toEqual([]);
});

test('damage on the way back is noticed by the SDK, because the checksum comes with the object', async () => {
  await put('rot', 'original');
  const root = join(directory, Bucket, 'objects');
  const folder = (await readdir(root)).find((each) => each.startsWith('rot~')) ?? '';
  const content = (await readdir(join(root, folder))).find((each) => each.endsWith('.content')) ?? '';
  await writeFile(join(root, folder, content), 'origin4l');
  await expect(get('rot')).rejects.toThrow(/[Cc]hecksum mismatch/);
});

test('a key that is to be new is put once, also by twenty at once; hidden, it is new again', async () => {
  const once = (body: string) => put('race', body, { IfNoneMatch: '*' });
  const results = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => once(String(index))));
  const winners = results.flatMap(({ status }, index) => (status === 'fulfilled' ? [String(index)] : []));
  expect(winners).toEqual([(await get('race')).text]);
  await expect(once('x')).rejects.toMatchObject({
    ...refusal('PreconditionFailed', 412),
    Condition: 'If-None-Match',
  });
  await remove('race');
  await once('again');
  expect((await get('race')).text).toBe('again');
});

test('versions: every put is kept, a delete hides, a version that is deleted is gone', async () => {
  const first = await put('v', 'one');
  const second = await put('v', 'two');
  const { VersionId: marker, DeleteMarker } = await remove('v');
  expect(DeleteMarker).toBe(true);
  await expect(get('v')).rejects.toMatchObject(refusal('NoSuchKey', 404));
  expect((await get('v', { VersionId: first.VersionId })).text).toBe('one');
  for (const VersionId of [marker, 'x'])
    await expect(get('v', { VersionId })).rejects.toMatchObject(refusal('NoSuchVersion', 404));
  const all = await list({ Prefix: 'v' });
  expect(all.Versions?.map(({ VersionId, IsLatest, Size }) => [VersionId, IsLatest, Size])).toEqual([
    [second.VersionId, false, 3],
    [first.VersionId, false, 3],
  ]);
  expect(all.DeleteMarkers?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([
    [marker, true],
  ]);
  await remove('v', { VersionId: marker });
  expect((await get('v')).text).toBe('two');
  await remove('v', { VersionId: second.VersionId });
  expect((await get('v')).text).toBe('one');
});

test('a list goes key by key in the order of bytes, and on from where a page has ended', async () => {
  const keys = ['l/Z', 'l/a', 'l/é', 'l/￿', 'l/😀'];
  for (const each of [...keys].reverse()) await put(each, each);
  await put('l/a', 'again');
  const listed = async (more: Partial<s3.ListObjectVersionsCommandInput> = {}) =>
    ((await list({ Prefix: 'l/', ...more })).Versions ?? []).map(({ Key, VersionId }) => [Key, VersionId]);
  const all = await listed();
  expect(all.map(([Key]) => Key)).toEqual(['l/Z', 'l/a', 'l/a', 'l/é', 'l/￿', 'l/😀']);
  for (const [index, [KeyMarker, VersionIdMarker]] of all.entries()) {
    expect(await listed({ KeyMarker, VersionIdMarker })).toEqual(all.slice(index + 1));
  }
  expect(await listed({ KeyMarker: 'l/a' })).toEqual(all.slice(3));
  expect(await listed({ Prefix: 'none' })).toEqual([]);
});

describe('a lock', () => {
  const locked = {
    ...refusal('AccessDenied', 403),
    message: 'Access Denied because object protected by object lock.',
  };

  test('lets new versions be put and the key be hidden, and the locked one not be deleted by anybody', async () => {
    const until = tomorrow();
    const { VersionId } = await put('c', 'one', lockUntil(until));
    await put('c', 'two');
    await remove('c');
    for (const more of [{}, { BypassGovernanceRetention: true }])
      await expect(remove('c', { VersionId, ...more })).rejects.toMatchObject(locked);
    expect(await get('c', { VersionId })).toMatchObject({
      text: 'one',
      ObjectLockMode: 'COMPLIANCE',
      ObjectLockRetainUntilDate: until,
    });
  });

  test('that is over locks nothing', async () => {
    const { VersionId } = await put('short', 'x', lockUntil(new Date(Date.now() + 300)));
    const outcome = () =>
      remove('short', { VersionId }).then(
        () => 'deleted',
        () => 'locked',
      );
    await expect.poll(outcome, { timeout: 5_000 }).toBe('deleted');
  });

  test.each([
    ['of a bucket that has none', { Bucket: 'open', ...lockUntil(tomorrow()) }, 'InvalidRequest', 400],
    ['until yesterday', lockUntil(new Date(0)), 'InvalidArgument', 400],
    ['without a date', { ObjectLockMode: 'COMPLIANCE' }, 'InvalidArgument', 400],
    ['of another mode', { ...lockUntil(tomorrow()), ObjectLockMode: 'GOVERNANCE' }, 'NotImplemented', 501],
    ['without a mode', { ObjectLockRetainUntilDate: tomorrow() }, 'NotImplemented', 501],
  ] as [string, Partial<s3.PutObjectCommandInput>, string, number][])(
    '%s is refused',
    async (_, lock, code, status) => {
      await local.ensureBucket({ name: 'open', locks: false });
      await expect(put('nonsense', 'x', lock)).rejects.toMatchObject(refusal(code, status));
      expect([...local.keys(Bucket), ...local.keys('open')]).not.toContain('nonsense');
    },
  );
});

test('who has not signed, or with another key, gets nothing', async () => {
  await put('private', 'x');
  const anonymous = await fetch(`${local.url}/${Bucket}/private`);
  expect([anonymous.status, await anonymous.text()]).toEqual([
    403,
    expect.stringContaining('<Code>AccessDenied</Code>'),
  ]);
  for (const [credentials, code] of [
    [createAwsKey(), 'InvalidAccessKeyId'],
    [{ ...key, sessionToken: 'x' }, 'InvalidAccessKeyId'],
    [{ ...key, secretAccessKey: 'x' }, 'SignatureDoesNotMatch'],
  ] as const) {
    const stranger = clientOf({ credentials });
    const getting = stranger.send(new s3.GetObjectCommand({ Bucket, Key: 'private' }));
    await expect(getting).rejects.toMatchObject(refusal(code, 403));
    stranger.destroy();
  }
});

test('what it does not do is refused, not passed over', async () => {
  const stream = Readable.from([Buffer.from('x')]);
  for (const command of [
    new s3.CreateBucketCommand({ Bucket: 'open-to-all' }),
    new s3.CreateMultipartUploadCommand({ Bucket, Key: 'm' }),
    new s3.CopyObjectCommand({ Bucket, Key: 'm', CopySource: `${Bucket}/private` }),
    new s3.PutObjectCommand({ Bucket, Key: 'm', Body: stream, ContentLength: 1 }),
    new s3.PutObjectCommand({ Bucket, Key: 'm', Body: 'x', Metadata: { a: 'b' } }),
    new s3.PutObjectCommand({ Bucket, Key: 'm', Body: 'x', IfMatch: '"x"' }),
    new s3.PutObjectCommand({ Bucket, Key: 'm', Body: 'x', IfNoneMatch: '"x"' }),
    new s3.GetObjectCommand({ Bucket, Key: 'private', Range: 'bytes=0-1' }),
    new s3.ListObjectVersionsCommand({ Bucket, MaxKeys: 2 }),
    new s3.ListObjectsV2Command({ Bucket }),
  ]) {
    const sending = client.send(command as s3.GetObjectCommand);
    await expect(sending).rejects.toMatchObject(refusal('NotImplemented', 501));
  }
  expect(local.keys(Bucket)).not.toContain('m');
  const again = client.send(new s3.CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
  await expect(again).rejects.toMatchObject(refusal('InvalidRequest', 400));
});

test('an answer that is lost: it has happened', async () => {
  local.faults.inject('answer-lost', { operation: 'PutObject', times: 1 });
  await expect(put('lost', 'once')).rejects.toThrow();
  expect((await get('lost')).text).toBe('once');
});

test('everything is there after it was killed, and an upload that was under way is not', async () => {
  const kept = await put('kept', 'bytes', lockUntil(tomorrow()));
  // What a process that is killed leaves: the folder as it is at that moment.
  await local.close();
  await writeFile(join(directory, '.staging', 'half'), 'hal');
  local = await startS3({ directory, key, region });
  client.destroy();
  client = clientOf();
  expect(await get('kept')).toMatchObject({ text: 'bytes', VersionId: kept.VersionId });
  const deletion = remove('kept', { VersionId: kept.VersionId });
  await expect(deletion).rejects.toMatchObject(refusal('AccessDenied', 403));
  await expect(readFile(join(directory, '.staging', 'half'))).rejects.toThrow('ENOENT');
});
