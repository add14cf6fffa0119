import type { AwsRequest, AwsResponse } from '../http-service.ts';
import { writeXml, type XmlElements } from '../xml.ts';
import { refusal } from './errors.ts';
import type { Bucket, Store, Version } from './store.ts';

/** What an operation of S3 is given. */
export interface Call {
  readonly store: Store;
  readonly request: AwsRequest;
  /** Empty where the operation is about no bucket. */
  readonly bucketName: string;
  /** Empty where the operation is about no object. */
  readonly key: string;
  readonly region: string;
  readonly now: Date;
}

export type Operation = (call: Call) => Promise<AwsResponse>;

const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** An answer of XML. */
export function xmlResponse(root: string, content: XmlElements): AwsResponse {
  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: writeXml(root, content, namespace),
  };
}

/** @throws AwsError NoSuchBucket */
export function bucketOf({ store, bucketName }: Call): Bucket {
  const bucket = store.bucket(bucketName);
  if (!bucket) throw refusal.noSuchBucket(bucketName);
  return bucket;
}

/** The version that a call names, delete markers too; the newest when it names none. Undefined when there is none. */
function findVersion(call: Call): Version | undefined {
  const versions = call.store.versions(call.bucketName, call.key);
  const versionId = call.request.query.get('versionId');
  if (versionId === null) return versions.at(-1);
  return versions.find((version) => version.versionId === versionId);
}

/** The object that a call names, for an operation that is about what it holds. @throws AwsError when there is none */
export function objectOf(call: Call): Version {
  bucketOf(call);
  const version = findVersion(call);
  const versionId = call.request.query.get('versionId');
  if (!version && versionId !== null) throw refusal.noSuchVersion(call.key, versionId);
  if (!version) throw refusal.noSuchKey(call.key);
  if (!version.deleteMarker) return version;
  const headers = { 'x-amz-delete-marker': 'true', 'x-amz-version-id': version.versionId };
  if (versionId === null) throw refusal.noSuchKey(call.key, headers);
  throw refusal.methodNotAllowed(headers);
}

/** Says which version it is, where a bucket keeps versions. */
export function versionHeader({ versioning }: Bucket, { versionId }: Version): Record<string, string> {
  return versioning ? { 'x-amz-version-id': versionId } : {};
}
