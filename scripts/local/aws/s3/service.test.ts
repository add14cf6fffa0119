import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import * as s3 from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createAwsKey } from '../signature.ts';
import { type LocalS3, startS3 } from './service.ts';

const key = createAwsKey();
const region = 'eu-central-1';
let directory: string;
let local: LocalS3;
let client: s3.S3Client;

const clientOf = (more: Partial<s3.S3ClientConfig> = {}) =>
  new s3.S3Client({ endpoint: local.url, region, credentials: key, ...more });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stockade-s3-'));
  local = await startS3({ directory, key, region });
  client = clientOf();
  await client.send(new s3.CreateBucketCommand({ Bucket: 'plain' }));
  await client.send(new s3.CreateBucketCommand({ Bucket: 'locked', ObjectLockEnabledForBucket: true }));
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
) => client.send(new s3.PutObjectCommand({ Bucket: 'plain', Key, Body, ...more }));
const get = async (Key: string, more: Partial<s3.GetObjectCommandInput> = {}) => {
  const got = await client.send(new s3.GetObjectCommand({ Bucket: 'plain', Key, ...more }));
  return { ...got, text: await got.Body?.transformToString() };
};
const refusal = (code: string, status: number) => ({ name: code, $metadata: { httpStatusCode: status } });
const tomorrow = () => new Date(Date.now() + 86_400_000);

test('buckets: made, found, listed, where, made twice, badly named, deleted only when empty', async () => {
  const Bucket = 'made-here';
  await client.send(new s3.CreateBucketCommand({ Bucket }));
  expect(await client.send(new s3.HeadBucketCommand({ Bucket }))).toMatchObject({ BucketRegion: region });
  const { Buckets } = await client.send(new s3.ListBucketsCommand({}));
  expect(Buckets?.map(({ Name }) => Name)).toEqual(['locked', 'made-here', 'plain']);
  const { LocationConstraint } = await client.send(new s3.GetBucketLocationCommand({ Bucket }));
  expect(LocationConstraint).toBe(region);
  const again = client.send(new s3.CreateBucketCommand({ Bucket }));
  await expect(again).rejects.toMatchObject(refusal('BucketAlreadyOwnedByYou', 409));
  const bad = client.send(new s3.CreateBucketCommand({ Bucket: 'Not_A_Name' }));
  await expect(bad).rejects.toMatchObject(refusal('InvalidBucketName', 400));
  await put('x', 'x', { Bucket });
  const full = client.send(new s3.DeleteBucketCommand({ Bucket }));
  await expect(full).rejects.toMatchObject(refusal('BucketNotEmpty', 409));
  await client.send(new s3.DeleteObjectCommand({ Bucket, Key: 'x' }));
  await client.send(new s3.DeleteBucketCommand({ Bucket }));
  await expect(client.send(new s3.HeadBucketCommand({ Bucket }))).rejects.toMatchObject(
    refusal('NotFound', 404),
  );
  await expect(put('x', 'x', { Bucket })).rejects.toMatchObject(refusal('NoSuchBucket', 404));
});

test('an object comes back as it was put: bytes, headers, metadata, checksum', async () => {
  const name = "a b/ü+c?&%2F=é#*()!'~";
  const sent = await put(name, 'hellö', {
    ContentType: 'text/plain',
    CacheControl: 'no-store',
    Metadata: { origin: 'test' },
    ChecksumAlgorithm: 'SHA256',
  });
  expect(sent.ETag).toBe(`"${createHash('md5').update('hellö').digest('hex')}"`);
  const got = await get(name);
  expect(got).toMatchObject({
    text: 'hellö',
    ContentLength: 6,
    ContentType: 'text/plain',
    CacheControl: 'no-store',
    Metadata: { origin: 'test' },
    ETag: sent.ETag,
    ChecksumSHA256: createHash('sha256').update('hellö').digest('base64'),
  });
  const head = await client.send(new s3.HeadObjectCommand({ Bucket: 'plain', Key: name }));
  expect(head).toMatchObject({ ContentLength: 6, ETag: sent.ETag, LastModified: got.LastModified });
  await expect(get('nothing')).rejects.toMatchObject({ ...refusal('NoSuchKey', 404), Key: 'nothing' });
  await expect(put('x'.repeat(1_025), 'x')).rejects.toMatchObject(refusal('KeyTooLongError', 400));
});

