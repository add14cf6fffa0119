import { expect, test } from 'vitest';
import { type SignableRequest, sha256Hex, signatureFault } from './signature.ts';

/** The key of the examples in "Authenticating Requests (AWS Signature Version 4)" of the S3 API reference. */
const key = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const now = new Date('2013-05-24T00:00:00Z');
const empty = sha256Hex('');

const request = (more: Partial<SignableRequest> & { headers?: Record<string, string> }): SignableRequest => ({
  method: 'GET',
  path: '/test.txt',
  query: new URLSearchParams(),
  ...more,
  headers: { host: 'examplebucket.s3.amazonaws.com', ...more.headers },
});

function signed(headers: Record<string, string>, signature: string, payloadHash = empty) {
  const all: Record<string, string> = {
    'x-amz-date': '20130524T000000Z',
    'x-amz-content-sha256': payloadHash,
    ...headers,
  };
  const names = ['host', ...Object.keys(all)].sort().join(';');
  const scope = '20130524/us-east-1/s3/aws4_request';
  const authorization = `AWS4-HMAC-SHA256 Credential=${key.accessKeyId}/${scope},SignedHeaders=${names},Signature=${signature}`;
  return { ...all, authorization };
}

const getObject = request({
  headers: signed({ range: 'bytes=0-9' }, 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41'),
});
const presigned = request({
  query: new URLSearchParams(
    'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request' +
      '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
      '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
  ),
});
const faultOf = (of: SignableRequest, at = now, service = 's3', payloadHash = empty) =>
  signatureFault(of, payloadHash, { key, service, now: at });

test("the examples of AWS's documentation are good", () => {
  expect(faultOf(getObject)).toBeUndefined();
  const putHash = '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072';
  const put = request({
    method: 'PUT',
    path: '/test%24file.text',
    headers: signed(
      { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
      putHash,
    ),
  });
  expect(faultOf(put, now, 's3', putHash)).toBeUndefined();
  const list = request({
    path: '/',
    query: new URLSearchParams('max-keys=2&prefix=J'),
    headers: signed({}, '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'),
  });
  expect(faultOf(list)).toBeUndefined();
  expect(faultOf(presigned, now, 's3', 'UNSIGNED-PAYLOAD')).toBeUndefined();
});

test('whatever was signed cannot be changed', () => {
  const changed: Partial<SignableRequest>[] = [
    { method: 'DELETE' },
    { path: '/other.txt' },
    { query: new URLSearchParams('versionId=1') },
    { headers: { ...getObject.headers, range: 'bytes=0-99' } },
    { headers: { ...getObject.headers, host: 'otherbucket.s3.amazonaws.com' } },
  ];
  for (const change of changed) expect(faultOf({ ...getObject, ...change })).toBe('mismatch');
  expect(faultOf(getObject, now, 's3', sha256Hex('other'))).toBe('mismatch');
});

test('a header of AWS that was added behind the signature is refused', () => {
  const headers = { ...getObject.headers, 'x-amz-bypass-governance-retention': 'true' };
  expect(faultOf({ ...getObject, headers })).toBe('headers_not_signed');
});

test('no signature, a broken one, another key, another service and a session of the real AWS are told apart', () => {
  expect(faultOf(request({}))).toBe('missing');
  expect(faultOf(request({ headers: { authorization: 'Basic YTpi' } }))).toBe('malformed');
  expect(faultOf(request({ headers: signed({}, '') }))).toBe('malformed');
  expect(faultOf(getObject, now, 'sns')).toBe('malformed');
  const other = { ...key, accessKeyId: 'AKIAOTHER' };
  expect(signatureFault(getObject, empty, { key: other, service: 's3', now })).toBe('unknown_key');
  const headers = { ...getObject.headers, 'x-amz-security-token': 'token' };
  expect(faultOf({ ...getObject, headers })).toBe('session_token');
});

test('a presigned URL that lacks something, or says something else, is told apart', () => {
  const changed = (change: (query: URLSearchParams) => void) => {
    const query = new URLSearchParams(presigned.query);
    change(query);
    return faultOf({ ...presigned, query }, now, 's3', 'UNSIGNED-PAYLOAD');
  };
  for (const name of ['Algorithm', 'Credential', 'Date', 'Expires', 'SignedHeaders']) {
    expect([name, changed((query) => query.delete(`X-Amz-${name}`))]).toEqual([name, 'malformed']);
  }
  for (const [name, value] of [
    ['Algorithm', 'AWS4-HMAC-SHA1'],
    ['Date', '20130524'],
    ['Date', '20130524T250000Z'],
    ['Expires', '0'],
    ['Expires', '604801'],
    ['Expires', 'x'],
    ['Signature', ''],
  ] as const) {
    expect([name, value, changed((query) => query.set(`X-Amz-${name}`, value))]).toEqual([
      name,
      value,
      'malformed',
    ]);
  }
  for (const [name, value] of [
    ['Expires', '1'],
    ['Expires', '604800'],
    ['Signature', 'x'],
  ] as const) {
    expect([name, value, changed((query) => query.set(`X-Amz-${name}`, value))]).toEqual([
      name,
      value,
      'mismatch',
    ]);
  }
  expect(changed((query) => query.delete('X-Amz-Signature'))).toBe('missing');
  expect(changed((query) => query.set('X-Amz-Security-Token', 'token'))).toBe('session_token');
});

test('a signature is good for fifteen minutes, a presigned URL as long as it says', () => {
  const after = (seconds: number) => new Date(now.getTime() + seconds * 1_000);
  expect(faultOf(getObject, after(899))).toBeUndefined();
  expect(faultOf(getObject, after(901))).toBe('skewed');
  expect(faultOf(getObject, after(-901))).toBe('skewed');
  expect(faultOf(presigned, after(86_399), 's3', 'UNSIGNED-PAYLOAD')).toBeUndefined();
  expect(faultOf(presigned, after(86_401), 's3', 'UNSIGNED-PAYLOAD')).toBe('expired');
});
