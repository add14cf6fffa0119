import { owner } from './buckets.ts';
import { refusal } from './errors.ts';
import { compareKeys } from './key-order.ts';
import { type ListOptions, listPage } from './listing.ts';
import { bucketOf, type Call, type Operation, xmlResponse } from './operation.ts';
import type { Version } from './store.ts';

const maxKeysInPage = 1_000;

export const listObjectsV2: Operation = async (call) => {
  const { request, bucketName } = call;
  bucketOf(call);
  const options = optionsOf(call);
  const token = request.query.get('continuation-token') ?? undefined;
  const startAfter = request.query.get('start-after') ?? undefined;
  const after = token === undefined ? (startAfter ?? '') : decodeToken(token);
  const page = listPage(
    newestVersions(call, options.prefix, after),
    ({ key }) => key,
    options,
    ({ key }, common) => compareKeys(key, after) > 0 && (common === undefined || common !== after),
  );
  return xmlResponse('ListBucketResult', {
    Name: bucketName,
    Prefix: options.prefix,
    Delimiter: options.delimiter || undefined,
    StartAfter: startAfter,
    ContinuationToken: token,
    NextContinuationToken: page.isTruncated ? encodeToken(keyOf(page.last)) : undefined,
    KeyCount: page.rows.length + page.commonPrefixes.length,
    MaxKeys: options.maxKeys,
    IsTruncated: page.isTruncated,
    Contents: page.rows.map((version) => ({
      Key: version.key,
      ...contents(version),
      Owner: request.query.get('fetch-owner') === 'true' ? owner : undefined,
    })),
    CommonPrefixes: page.commonPrefixes.map((Prefix) => ({ Prefix })),
  });
};

export const listObjectVersions: Operation = async (call) => {
  const { store, request, bucketName } = call;
  bucketOf(call);
  const options = optionsOf(call);
  const keyMarker = request.query.get('key-marker') ?? '';
  const versionIdMarker = request.query.get('version-id-marker') ?? '';
  if (versionIdMarker !== '' && keyMarker === '') {
    throw refusal.invalidArgument(
      'A version-id marker cannot be specified without a key marker.',
      'version-id-marker',
      versionIdMarker,
    );
  }
  const marked = store.versions(bucketName, keyMarker).find(({ versionId }) => versionId === versionIdMarker);
  const page = listPage(
    allVersions(call, options.prefix, keyMarker),
    ({ key }) => key,
    options,
    ({ key, order }, common) => {
      if (common !== undefined && common === keyMarker) return false;
      if (key === keyMarker) return marked !== undefined && order < marked.order;
      return compareKeys(key, keyMarker) > 0;
    },
  );
  return xmlResponse('ListVersionsResult', {
    Name: bucketName,
    Prefix: options.prefix,
    Delimiter: options.delimiter || undefined,
    KeyMarker: keyMarker,
    VersionIdMarker: versionIdMarker,
    NextKeyMarker: page.isTruncated ? keyOf(page.last) : undefined,
    NextVersionIdMarker: page.isTruncated && typeof page.last === 'object' ? page.last.versionId : undefined,
    MaxKeys: options.maxKeys,
    IsTruncated: page.isTruncated,
    Version: page.rows
      .filter(({ deleteMarker }) => !deleteMarker)
      .map((version) => ({ ...identity(call, version), ...contents(version), Owner: owner })),
    DeleteMarker: page.rows
      .filter(({ deleteMarker }) => deleteMarker)
      .map((version) => ({ ...identity(call, version), LastModified: version.modifiedAt, Owner: owner })),
    CommonPrefixes: page.commonPrefixes.map((Prefix) => ({ Prefix })),
  });
};

function* newestVersions({ store, bucketName }: Call, prefix: string, from: string): Generator<Version> {
  for (const key of store.keys(bucketName, prefix, from)) {
    const newest = store.versions(bucketName, key).at(-1);
    if (newest && !newest.deleteMarker) yield newest;
  }
}

function* allVersions({ store, bucketName }: Call, prefix: string, from: string): Generator<Version> {
  for (const key of store.keys(bucketName, prefix, from))
    yield* [...store.versions(bucketName, key)].reverse();
}

function identity({ store, bucketName }: Call, { key, versionId }: Version) {
  const newest = store.versions(bucketName, key).at(-1);
  return { Key: key, VersionId: versionId, IsLatest: newest?.versionId === versionId };
}

function contents({ modifiedAt, etag, bytes, checksum }: Version) {
  return {
    LastModified: modifiedAt,
    ETag: `"${etag}"`,
    ChecksumAlgorithm: checksum?.algorithm.toUpperCase(),
    ChecksumType: checksum && 'FULL_OBJECT',
    Size: bytes,
    StorageClass: 'STANDARD',
  };
}

function optionsOf({ request: { query } }: Call): ListOptions {
  if (query.has('encoding-type')) throw refusal.notImplemented('encoding-type');
  const text = query.get('max-keys') ?? String(maxKeysInPage);
  if (!/^\d{1,9}$/.test(text)) {
    throw refusal.invalidArgument(
      'Provided max-keys not an integer or within integer range',
      'max-keys',
      text,
    );
  }
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    maxKeys: Math.min(Number(text), maxKeysInPage),
  };
}

function keyOf(last: Version | string | undefined): string {
  return typeof last === 'object' ? last.key : (last ?? '');
}

function encodeToken(key: string): string {
  return Buffer.from(key).toString('base64');
}

function decodeToken(token: string): string {
  const key = Buffer.from(token, 'base64').toString('utf8');
  if (encodeToken(key) === token) return key;
  throw refusal.invalidArgument('The continuation token provided is incorrect', 'continuation-token', token);
}