test('a stream is sent in aws-chunked encoding with its checksum behind it, and arrives whole', async () => {
  const bytes = Buffer.alloc(3_000_000, 'stockade');
  const pieces = Array.from({ length: 30 }, (_, index) =>
    bytes.subarray(index * 100_000, (index + 1) * 100_000),
  );
  await put('stream', Readable.from(pieces), { ContentLength: bytes.length });
  const got = await client.send(new s3.GetObjectCommand({ Bucket: 'plain', Key: 'stream' }));
  expect(got.ContentEncoding).toBeUndefined();
  expect(got.ChecksumCRC32).toMatch(/==$/);
  expect(Buffer.from((await got.Body?.transformToByteArray()) ?? [])).toEqual(bytes);
});

test('what was damaged on the way is refused and leaves nothing', async () => {
  const md5 = createHash('md5').update('other').digest('base64');
  await expect(put('bad', 'body', { ContentMD5: md5 })).rejects.toMatchObject(refusal('BadDigest', 400));
  await expect(put('bad', 'body', { ContentMD5: 'AAAA' })).rejects.toMatchObject(
    refusal('InvalidDigest', 400),
  );
  const sha256 = createHash('sha256').update('other').digest('base64');
  await expect(put('bad', 'body', { ChecksumSHA256: sha256 })).rejects.toMatchObject(
    refusal('BadDigest', 400),
  );
  await expect(get('bad')).rejects.toMatchObject(refusal('NoSuchKey', 404));
  expect(local.keys('plain')).not.toContain('bad');
});

test('damage on the way back is noticed by the SDK, because the checksum comes with the object', async () => {
  await put('rot', 'original');
  const root = join(directory, 'plain', 'objects');
  const folder = (await readdir(root)).find((each) => each.startsWith('rot~')) ?? '';
  const content = (await readdir(join(root, folder))).find((each) => each.endsWith('.content')) ?? '';
  await writeFile(join(root, folder, content), 'origin4l');
  await expect(get('rot')).rejects.toThrow(/[Cc]hecksum mismatch/);
});

test.each([
  ['bytes=0-1', 'he', 'bytes 0-1/5'],
  ['bytes=3-', 'lo', 'bytes 3-4/5'],
  ['bytes=-2', 'lo', 'bytes 3-4/5'],
  ['bytes=2-99', 'llo', 'bytes 2-4/5'],
  ['lines=1-2', 'hello', undefined],
])('range %s', async (Range, text, ContentRange) => {
  await put('range', 'hello');
  const got = await get('range', { Range });
  expect([got.text, got.ContentRange]).toEqual([text, ContentRange]);
});

test('a range behind the end, and conditions that do not hold', async () => {
  const { ETag } = await put('conditions', 'hello');
  await expect(get('conditions', { Range: 'bytes=5-' })).rejects.toMatchObject(refusal('InvalidRange', 416));
  expect((await get('conditions', { IfMatch: ETag })).text).toBe('hello');
  await expect(get('conditions', { IfMatch: '"x"' })).rejects.toMatchObject(
    refusal('PreconditionFailed', 412),
  );
  const unchanged = get('conditions', { IfNoneMatch: ETag });
  await expect(unchanged).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } });
  const taken = put('conditions', 'x', { IfNoneMatch: '*' });
  await expect(taken).rejects.toMatchObject({
    ...refusal('PreconditionFailed', 412),
    Condition: 'If-None-Match',
  });
  await expect(put('conditions', 'x', { IfMatch: '"x"' })).rejects.toMatchObject(
    refusal('PreconditionFailed', 412),
  );
  await put('conditions', 'new', { IfMatch: ETag });
  expect((await get('conditions')).text).toBe('new');
});

test('of twenty that put a key at once if it is not there, one does', async () => {
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) => put('race', String(index), { IfNoneMatch: '*' })),
  );
  const winners = results.flatMap(({ status }, index) => (status === 'fulfilled' ? [String(index)] : []));
  expect(winners).toEqual([(await get('race')).text]);
});

