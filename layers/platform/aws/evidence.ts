import { createHash } from 'node:crypto';
import {
  GetObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandInput,
  type ListObjectVersionsCommandOutput,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type EvidenceConfig, evidenceConfig } from '../config.ts';
import { AwsRefused, AwsUnavailable, callAws, clientOf, clientSettings } from './call.ts';

/**
 * What proves the ledger from outside the database. A key is written once. Object Lock protects versions, not keys:
 * anybody with write access can hide a key behind a delete marker or put another version on top. So the *first* version
 * of a key is the evidence, and nobody can delete that version before its retention ends. Later versions do not count.
 */
export interface Evidence {
  readonly key: string;
  readonly versionId?: string | undefined;
  /** In quotes, as S3 returns it. */
  readonly etag: string;
}

/** The key already holds other bytes: somebody else wrote it first, or two computations of the same thing differ. */
export class EvidenceConflict extends Error {
  override readonly name = 'EvidenceConflict';
  readonly key: string;

  constructor(bucket: string, key: string, wanted: string, found: string) {
    super(
      `s3://${bucket}/${key} holds other bytes (SHA-256 ${found}) than those to be written (${wanted}): ` +
        'nothing was written; find out first why the two differ: the bytes in the bucket cannot be replaced',
    );
    this.key = key;
  }
}

const dayMs = 86_400_000;
const maxPutAttempts = 3;
/** More than any anchor or report of a drill. */
const maxEvidenceBytes = 16 * 1024 * 1024;

const s3 = clientOf(() => new S3Client(clientSettings));

/**
 * Writes a key once, locked for the retention of the stage. Writing the same bytes again changes nothing and returns
 * the existing evidence. So a caller that does not know whether its write succeeded can write again.
 * @throws EvidenceConflict when the key holds other bytes
 * @throws MissingSetting when no bucket or no retention is set
 * @throws AwsUnavailable when S3 could not be reached; the key may still have been written
 * @throws AwsRefused when S3 refuses, for example because the bucket has no Object Lock
 */
export async function putEvidence(
  key: string,
  body: Uint8Array | string,
  contentType = 'application/json',
): Promise<Evidence> {
  const config = evidenceConfig();
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  for (let attempt = 1; attempt <= maxPutAttempts; attempt += 1) {
    const written = await putOnce(config, key, bytes, contentType);
    if (written) return written;
    const there = await readFirst(config, key);
    if (!there) continue;
    if (Buffer.compare(there.bytes, bytes) === 0) return there.evidence;
    throw new EvidenceConflict(config.bucket, key, sha256(bytes, 'hex'), sha256(there.bytes, 'hex'));
  }
  throw new AwsUnavailable(`s3://${config.bucket}/${key} is being written by somebody else: try again.`);
}

/** The bytes of a key. Undefined when it was never written. Throws like {@link putEvidence}. */
export async function readEvidence(key: string): Promise<Uint8Array | undefined> {
  return (await readFirst(evidenceConfig(), key))?.bytes;
}

/** The keys that start with `prefix`, in the order of their bytes. Throws like {@link putEvidence}. */
export async function* listEvidence(prefix: string): AsyncGenerator<string, void, undefined> {
  let last: string | undefined;
  for await (const { key } of listVersions(evidenceConfig(), prefix)) {
    if (key !== last) yield key;
    last = key;
  }
}

/** Undefined when the key already exists, or is being written now. */
async function putOnce(
  { bucket, retentionDays }: EvidenceConfig,
  key: string,
  bytes: Uint8Array,
  contentType: string,
): Promise<Evidence | undefined> {
  try {
    const put = await callAws(`S3 PutObject to s3://${bucket}/${key}`, () =>
      s3().send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: key,
          Body: bytes,
          ContentType: contentType,
          IfNoneMatch: '*',
          ChecksumSHA256: sha256(bytes, 'base64'),
          ObjectLockMode: 'COMPLIANCE',
          ObjectLockRetainUntilDate: new Date(Date.now() + retentionDays * dayMs),
        }),
      ),
    );
    return { key, versionId: put.VersionId, etag: put.ETag ?? '' };
  } catch (error) {
    if (error instanceof AwsRefused && isTaken.includes(error.code)) return undefined;
    throw error;
  }
}

const isTaken = ['PreconditionFailed', 'ConditionalRequestConflict'];

async function readFirst(
  config: EvidenceConfig,
  key: string,
): Promise<{ evidence: Evidence; bytes: Uint8Array } | undefined> {
  let first: Evidence | undefined;
  for await (const version of listVersions(config, key)) {
    // A key sorts before every longer key that starts with it. S3 lists its oldest version last.
    if (version.key !== key) break;
    first = version;
  }
  if (!first) return undefined;
  const { versionId } = first;
  const operation = `S3 GetObject of s3://${config.bucket}/${key}`;
  const bytes = await callAws(operation, async () => {
    const got = await s3().send(
      new GetObjectCommand({ Bucket: config.bucket, Key: key, VersionId: versionId }),
    );
    return await bounded(got.Body as AsyncIterable<Uint8Array> | undefined);
  });
  if (!bytes)
    throw new AwsRefused(operation, 'TooLarge', `it has more than ${maxEvidenceBytes} bytes`, undefined);
  return { evidence: first, bytes };
}

/**
 * The bytes of an object; undefined when they are too many. Anybody who may write to the bucket may write any number, and they
 * must not fill the memory of a proof.
 */
async function bounded(body: AsyncIterable<Uint8Array> | undefined): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > maxEvidenceBytes) return undefined;
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

type Markers = Partial<Pick<ListObjectVersionsCommandInput, 'KeyMarker' | 'VersionIdMarker'>>;

/** All versions, ordered by key, the newest version of a key first. Delete markers are left out. */
async function* listVersions({ bucket }: EvidenceConfig, prefix: string): AsyncGenerator<Evidence> {
  const operation = `S3 ListObjectVersions of s3://${bucket}/${prefix}`;
  const seen = new Set<string>();
  let markers: Markers | undefined = {};
  while (markers) {
    const input: ListObjectVersionsCommandInput = { Bucket: bucket, Prefix: prefix, ...markers };
    const page: ListObjectVersionsCommandOutput = await callAws(operation, () =>
      s3().send(new ListObjectVersionsCommand(input)),
    );
    for (const { Key, VersionId, ETag } of page.Versions ?? []) {
      if (Key !== undefined) yield { key: Key, versionId: VersionId, etag: ETag ?? '' };
    }
    const next = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
    markers = page.IsTruncated ? next : undefined;
    const marker = JSON.stringify(next);
    if (markers && seen.has(marker))
      throw new AwsRefused(operation, 'SamePage', 'it repeats a page', undefined);
    seen.add(marker);
  }
}

function sha256(bytes: Uint8Array, encoding: 'hex' | 'base64'): string {
  return createHash('sha256').update(bytes).digest(encoding);
}
