import { AwsError } from '../aws-error.ts';
import { childText } from '../xml.ts';
import { readDocument } from './buckets.ts';
import { refusal } from './errors.ts';
import { asksToBypass, refuseLockedDelete } from './object-lock.ts';
import { bucketOf, type Call, type Operation, xmlResponse } from './operation.ts';
import { newVersionId } from './put-object.ts';
import { hasIntegrity, receiveText } from './receive.ts';
import type { Version } from './store.ts';

const maxKeysAtOnce = 1_000;

interface Deleted {
  /** What was made, or what was removed, is a delete marker. */
  readonly marker: boolean;
  readonly versionId: string | undefined;
}

export const deleteObject: Operation = async (call) => {
  const { marker, versionId } = await deleteOne(
    call,
    call.key,
    call.request.query.get('versionId') ?? undefined,
  );
  return {
    status: 204,
    headers: { ...(marker && { 'x-amz-delete-marker': 'true' }), 'x-amz-version-id': versionId },
  };
};

export const deleteObjects: Operation = async (call) => {
  bucketOf(call);
  if (!hasIntegrity(call.request)) {
    throw refusal.invalidRequest('Missing required header for this request: Content-MD5 OR x-amz-checksum-*');
  }
  const document = readDocument(await receiveText(call.request));
  const objects = document.children.filter(({ name }) => name === 'Object');
  if (objects.length === 0 || objects.length > maxKeysAtOnce) throw refusal.malformedXml();
  const isQuiet = childText(document, 'Quiet') === 'true';
  const [deleted, failed]: [Record<string, string | undefined>[], Record<string, string | undefined>[]] = [
    [],
    [],
  ];
  for (const object of objects) {
    const [key = '', versionId] = [childText(object, 'Key'), childText(object, 'VersionId')];
    try {
      const { marker, versionId: affected } = await deleteOne(call, key, versionId);
      deleted.push({
        Key: key,
        VersionId: versionId,
        DeleteMarker: marker ? 'true' : undefined,
        DeleteMarkerVersionId: marker ? affected : undefined,
      });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      failed.push({ Key: key, VersionId: versionId, Code: error.code, Message: error.message });
    }
  }
  return xmlResponse('DeleteResult', { Deleted: isQuiet ? [] : deleted, Error: failed });
};

/**
 * Removes a version that is named; else hides the key behind a delete marker, or removes it where no versions are kept.
 * @throws AwsError AccessDenied when the version is locked
 */
async function deleteOne(call: Call, key: string, versionId: string | undefined): Promise<Deleted> {
  const { store, request, bucketName, now } = call;
  const bucket = bucketOf(call);
  return await store.inTurn(bucketName, key, async () => {
    const wanted = versionId ?? (bucket.versioning === 'Enabled' ? undefined : 'null');
    const version = store.versions(bucketName, key).find((each) => each.versionId === wanted);
    if (version) {
      refuseLockedDelete(version, asksToBypass(request), now);
      await store.remove(bucketName, version);
    }
    const isOver = versionId !== undefined || !bucket.versioning;
    if (isOver) return { marker: version?.deleteMarker ?? false, versionId };
    const marker: Omit<Version, 'order'> = {
      key,
      versionId: newVersionId(bucket),
      modifiedAt: now.toISOString(),
      deleteMarker: true,
      bytes: 0,
      etag: '',
      headers: {},
    };
    await store.add(bucketName, marker);
    return { marker: true, versionId: marker.versionId };
  });
}
