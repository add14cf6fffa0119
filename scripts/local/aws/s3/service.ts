import type { AwsError } from '../aws-error.ts';
import { createFaults, type Faults } from '../faults.ts';
import { type AwsRequest, type AwsResponse, type ServedService, serveAws } from '../http-service.ts';
import { type AwsKey, signatureFault } from '../signature.ts';
import * as buckets from './buckets.ts';
import { deleteObject, deleteObjects } from './delete-object.ts';
import { errorResponse, faultWords, refusal, signatureWords } from './errors.ts';
import { getObject, headObject } from './get-object.ts';
import { listObjectsV2, listObjectVersions } from './list-operations.ts';
import * as locks from './lock-operations.ts';
import type { Operation } from './operation.ts';
import { putObject } from './put-object.ts';
import { headerOf } from './receive.ts';
import { type Bucket, Store } from './store.ts';

/** What it does, by method, what it is about, and the sub-resource in the query. */
const operations: Readonly<Record<string, readonly [name: string, run: Operation]>> = {
  'GET service': ['ListBuckets', buckets.listBuckets],
  'PUT bucket': ['CreateBucket', buckets.createBucket],
  'HEAD bucket': ['HeadBucket', buckets.headBucket],
  'DELETE bucket': ['DeleteBucket', buckets.deleteBucket],
  'GET bucket location': ['GetBucketLocation', buckets.getBucketLocation],
  'GET bucket versioning': ['GetBucketVersioning', buckets.getBucketVersioning],
  'PUT bucket versioning': ['PutBucketVersioning', buckets.putBucketVersioning],
  'GET bucket object-lock': ['GetObjectLockConfiguration', locks.getObjectLockConfiguration],
  'PUT bucket object-lock': ['PutObjectLockConfiguration', locks.putObjectLockConfiguration],
  'GET bucket list-type': ['ListObjectsV2', listObjectsV2],
  'GET bucket versions': ['ListObjectVersions', listObjectVersions],
  'POST bucket delete': ['DeleteObjects', deleteObjects],
  'PUT object': ['PutObject', putObject],
  'GET object': ['GetObject', getObject],
  'HEAD object': ['HeadObject', headObject],
  'DELETE object': ['DeleteObject', deleteObject],
  'GET object retention': ['GetObjectRetention', locks.getObjectRetention],
  'PUT object retention': ['PutObjectRetention', locks.putObjectRetention],
  'GET object legal-hold': ['GetObjectLegalHold', locks.getObjectLegalHold],
  'PUT object legal-hold': ['PutObjectLegalHold', locks.putObjectLegalHold],
};

/** What a query may hold that chooses no operation. Anything else is a sub-resource. */
const parameters =
  /^(x-id|versionId|prefix|delimiter|max-keys|continuation-token|start-after|fetch-owner|key-marker|version-id-marker|encoding-type|response-[a-z-]+|x-amz-[a-z\d-]+)$/i;

/** Headers that ask for what is not done here; passing over them would answer for something that has not happened. */
const refusedHeaders = [
  'x-amz-copy-source',
  'x-amz-tagging',
  'x-amz-server-side-encryption-customer-algorithm',
];

export interface LocalS3 extends ServedService {
  readonly faults: Faults;
  /** Makes a bucket when it is not there. */
  ensureBucket(bucket: Pick<Bucket, 'name' | 'versioning' | 'objectLock'>): Promise<void>;
  /** The keys of a bucket that have any version, hidden ones too. */
  keys(bucket: string): string[];
  /** Loses every version of a key, locked or not, as a disaster would: S3 itself has no such operation. */
  lose(bucket: string, key: string): Promise<void>;
}

/** Serves the buckets of a folder as S3, path style (`/bucket/key`) and virtual-hosted (`bucket.localhost`). */
export async function startS3(options: {
  readonly directory: string;
  readonly key: AwsKey;
  readonly region: string;
}): Promise<LocalS3> {
  const store = await Store.open(options.directory);
  const faults = createFaults(faultWords);

  async function answer(request: AwsRequest): Promise<AwsResponse> {
    const { bucketName, key } = targetOf(request);
    const [name, run] = operationOf(request, bucketName, key);
    return await faults.meet(name, async () => {
      const now = new Date();
      authorize(request, options.key, now);
      return await run({ store, request, bucketName, key, region: options.region, now });
    });
  }

  const served = await serveAws({
    name: 'S3',
    answer,
    refuse: (error: AwsError, request) => errorResponse(error, request),
  });
  return {
    ...served,
    faults,
    async ensureBucket(bucket) {
      if (store.bucket(bucket.name)) return;
      await store.putBucket({ ...bucket, createdAt: new Date().toISOString() });
    },
    keys: (bucket) => [...store.keys(bucket)],
    async lose(bucket, key) {
      await store.inTurn(bucket, key, async () => {
        for (const version of [...store.versions(bucket, key)]) await store.remove(bucket, version);
      });
    },
  };
}

function targetOf({ path, headers }: AwsRequest): { bucketName: string; key: string } {
  const host = (headers.host ?? '').replace(/:\d+$/, '');
  const [, hosted] = /^(.+?)(?:\.s3)?\.localhost$/.exec(host) ?? [];
  const [, first = '', rest = ''] = /^\/([^/]*)\/?(.*)$/s.exec(decodePath(path)) ?? [];
  if (hosted !== undefined && hosted !== 's3') return { bucketName: hosted, key: decodePath(path).slice(1) };
  return { bucketName: first, key: rest };
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw refusal.invalidArgument("Couldn't parse the specified URI.", 'URI', path);
  }
}

function operationOf({ method, query, headers }: AwsRequest, bucketName: string, key: string) {
  const about = bucketName === '' ? 'service' : key === '' ? 'bucket' : 'object';
  const subResources = [...new Set(query.keys())].filter((name) => !parameters.test(name));
  const wanted = [method, about, ...subResources].join(' ');
  const operation = operations[wanted];
  if (!operation) throw refusal.notImplemented(wanted);
  const refused = refusedHeaders.find((name) => headers[name] !== undefined);
  if (refused) throw refusal.notImplemented(refused);
  return operation;
}

function authorize(request: AwsRequest, key: AwsKey, now: Date): void {
  const isPresigned = request.query.has('X-Amz-Signature');
  const payloadHash =
    headerOf(request, 'x-amz-content-sha256') ?? (isPresigned ? 'UNSIGNED-PAYLOAD' : undefined);
  if (payloadHash === undefined && request.headers.authorization) {
    throw refusal.invalidRequest('Missing required header for this request: x-amz-content-sha256');
  }
  const fault = signatureFault(request, payloadHash ?? '', { key, service: 's3', now });
  if (fault) throw signatureWords[fault]();
}