test('lists: prefix, delimiter, start, pages, the order of bytes', async () => {
  const Bucket = 'lists';
  await client.send(new s3.CreateBucketCommand({ Bucket }));
  const keys = ['a/1', 'a/2', 'b', 'c/1', 'c/d/2', 'Z', 'é', '😀', '￿'];
  for (const each of keys) await put(each, each, { Bucket });
  const pages = async (input: Partial<s3.ListObjectsV2CommandInput>) => {
    const found: string[][] = [];
    for await (const page of s3.paginateListObjectsV2({ client }, { Bucket, ...input })) {
      found.push(
        [...(page.Contents ?? []), ...(page.CommonPrefixes ?? [])].map(
          (each) => ('Key' in each ? each.Key : (each as s3.CommonPrefix).Prefix) ?? '',
        ),
      );
    }
    return found;
  };
  expect(await pages({})).toEqual([['Z', 'a/1', 'a/2', 'b', 'c/1', 'c/d/2', 'é', '￿', '😀']]);
  expect(await pages({ Prefix: 'c/' })).toEqual([['c/1', 'c/d/2']]);
  expect(await pages({ Prefix: 'c/', Delimiter: '/' })).toEqual([['c/1', 'c/d/']]);
  expect(await pages({ Delimiter: '/', MaxKeys: 2 })).toEqual([['Z', 'a/'], ['b', 'c/'], ['é', '￿'], ['😀']]);
  expect(await pages({ StartAfter: 'c/1', MaxKeys: 3 })).toEqual([['c/d/2', 'é', '￿'], ['😀']]);
  expect(await pages({ Prefix: 'none' })).toEqual([[]]);
  const folder = new s3.ListObjectsV2Command({ Bucket, Prefix: 'c/', Delimiter: '/' });
  expect((await client.send(folder)).KeyCount).toBe(2);
});

test('versions: every put is kept, a delete hides, a version that is deleted is gone', async () => {
  const Bucket = 'locked';
  const first = await put('v', 'one', { Bucket });
  const second = await put('v', 'two', { Bucket });
  const { VersionId: marker } = await client.send(new s3.DeleteObjectCommand({ Bucket, Key: 'v' }));
  await expect(get('v', { Bucket })).rejects.toMatchObject(refusal('NoSuchKey', 404));
  expect((await get('v', { Bucket, VersionId: first.VersionId })).text).toBe('one');
  const ofMarker = get('v', { Bucket, VersionId: marker });
  await expect(ofMarker).rejects.toMatchObject(refusal('MethodNotAllowed', 405));
  const unknown = get('v', { Bucket, VersionId: 'x' });
  await expect(unknown).rejects.toMatchObject(refusal('NoSuchVersion', 404));

  const list = async (more: Partial<s3.ListObjectVersionsCommandInput> = {}) =>
    await client.send(new s3.ListObjectVersionsCommand({ Bucket, Prefix: 'v', ...more }));
  const all = await list();
  expect(all.Versions?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([
    [second.VersionId, false],
    [first.VersionId, false],
  ]);
  expect(all.DeleteMarkers?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([
    [marker, true],
  ]);
  const page = await list({ MaxKeys: 2 });
  expect([page.IsTruncated, page.NextVersionIdMarker]).toEqual([true, second.VersionId]);
  const rest = await list({ KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker });
  expect(rest.Versions?.map(({ VersionId }) => VersionId)).toEqual([first.VersionId]);

  await client.send(new s3.DeleteObjectCommand({ Bucket, Key: 'v', VersionId: marker }));
  expect((await get('v', { Bucket })).text).toBe('two');
  await client.send(new s3.DeleteObjectCommand({ Bucket, Key: 'v', VersionId: second.VersionId }));
  expect((await get('v', { Bucket })).text).toBe('one');
  const suspend = new s3.PutBucketVersioningCommand({
    Bucket,
    VersioningConfiguration: { Status: 'Suspended' },
  });
  await expect(client.send(suspend)).rejects.toMatchObject(refusal('InvalidBucketState', 409));
});

test('COMPLIANCE: a new version may be put, the locked one not deleted nor its retention weakened', async () => {
  const Bucket = 'locked';
  const until = tomorrow();
  const lock = { Bucket, ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: until } as const;
  const { VersionId } = await put('c', 'one', lock);
  await put('c', 'two', { Bucket });
  const version = { Bucket, Key: 'c', VersionId };
  const locked = {
    ...refusal('AccessDenied', 403),
    message: 'Access Denied because object protected by object lock.',
  };
  const deletion = { ...version, BypassGovernanceRetention: true };
  await expect(client.send(new s3.DeleteObjectCommand(deletion))).rejects.toMatchObject(locked);
  const batch = await client.send(
    new s3.DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'c', VersionId }, { Key: 'gone' }] } }),
  );
  expect(batch.Errors).toMatchObject([{ Key: 'c', VersionId, Code: 'AccessDenied' }]);
  expect(batch.Deleted).toMatchObject([{ Key: 'gone', DeleteMarker: true }]);
  const retain = (Mode: s3.ObjectLockRetentionMode, RetainUntilDate: Date) =>
    client.send(new s3.PutObjectRetentionCommand({ ...version, Retention: { Mode, RetainUntilDate } }));
  await expect(retain('COMPLIANCE', new Date(until.getTime() - 1_000))).rejects.toMatchObject(locked);
  await expect(retain('GOVERNANCE', until)).rejects.toMatchObject(locked);
  const later = new Date(until.getTime() + 86_400_000);
  await retain('COMPLIANCE', later);
  const { Retention } = await client.send(new s3.GetObjectRetentionCommand(version));
  expect(Retention).toEqual({ Mode: 'COMPLIANCE', RetainUntilDate: later });
  const head = await client.send(new s3.HeadObjectCommand(version));
  expect(head).toMatchObject({ ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: later });
  expect((await get('c', version)).text).toBe('one');
});

