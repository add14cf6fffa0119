import type { AwsRequest, AwsResponse } from '../http-service.ts';
import { refusal } from './errors.ts';
import type { Bucket, Store } from './store.ts';

/** What an operation of S3 is given. */
export interface Call {
  readonly store: Store;
  readonly request: AwsRequest;
  readonly bucketName: string;
  /** Empty where the operation is about no object. */
  readonly key: string;
  readonly now: Date;
}

export type Operation = (call: Call) => Promise<AwsResponse>;

/** @throws AwsError NoSuchBucket */
export function bucketOf({ store, bucketName }: Call): Bucket {
  const bucket = store.bucket(bucketName);
  if (!bucket) throw refusal.noSuchBucket(bucketName);
  return bucket;
}

export function headerOf({ headers }: AwsRequest, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}
