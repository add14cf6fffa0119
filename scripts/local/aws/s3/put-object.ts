import { open, rm } from 'node:fs/promises';
import type { AwsRequest } from '../http-service.ts';
import { refusal } from './errors.ts';
import { bucketOf, type Call, headerOf, type Operation } from './operation.ts';
import { checksumHeader, receive } from './receive.ts';
import type { Bucket } from './store.ts';

/** Puts an object: its bytes are received and verified first, and then become the newest version in one step. */
export const putObject: Operation = async (call) => {
  const { store, request, bucketName, key, now } = call;
  const lockedUntil = lockOf(request, bucketOf(call), now);
  const staged = store.newContent();
  try {
    const file = await open(staged, 'w');
    const { bytes, md5, checksum } = await receive(request, (piece) => file.appendFile(piece)).finally(() =>
      file.close(),
    );
    const { versionId } = await store.inTurn(bucketName, key, async () => {
      refuseTakenKey(call);
      const contentType = headerOf(request, 'content-type') ?? 'binary/octet-stream';
      const modifiedAt = now.toISOString();
      const version = { key, modifiedAt, bytes, etag: md5, checksum, contentType, lockedUntil };
      return await store.add(bucketName, version, staged);
    });
    return {
      status: 200,
      headers: {
        etag: `"${md5}"`,
        'x-amz-version-id': versionId,
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

/** @throws AwsError PreconditionFailed when the key is to be new and is not */
function refuseTakenKey({ store, request, bucketName, key }: Call): void {
  const condition = headerOf(request, 'if-none-match');
  if (condition === undefined) return;
  if (condition !== '*') throw refusal.notImplemented('If-None-Match with an ETag');
  const newest = store.versions(bucketName, key).at(-1);
  if (newest && !newest.deleteMarker) throw refusal.preconditionFailed('If-None-Match');
}

/**
 * Until when nobody can delete the version that is put; undefined when it asks for no lock.
 * @throws AwsError when the bucket cannot lock, or the lock makes no sense
 */
function lockOf(request: AwsRequest, bucket: Bucket, now: Date): string | undefined {
  const mode = headerOf(request, 'x-amz-object-lock-mode');
  const until = headerOf(request, 'x-amz-object-lock-retain-until-date');
  if (mode === undefined && until === undefined) return undefined;
  if (!bucket.locks) throw refusal.invalidRequest('Bucket is missing Object Lock Configuration');
  if (mode !== 'COMPLIANCE') throw refusal.notImplemented(`a lock in the mode ${mode}`);
  const date = new Date(until ?? Number.NaN);
  if (date > now) return date.toISOString();
  throw refusal.invalidArgument(
    'The retain until date must be in the future!',
    'x-amz-object-lock-retain-until-date',
    until ?? '',
  );
}
