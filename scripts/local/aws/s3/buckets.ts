import { AwsError } from '../aws-error.ts';
import { childText, parseXml, type XmlElement } from '../xml.ts';
import { refusal } from './errors.ts';
import { bucketOf, type Operation, xmlResponse } from './operation.ts';
import { headerOf, receiveText } from './receive.ts';

/** The account that everything here belongs to. */
export const owner = { ID: 'local', DisplayName: 'local' };

export const createBucket: Operation = async (call) => {
  const { store, request, bucketName, region, now } = call;
  const body = await receiveText(request);
  if (
    !/^(?!\d+\.\d+\.\d+\.\d+$)[a-z\d][a-z\d.-]{1,61}[a-z\d]$/.test(bucketName) ||
    bucketName.includes('..')
  ) {
    throw new AwsError('InvalidBucketName', 400, 'The specified bucket is not valid.', {
      extra: { BucketName: bucketName },
    });
  }
  const constraint = body === '' ? undefined : childText(readDocument(body), 'LocationConstraint');
  if (constraint !== undefined && constraint !== region) {
    throw new AwsError(
      'IllegalLocationConstraintException',
      400,
      `The ${constraint} location constraint is incompatible for the region specific endpoint this request was sent to.`,
    );
  }
  if (store.bucket(bucketName)) {
    throw new AwsError(
      'BucketAlreadyOwnedByYou',
      409,
      'Your previous request to create the named bucket succeeded and you already own it.',
      { extra: { BucketName: bucketName } },
    );
  }
  const locks = headerOf(request, 'x-amz-bucket-object-lock-enabled')?.toLowerCase() === 'true';
  await store.putBucket({
    name: bucketName,
    createdAt: now.toISOString(),
    ...(locks ? { versioning: 'Enabled' as const, objectLock: {} } : {}),
  });
  return { status: 200, headers: { location: `/${bucketName}` } };
};

export const headBucket: Operation = async (call) => {
  bucketOf(call);
  return { status: 200, headers: { 'x-amz-bucket-region': call.region } };
};

export const deleteBucket: Operation = async (call) => {
  const { name } = bucketOf(call);
  const [first] = call.store.keys(name);
  if (first !== undefined) {
    throw new AwsError('BucketNotEmpty', 409, 'The bucket you tried to delete is not empty', {
      extra: { BucketName: name },
    });
  }
  await call.store.removeBucket(name);
  return { status: 204 };
};

export const listBuckets: Operation = async ({ store }) =>
  xmlResponse('ListAllMyBucketsResult', {
    Owner: owner,
    Buckets: {
      Bucket: store.buckets().map(({ name, createdAt }) => ({ Name: name, CreationDate: createdAt })),
    },
  });

export const getBucketLocation: Operation = async (call) => {
  bucketOf(call);
  // The element holds the text itself, as no other answer of S3 does.
  const { body, ...rest } = xmlResponse('LocationConstraint', {});
  return {
    ...rest,
    body: String(body).replace(/><\/LocationConstraint>$/, `>${call.region}</LocationConstraint>`),
  };
};

export const getBucketVersioning: Operation = async (call) => {
  const { versioning } = bucketOf(call);
  return xmlResponse('VersioningConfiguration', { Status: versioning });
};

export const putBucketVersioning: Operation = async (call) => {
  const bucket = bucketOf(call);
  const status = childText(readDocument(await receiveText(call.request)), 'Status');
  if (status !== 'Enabled' && status !== 'Suspended') throw refusal.malformedXml();
  if (bucket.objectLock && status !== 'Enabled') {
    throw new AwsError(
      'InvalidBucketState',
      409,
      'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.',
    );
  }
  await call.store.putBucket({ ...bucket, versioning: status });
  return { status: 200 };
};

/** @throws AwsError MalformedXML */
export function readDocument(text: string): XmlElement {
  try {
    return parseXml(text);
  } catch {
    throw refusal.malformedXml();
  }
}
