import { createReadStream } from 'node:fs';
import { AwsError } from '../aws-error.ts';
import type { AwsResponse } from '../http-service.ts';
import { checksumHeader } from './checksums.ts';
import { refusal } from './errors.ts';
import { lockHeaders } from './object-lock.ts';
import { bucketOf, type Call, type Operation, objectOf, versionHeader } from './operation.ts';
import { headerOf } from './receive.ts';
import type { Version } from './store.ts';

export const getObject: Operation = async (call) => {
  const version = objectOf(call);
  const response = describe(call, version);
  if (version.bytes === 0) return response;
  const { start, end } = rangeOf(headerOf(call.request, 'range'), version.bytes) ?? {};
  const path = call.store.contentPath(call.bucketName, version);
  return { ...response, body: createReadStream(path, { start, end }) };
};

export const headObject: Operation = async (call) => describe(call, objectOf(call));

/** Status and headers of a version. @throws AwsError when a condition of the request does not hold */
function describe(call: Call, version: Version): AwsResponse {
  const { request } = call;
  const etag = `"${version.etag}"`;
  const identity = { etag, 'last-modified': new Date(version.modifiedAt).toUTCString() };
  const [ifMatch, ifNoneMatch] = [headerOf(request, 'if-match'), headerOf(request, 'if-none-match')];
  if (ifMatch !== undefined && !matches(ifMatch, etag)) throw refusal.preconditionFailed('If-Match');
  if (ifNoneMatch !== undefined && matches(ifNoneMatch, etag)) {
    throw new AwsError('NotModified', 304, 'Not Modified', { headers: identity });
  }
  const range = rangeOf(headerOf(request, 'range'), version.bytes);
  const length = range ? range.end - range.start + 1 : version.bytes;
  const { checksum } = version;
  // The checksum is that of the whole: with a part of it the SDK would take it for that of the part.
  const tells = checksum && !range && headerOf(request, 'x-amz-checksum-mode') === 'ENABLED';
  return {
    status: range ? 206 : 200,
    headers: {
      'accept-ranges': 'bytes',
      ...identity,
      ...version.headers,
      ...overrides(call),
      ...versionHeader(bucketOf(call), version),
      ...lockHeaders(version),
      ...(tells && {
        [checksumHeader(checksum.algorithm)]: checksum.value,
        'x-amz-checksum-type': 'FULL_OBJECT',
      }),
      ...(range && { 'content-range': `bytes ${range.start}-${range.end}/${version.bytes}` }),
      'content-length': String(length),
    },
  };
}

function matches(condition: string, etag: string): boolean {
  return (
    condition === '*' ||
    condition.split(',').some((each) => each.trim().replaceAll('"', '') === etag.slice(1, -1))
  );
}

/** The part that is asked for, both ends inclusive; undefined for the whole, also when the header makes no sense. */
function rangeOf(header: string | undefined, bytes: number): { start: number; end: number } | undefined {
  const [all, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (all === undefined || (first === '' && last === '')) return undefined;
  const start = first === '' ? Math.max(0, bytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1);
  if (first !== '' && last !== '' && Number(last) < start) return undefined;
  if (start >= bytes) {
    throw new AwsError('InvalidRange', 416, 'The requested range is not satisfiable', {
      extra: { RangeRequested: header ?? '', ActualObjectSize: String(bytes) },
    });
  }
  return { start, end };
}

/** `response-content-type` and the like: what a presigned URL makes of the headers. */
function overrides({ request }: Call): Record<string, string> {
  const names = [
    'cache-control',
    'content-disposition',
    'content-encoding',
    'content-language',
    'content-type',
    'expires',
  ];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = request.query.get(`response-${name}`);
      return value === null ? [] : [[name, value]];
    }),
  );
}
