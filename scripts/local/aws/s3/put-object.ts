import { randomBytes } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { AwsError } from '../aws-error.ts';
import { checksumHeader } from './checksums.ts';
import { refusal } from './errors.ts';
import { lockOfPut } from './object-lock.ts';
import { bucketOf, type Call, type Operation, versionHeader } from './operation.ts';
import { headerOf, receive } from './receive.ts';
import type { Bucket } from './store.ts';

const maxKeyBytes = 1_024;
/** What S3 keeps with an object and gives back with it, beside `x-amz-meta-*`. */
const keptHeaders = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
];

/** Puts an object: its bytes are received and verified first, and then become the newest version in one step. */
export const putObject: Operation = async (call) => {
  const { store, request, bucketName, key, now } = call;
  const bucket = bucketOf(call);
  if (Buffer.byteLength(key) > maxKeyBytes) {
    throw new AwsError('KeyTooLongError', 400, 'Your key is too long', {
      extra: { Size: String(Buffer.byteLength(key)), MaxSizeAllowed: String(maxKeyBytes) },
    });
  }
  const lock = lockOfPut(request, bucket, now);
  const staged = store.newContent();
  try {
    const file = await open(staged, 'w');
    const { bytes, md5, checksum } = await receive(request, (piece) => file.appendFile(piece)).finally(() =>
      file.close(),
    );
    const added = await store.inTurn(bucketName, key, async () => {
      checkPreconditions(call);
      const version = {
        key,
        versionId: newVersionId(bucket),
        modifiedAt: now.toISOString(),
        bytes,
        etag: md5,
        checksum,
        headers: headersToKeep(call),
        ...lock,
      };
      return await store.add(bucketName, version, staged);
    });
    return {
      status: 200,
      headers: {
        etag: `"${md5}"`,
        ...versionHeader(bucket, added),
        ...(checksum && {
          [checksumHeader(checksum.algorithm)]: checksum.value,
          'x-amz-checksum-type': 'FULL_OBJECT',
        }),
      },
    };
  } finally {
    await rm(staged, { force: true });
  }
};

/** A new version's id; in a bucket that keeps no versions there is one place for all. */
export function newVersionId({ versioning }: Bucket): string {
  return versioning === 'Enabled' ? randomBytes(24).toString('base64url') : 'null';
}

function checkPreconditions({ store, request, bucketName, key }: Call): void {
  const newest = store.versions(bucketName, key).at(-1);
  const current = newest?.deleteMarker ? undefined : newest;
  const ifNoneMatch = headerOf(request, 'if-none-match');
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') throw refusal.notImplemented('If-None-Match');
  if (ifNoneMatch === '*' && current) throw refusal.preconditionFailed('If-None-Match');
  const ifMatch = headerOf(request, 'if-match');
  if (ifMatch === undefined) return;
  if (!current) throw refusal.noSuchKey(key);
  if (ifMatch.replaceAll('"', '') !== current.etag) throw refusal.preconditionFailed('If-Match');
}

function headersToKeep({ request }: Call): Record<string, string> {
  const names = Object.keys(request.headers).filter(
    (name) => keptHeaders.includes(name) || name.startsWith('x-amz-meta-'),
  );
  const kept = names.flatMap((name) => {
    const value = headerOf(request, name) ?? '';
    // How the body was sent is not how the object is encoded.
    const own = name === 'content-encoding' ? value.replace(/\s*aws-chunked\s*,?\s*/, '') : value;
    return own === '' ? [] : [[name, own] as const];
  });
  return { 'content-type': 'binary/octet-stream', ...Object.fromEntries(kept) };
}
