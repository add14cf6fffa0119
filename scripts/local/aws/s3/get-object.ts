import { createReadStream } from 'node:fs';
import { refusal } from './errors.ts';
import { bucketOf, type Call, headerOf, type Operation } from './operation.ts';
import { checksumHeader } from './receive.ts';
import type { Version } from './store.ts';

/** Gets the version that is named, else the newest. */
export const getObject: Operation = async (call) => {
  const version = versionOf(call);
  const { checksum, lockedUntil } = version;
  const tellsChecksum = checksum && headerOf(call.request, 'x-amz-checksum-mode') === 'ENABLED';
  return {
    status: 200,
    headers: {
      etag: `"${version.etag}"`,
      'last-modified': new Date(version.modifiedAt).toUTCString(),
      'content-type': version.contentType,
      'content-length': String(version.bytes),
      'x-amz-version-id': version.versionId,
      ...(lockedUntil !== undefined && {
        'x-amz-object-lock-mode': 'COMPLIANCE',
        'x-amz-object-lock-retain-until-date': lockedUntil,
      }),
      ...(tellsChecksum && {
        [checksumHeader(checksum.algorithm)]: checksum.value,
        'x-amz-checksum-type': 'FULL_OBJECT',
      }),
    },
    body: version.bytes === 0 ? '' : createReadStream(call.store.contentPath(call.bucketName, version)),
  };
};

/** @throws AwsError NoSuchBucket, NoSuchVersion, NoSuchKey */
function versionOf(call: Call): Version {
  bucketOf(call);
  const versions = call.store.versions(call.bucketName, call.key);
  const versionId = call.request.query.get('versionId');
  const version =
    versionId === null ? versions.at(-1) : versions.find((each) => each.versionId === versionId);
  if (version && !version.deleteMarker) return version;
  throw versionId === null ? refusal.noSuchKey(call.key) : refusal.noSuchVersion(call.key, versionId);
}
