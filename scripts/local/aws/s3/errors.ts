import { AwsError } from '../aws-error.ts';
import type { FaultWords } from '../faults.ts';
import type { AwsRequest, AwsResponse } from '../http-service.ts';
import type { SignatureFault } from '../signature.ts';
import { writeXml } from '../xml.ts';

/** What is refused in S3, in its words. */
export const refusal = {
  accessDenied: (message = 'Access Denied') => new AwsError('AccessDenied', 403, message),
  noSuchBucket: (bucket: string) =>
    new AwsError('NoSuchBucket', 404, 'The specified bucket does not exist', {
      extra: { BucketName: bucket },
    }),
  noSuchKey: (key: string) =>
    new AwsError('NoSuchKey', 404, 'The specified key does not exist.', { extra: { Key: key } }),
  noSuchVersion: (key: string, versionId: string) =>
    new AwsError('NoSuchVersion', 404, 'The specified version does not exist.', {
      extra: { Key: key, VersionId: versionId },
    }),
  preconditionFailed: (condition: string) =>
    new AwsError('PreconditionFailed', 412, 'At least one of the pre-conditions you specified did not hold', {
      extra: { Condition: condition },
    }),
  badDigest: (what: string) =>
    new AwsError('BadDigest', 400, `The ${what} you specified did not match the calculated checksum.`),
  invalidArgument: (message: string, name: string, value: string) =>
    new AwsError('InvalidArgument', 400, message, { extra: { ArgumentName: name, ArgumentValue: value } }),
  invalidRequest: (message: string) => new AwsError('InvalidRequest', 400, message),
  notImplemented: (what: string) =>
    new AwsError('NotImplemented', 501, `The local S3 does not implement ${what}.`, {
      extra: { Header: what },
    }),
};

export const faultWords: FaultWords = {
  throttled: () => new AwsError('SlowDown', 503, 'Please reduce your request rate.'),
  denied: () => refusal.accessDenied(),
  failing: () => new AwsError('InternalError', 500, 'We encountered an internal error. Please try again.'),
};

export const signatureWords: Readonly<Record<SignatureFault, () => AwsError>> = {
  missing: () => refusal.accessDenied(),
  unknown_key: () =>
    new AwsError(
      'InvalidAccessKeyId',
      403,
      'The AWS Access Key Id you provided does not exist in our records.',
    ),
  mismatch: () =>
    new AwsError(
      'SignatureDoesNotMatch',
      403,
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    ),
};

/** A refusal as S3 sends it. */
export function errorResponse(
  { code, status, message, options }: AwsError,
  request: AwsRequest,
): AwsResponse {
  const content = { Code: code, Message: message, ...options.extra, RequestId: request.id, HostId: 'local' };
  return { status, headers: { 'content-type': 'application/xml' }, body: writeXml('Error', content) };
}