test('GOVERNANCE and a legal hold can be lifted by who may', async () => {
  const Bucket = 'locked';
  const { VersionId } = await put('g', 'one', {
    Bucket,
    ObjectLockMode: 'GOVERNANCE',
    ObjectLockRetainUntilDate: tomorrow(),
    ObjectLockLegalHoldStatus: 'ON',
  });
  const version = { Bucket, Key: 'g', VersionId };
  const bypassing = new s3.DeleteObjectCommand({ ...version, BypassGovernanceRetention: true });
  await expect(client.send(bypassing)).rejects.toMatchObject(refusal('AccessDenied', 403));
  await client.send(new s3.PutObjectLegalHoldCommand({ ...version, LegalHold: { Status: 'OFF' } }));
  const { LegalHold } = await client.send(new s3.GetObjectLegalHoldCommand(version));
  expect(LegalHold).toEqual({ Status: 'OFF' });
  const plain = client.send(new s3.DeleteObjectCommand(version));
  await expect(plain).rejects.toMatchObject(refusal('AccessDenied', 403));
  await client.send(bypassing);
  await expect(get('g', version)).rejects.toMatchObject(refusal('NoSuchVersion', 404));
});

test('a retention that is over locks nothing', async () => {
  const soon = new Date(Date.now() + 300);
  const { VersionId } = await put('short', 'x', {
    Bucket: 'locked',
    ObjectLockMode: 'COMPLIANCE',
    ObjectLockRetainUntilDate: soon,
  });
  const deletion = new s3.DeleteObjectCommand({ Bucket: 'locked', Key: 'short', VersionId });
  await expect
    .poll(
      () =>
        client.send(deletion).then(
          () => 'deleted',
          () => 'locked',
        ),
      { timeout: 5_000 },
    )
    .toBe('deleted');
});

test('the lock of a bucket: every version gets its retention, and must come with something that guards it', async () => {
  const Bucket = 'default-lock';
  const configuration = (Days: number) =>
    new s3.PutObjectLockConfigurationCommand({
      Bucket,
      ObjectLockConfiguration: {
        ObjectLockEnabled: 'Enabled',
        Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days } },
      },
    });
  await client.send(new s3.CreateBucketCommand({ Bucket }));
  await expect(client.send(configuration(2))).rejects.toMatchObject(refusal('InvalidBucketState', 409));
  const none = client.send(new s3.GetObjectLockConfigurationCommand({ Bucket }));
  await expect(none).rejects.toMatchObject(refusal('ObjectLockConfigurationNotFoundError', 404));
  await client.send(
    new s3.PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }),
  );
  await client.send(configuration(2));
  const { ObjectLockConfiguration } = await client.send(new s3.GetObjectLockConfigurationCommand({ Bucket }));
  expect(ObjectLockConfiguration?.Rule).toEqual({ DefaultRetention: { Mode: 'GOVERNANCE', Days: 2 } });
  await put('x', 'x', { Bucket });
  const { Retention } = await client.send(new s3.GetObjectRetentionCommand({ Bucket, Key: 'x' }));
  const hours = ((Retention?.RetainUntilDate?.getTime() ?? 0) - Date.now()) / 3_600_000;
  expect([Retention?.Mode, Math.round(hours)]).toEqual(['GOVERNANCE', 48]);
  const careless = clientOf({ requestChecksumCalculation: 'WHEN_REQUIRED' });
  const unguarded = new s3.PutObjectCommand({ Bucket, Key: 'y', Body: 'y' });
  // The SDK adds a checksum by itself where the model asks for one; taking it away needs a middleware.
  careless.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      for (const name of Object.keys(headers)) if (/checksum/.test(name)) delete headers[name];
      return next(args);
    },
    { step: 'build', priority: 'low' },
  );
  await expect(careless.send(unguarded)).rejects.toMatchObject({
    ...refusal('InvalidRequest', 400),
    message: expect.stringContaining('Content-MD5 OR x-amz-checksum-'),
  });
  careless.destroy();
});

