import { writeXml, type XmlElements } from '../xml.ts';
import { compareKeys } from './key-order.ts';
import { bucketOf, type Call, type Operation } from './operation.ts';
import type { Version } from './store.ts';

const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';
const maxVersionsInPage = 1_000;

/** Lists the versions of all keys that start with a prefix, key by key, of one key the newest first. */
export const listObjectVersions: Operation = async (call) => {
  bucketOf(call);
  const { query } = call.request;
  const page: Version[] = [];
  let isTruncated = false;
  for (const version of versionsBehind(call)) {
    isTruncated = page.length === maxVersionsInPage;
    if (isTruncated) break;
    page.push(version);
  }
  const last = isTruncated ? page.at(-1) : undefined;
  const body = writeXml(
    'ListVersionsResult',
    {
      Name: call.bucketName,
      Prefix: query.get('prefix') ?? '',
      KeyMarker: query.get('key-marker') ?? '',
      VersionIdMarker: query.get('version-id-marker') ?? '',
      NextKeyMarker: last?.key,
      NextVersionIdMarker: last?.versionId,
      MaxKeys: maxVersionsInPage,
      IsTruncated: isTruncated,
      Version: page.filter(({ deleteMarker }) => !deleteMarker).map((each) => describe(call, each)),
      DeleteMarker: page.filter(({ deleteMarker }) => deleteMarker).map((each) => describe(call, each)),
    },
    namespace,
  );
  return { status: 200, headers: { 'content-type': 'application/xml' }, body };
};

/** From where the page before has ended: the key and the version that its markers name. */
function* versionsBehind({ store, bucketName, request: { query } }: Call): Generator<Version> {
  const keyMarker = query.get('key-marker') ?? '';
  const marked = store
    .versions(bucketName, keyMarker)
    .find(({ versionId }) => versionId === query.get('version-id-marker'));
  for (const key of store.keys(bucketName, query.get('prefix') ?? '', keyMarker)) {
    const isMarked = compareKeys(key, keyMarker) === 0;
    for (const version of [...store.versions(bucketName, key)].reverse()) {
      if (!isMarked || (marked && version.order < marked.order)) yield version;
    }
  }
}

function describe({ store, bucketName }: Call, version: Version): XmlElements {
  const { key, versionId, modifiedAt, etag, bytes, deleteMarker } = version;
  const newest = store.versions(bucketName, key).at(-1);
  return {
    Key: key,
    VersionId: versionId,
    IsLatest: newest?.versionId === versionId,
    LastModified: modifiedAt,
    ...(!deleteMarker && { ETag: `"${etag}"`, Size: bytes, StorageClass: 'STANDARD' }),
  };
}
