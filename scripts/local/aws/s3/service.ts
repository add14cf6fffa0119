import type { AwsError } from '../aws-error.ts';
import { createFaults, type Faults } from '../faults.ts';
import { type AwsRequest, type AwsResponse, type ServedService, serveAws } from '../http-service.ts';
import { type AwsKey, signatureFault } from '../signature.ts';
import { deleteObject } from './delete-object.ts';
import { errorResponse, faultWords, refusal, signatureWords } from './errors.ts';
import { getObject } from './get-object.ts';
import { listObjectVersions } from './list-versions.ts';
import { headerOf, type Operation } from './operation.ts';
import { putObject } from './put-object.ts';
import { type Bucket, Store } from './store.ts';

const createBucket: Operation = async ({ store, request, bucketName, now }) => {
  if (headerOf(request, 'x-amz-bucket-object-lock-enabled')?.toLowerCase() !== 'true') {
    throw refusal.notImplemented('a bucket without Object Lock');
  }
  if (store.bucket(bucketName)) throw refusal.invalidRequest(`There is a bucket ${bucketName} already.`);
  await store.addBucket({ name: bucketName, locks: true, createdAt: now.toISOString() });
  return { status: 200, headers: { location: `/${bucketName}` } };
};

/** What it does, by method, what it is about, and the sub-resource in the query. */
const operations: Readonly<Record<string, readonly [name: string, run: Operation]>> = {
  'PUT bucket': ['CreateBucket', createBucket],
  'GET bucket versions': ['ListObjectVersions', listObjectVersions],
  'PUT object': ['PutObject', putObject],
  'GET object': ['GetObject', getObject],
  'DELETE object': ['DeleteObject', deleteObject],
};

/** What a query may hold that chooses no operation. Anything else is a sub-resource. */
const parameters = /^(x-id|versionId|prefix|key-marker|version-id-marker)$/;

/** The headers that are understood, of those that ask S3 for something: passing over another would answer for what has not happened. */
const understood =
  /^x-amz-(date|content-sha256|security-token|user-agent|sdk-checksum-algorithm|checksum-(mode|sha256|crc32)|object-lock-(mode|retain-until-date)|bucket-object-lock-enabled|bypass-governance-retention)$/;
const asking = /^(x-amz-|if-match$|if-modified-since$|if-unmodified-since$|range$|content-md5$)/;

export interface LocalS3 extends ServedService {
  readonly faults: Faults;
  /** Creates a bucket unless it exists. Every bucket keeps versions; one that `locks` can lock them. */
  ensureBucket(bucket: Pick<Bucket, 'name' | 'locks'>): Promise<void>;
  /** The keys of a bucket that have any version, hidden ones too. */
  keys(bucket: string): string[];
  /** Loses every version of a key, locked or not, as a disaster would: S3 itself has no such operation. */
  lose(bucket: string, key: string): Promise<void>;
}

/** Serves the buckets of a folder as S3, by paths such as `/bucket/key`. */
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
      const fault = await signatureFault(request, undefined, { key: options.key, service: 's3', now });
      if (fault) throw signatureWords[fault]();
      return await run({ store, request, bucketName, key, now });
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
      await store.addBucket({ ...bucket, createdAt: new Date().toISOString() });
    },
    keys: (bucket) => [...store.keys(bucket)],
    async lose(bucket, key) {
      await store.inTurn(bucket, key, async () => {
        for (const version of [...store.versions(bucket, key)]) await store.remove(bucket, version);
      });
    },
  };
}

function targetOf({ path }: AwsRequest): { bucketName: string; key: string } {
  const [, bucketName = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(decodePath(path)) ?? [];
  return { bucketName, key };
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
  const other = Object.keys(headers).find((name) => asking.test(name) && !understood.test(name));
  if (other) throw refusal.notImplemented(other);
  return operation;
}