test.each([
  [{ ObjectLockMode: 'COMPLIANCE' }, 'InvalidArgument'],
  [{ ObjectLockRetainUntilDate: tomorrow() }, 'InvalidArgument'],
  [{ ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: new Date(0) }, 'InvalidArgument'],
  [{ ObjectLockMode: 'FOREVER', ObjectLockRetainUntilDate: tomorrow() }, 'InvalidArgument'],
  [
    { Bucket: 'plain', ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: tomorrow() },
    'InvalidRequest',
  ],
] as [Partial<s3.PutObjectCommandInput>, string][])(
  'a lock that makes no sense is refused: %j',
  async (lock, code) => {
    await expect(put('nonsense', 'x', { Bucket: 'locked', ...lock })).rejects.toMatchObject(
      refusal(code, 400),
    );
  },
);

test('both ways of addressing a bucket reach it', async () => {
  await put('addressed', 'x');
  const virtual = clientOf({
    endpoint: local.url.replace('127.0.0.1', 's3.localhost'),
    forcePathStyle: false,
  });
  // Which names under localhost the machine resolves is not for this test.
  const got: string[] = [];
  virtual.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { hostname: string; headers: Record<string, string> };
      got.push(request.hostname);
      request.hostname = '127.0.0.1';
      return next(args);
    },
    { step: 'finalizeRequest', priority: 'low' },
  );
  const { ContentLength } = await virtual.send(
    new s3.HeadObjectCommand({ Bucket: 'plain', Key: 'addressed' }),
  );
  expect([got, ContentLength]).toEqual([['plain.s3.localhost'], 1]);
  virtual.destroy();
});

test('who has not signed, or with another key, gets nothing', async () => {
  await put('private', 'x');
  const anonymous = await fetch(`${local.url}/plain/private`);
  expect([anonymous.status, await anonymous.text()]).toEqual([
    403,
    expect.stringContaining('<Code>AccessDenied</Code>'),
  ]);
  const headAnonymous = await fetch(`${local.url}/plain/private`, { method: 'HEAD' });
  expect([headAnonymous.status, await headAnonymous.text()]).toEqual([403, '']);
  const stranger = clientOf({ credentials: createAwsKey() });
  await expect(stranger.send(new s3.ListBucketsCommand({}))).rejects.toMatchObject(
    refusal('InvalidAccessKeyId', 403),
  );
  const liar = clientOf({ credentials: { ...key, secretAccessKey: 'x' } });
  await expect(liar.send(new s3.ListBucketsCommand({}))).rejects.toMatchObject(
    refusal('SignatureDoesNotMatch', 403),
  );
  for (const each of [stranger, liar]) each.destroy();
});

test('what it does not do is refused, not passed over', async () => {
  const multipart = client.send(new s3.CreateMultipartUploadCommand({ Bucket: 'plain', Key: 'm' }));
  await expect(multipart).rejects.toMatchObject(refusal('NotImplemented', 501));
  const copy = new s3.CopyObjectCommand({ Bucket: 'plain', Key: 'm', CopySource: 'plain/private' });
  await expect(client.send(copy)).rejects.toMatchObject(refusal('NotImplemented', 501));
});

test('an answer that is lost: it has happened, and the SDK asks again', async () => {
  local.faults.inject('answer-lost', { operation: 'PutObject', times: 1 });
  await put('lost', 'once');
  expect((await get('lost')).text).toBe('once');
});

test('everything is there after it was killed, and an upload that was under way is not', async () => {
  const Bucket = 'locked';
  const kept = await put('kept', 'bytes', {
    Bucket,
    ObjectLockMode: 'COMPLIANCE',
    ObjectLockRetainUntilDate: tomorrow(),
  });
  // What a process that is killed leaves: the folder as it is at that moment.
  await local.close();
  await writeFile(join(directory, '.staging', 'half'), 'hal');
  local = await startS3({ directory, key, region });
  client.destroy();
  client = clientOf();
  expect(await get('kept', { Bucket })).toMatchObject({ text: 'bytes', VersionId: kept.VersionId });
  const deletion = client.send(
    new s3.DeleteObjectCommand({ Bucket, Key: 'kept', VersionId: kept.VersionId }),
  );
  await expect(deletion).rejects.toMatchObject(refusal('AccessDenied', 403));
  await expect(readFile(join(directory, '.staging', 'half'))).rejects.toThrow('ENOENT');
});
