import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openAws } from '#tests/aws.ts';
import { environment } from '../environment.ts';
import { MissingSetting, Unavailable } from '../errors.ts';
import { AwsRefused } from './call.ts';
import { EvidenceConflict, listEvidence, putEvidence, readEvidence } from './evidence.ts';

const aws = openAws();
let s3: S3Client;
beforeAll(() => {
  s3 = new S3Client();
});
afterAll(() => s3.destroy());
afterEach(() => aws.local.s3.faults.clear());

const bucket = () => process.env[environment.evidenceBucket];
const text = async (key: string) => Buffer.from((await readEvidence(key)) ?? '').toString();
const keys = async (prefix: string) => {
  const found: string[] = [];
  for await (const key of listEvidence(prefix)) found.push(key);
  return found;
};

test('evidence that was written can be read; a key that was never written is undefined', async () => {
  const put = await putEvidence('a/1.json', '{"seal":"ü"}');
  expect(put).toEqual({
    key: 'a/1.json',
    versionId: expect.stringMatching(/.{8}/),
    etag: expect.stringMatching(/^"/),
  });
  expect(await text('a/1.json')).toBe('{"seal":"ü"}');
  expect(await readEvidence('a/1')).toBeUndefined();
  await putEvidence('a/empty', new Uint8Array());
  expect(await readEvidence('a/empty')).toEqual(new Uint8Array());
});

test('writing the same bytes again gives the same answer; other bytes are a conflict and change nothing', async () => {
  const first = await putEvidence('b/1.json', 'one');
  expect(await putEvidence('b/1.json', Buffer.from('one'))).toEqual(first);
  const conflict = await putEvidence('b/1.json', 'two').catch((error: unknown) => error);
  expect(conflict).toBeInstanceOf(EvidenceConflict);
  expect(conflict).toMatchObject({ key: 'b/1.json', message: expect.stringContaining('b/1.json') });
  expect(await text('b/1.json')).toBe('one');
});

test('twenty writers at once: with the same bytes all succeed, with different bytes one succeeds', async () => {
  const same = await Promise.all(Array.from({ length: 20 }, () => putEvidence('c/same', 'x')));
  expect(new Set(same.map(({ versionId }) => versionId)).size).toBe(1);
  const different = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) => putEvidence('c/different', String(index))),
  );
  expect(different.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('a writer that lost its answer and repeats is not in conflict with itself', async () => {
  aws.local.s3.faults.inject('answer-lost', { operation: 'PutObject', times: 1 });
  const put = await putEvidence('d/1.json', 'once');
  expect(await putEvidence('d/1.json', 'once')).toEqual(put);
});

test('evidence is locked: nobody can delete it, and a later version or delete marker changes nothing', async () => {
  const { versionId } = await putEvidence('e/1.json', 'truth');
  const version = { Bucket: bucket(), Key: 'e/1.json', VersionId: versionId };
  await expect(s3.send(new DeleteObjectCommand(version))).rejects.toThrow('object protected by object lock');
  const bypassing = new DeleteObjectCommand({ ...version, BypassGovernanceRetention: true });
  await expect(s3.send(bypassing)).rejects.toThrow('object protected by object lock');
  await s3.send(new DeleteObjectCommand({ Bucket: bucket(), Key: 'e/1.json' }));
  expect(await text('e/1.json')).toBe('truth');
  expect(await keys('e/')).toEqual(['e/1.json']);
  await s3.send(new PutObjectCommand({ Bucket: bucket(), Key: 'e/1.json', Body: 'a lie' }));
  expect(await text('e/1.json')).toBe('truth');
});

test('keys are listed by prefix, in order, each once, across many pages', async () => {
  const wanted = Array.from({ length: 1_005 }, (_, index) => `f/${String(index).padStart(6, '0')}`);
  for (let start = 0; start < wanted.length; start += 50) {
    await Promise.all(wanted.slice(start, start + 50).map((key) => putEvidence(key, key)));
  }
  await s3.send(new PutObjectCommand({ Bucket: bucket(), Key: 'f/000003', Body: 'again' }));
  expect(await keys('f/')).toEqual(wanted);
  expect(await keys('g/')).toEqual([]);
});

test('evidence survives a restart', async () => {
  const put = await putEvidence('h/1.json', 'kept');
  await aws.restart();
  expect(await text('h/1.json')).toBe('kept');
  expect(await putEvidence('h/1.json', 'kept')).toEqual(put);
  s3.destroy();
  s3 = new S3Client();
});

test.each(['throttled', 'failing', 'down'] as const)(
  'when S3 stays %s, that is Unavailable',
  async (fault) => {
    aws.local.s3.faults.inject(fault);
    await expect(putEvidence('i/1.json', 'x')).rejects.toThrow(Unavailable);
    await expect(readEvidence('i/1.json')).rejects.toThrow(Unavailable);
    await expect(keys('i/')).rejects.toThrow(Unavailable);
  },
);

test('a refusal differs from an outage', async () => {
  aws.local.s3.faults.inject('denied');
  await expect(putEvidence('j/1.json', 'x')).rejects.toThrow(AwsRefused);
  await expect(readEvidence('j/1.json')).rejects.toMatchObject({ code: 'AccessDenied' });
});

test('a bucket without Object Lock is refused, and an error names the missing settings', async () => {
  const before = { ...process.env };
  try {
    await aws.local.s3.ensureBucket({ name: 'no-lock', locks: false });
    process.env[environment.evidenceBucket] = 'no-lock';
    await expect(putEvidence('k', 'x')).rejects.toMatchObject({
      code: 'InvalidRequest',
      message: expect.stringContaining('s3://no-lock/k was refused'),
    });
    process.env[environment.evidenceBucket] = 'nowhere';
    await expect(readEvidence('k')).rejects.toMatchObject({ code: 'NoSuchBucket' });
    delete process.env[environment.evidenceBucket];
    await expect(readEvidence('k')).rejects.toThrow(MissingSetting);
    process.env[environment.evidenceBucket] = 'no-lock';
    process.env[environment.evidenceRetentionDays] = '0';
    await expect(putEvidence('k', 'x')).rejects.toThrow('STOCKADE_EVIDENCE_RETENTION_DAYS');
  } finally {
    Object.assign(process.env, before);
  }
});

test('evidence of any length that somebody has written does not fill the memory', async () => {
  await s3.send(
    new PutObjectCommand({ Bucket: bucket(), Key: 'large/1.json', Body: Buffer.alloc(16 * 1024 * 1024 + 1) }),
  );
  await expect(readEvidence('large/1.json')).rejects.toMatchObject({ name: 'AwsRefused', code: 'TooLarge' });
});
