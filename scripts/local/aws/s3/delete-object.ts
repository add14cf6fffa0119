import { refusal } from './errors.ts';
import { bucketOf, type Operation } from './operation.ts';

/**
 * Removes the version that is named, unless it is locked; without one, hides the key behind a delete marker.
 * A lock of the mode COMPLIANCE applies to everybody, also to callers who may bypass the other mode.
 */
export const deleteObject: Operation = async (call) => {
  const { store, request, bucketName, key, now } = call;
  bucketOf(call);
  const versionId = request.query.get('versionId');
  return await store.inTurn(bucketName, key, async () => {
    if (versionId !== null) {
      const version = store.versions(bucketName, key).find((each) => each.versionId === versionId);
      if (version?.lockedUntil !== undefined && new Date(version.lockedUntil) > now) {
        throw refusal.accessDenied('Access Denied because object protected by object lock.');
      }
      if (version) await store.remove(bucketName, version);
      return { status: 204, headers: { 'x-amz-version-id': versionId } };
    }
    const modifiedAt = now.toISOString();
    const marker = { key, modifiedAt, deleteMarker: true, bytes: 0, etag: '', contentType: '' };
    const { versionId: added } = await store.add(bucketName, marker);
    return { status: 204, headers: { 'x-amz-delete-marker': 'true', 'x-amz-version-id': added } };
  });
};
