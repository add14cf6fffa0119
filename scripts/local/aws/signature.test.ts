import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import { expect, test } from 'vitest';
import { type SignableRequest, signatureFault, signedRegion } from './signature.ts';

/** The key of the examples in "Authenticating Requests (AWS Signature Version 4)" of the S3 API reference. */
const key = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const now = new Date('2013-05-24T00:00:00Z');
const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

const request = (more: Partial<SignableRequest> & { headers?: Record<string, string> }): SignableRequest => ({
  method: 'GET',
  path: '/test.txt',
  query: new URLSearchParams(),
  ...more,
  headers: { host: 'examplebucket.s3.amazonaws.com', ...more.headers },
});

function signed(headers: Record<string, string>, signature: string, payloadHash = emptyHash) {
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
const faultOf = (of: SignableRequest, at = now, service = 's3') =>
  signatureFault(of, undefined, { key, service, now: at });

test("the examples of AWS's documentation are good", async () => {
  expect(await faultOf(getObject)).toBeUndefined();
  expect(signedRegion(getObject)).toBe('us-east-1');
  const list = request({
    path: '/',
    query: new URLSearchParams('max-keys=2&prefix=J'),
    headers: signed({}, '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'),
  });
  expect(await faultOf(list)).toBeUndefined();
});

test('whatever was signed cannot be changed', async () => {
  const changed: Partial<SignableRequest>[] = [
    { method: 'DELETE' },
    { path: '/other.txt' },
    { query: new URLSearchParams('versionId=1') },
    { headers: { ...getObject.headers, range: 'bytes=0-99' } },
    { headers: { ...getObject.headers, host: 'otherbucket.s3.amazonaws.com' } },
    { headers: { ...getObject.headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } },
  ];
  for (const change of changed) expect(await faultOf({ ...getObject, ...change })).toBe('mismatch');
  expect(await faultOf(getObject, now, 'sns')).toBe('mismatch');
});

test('where a service hashes the body itself, the body cannot be changed either', async () => {
  const signer = new SignatureV4({
    credentials: key,
    region: 'x',
    service: 'sns',
    sha256: Sha256,
    applyChecksum: false,
  });
  const body = Buffer.from('Action=Publish');
  const unsigned = {
    method: 'POST',
    path: '/',
    headers: { host: 'sns' },
    protocol: 'http:',
    hostname: 'sns',
    body,
  };
  const { headers } = await signer.sign(unsigned, { signingDate: now });
  const post = request({ method: 'POST', path: '/', headers });
  const settings = { key, service: 'sns', now };
  expect(await signatureFault(post, body, settings)).toBeUndefined();
  expect(await signatureFault(post, Buffer.from('Action=Unsubscribe'), settings)).toBe('mismatch');
});

test('a header of AWS that was added behind the signature is refused', async () => {
  const headers = { ...getObject.headers, 'x-amz-bypass-governance-retention': 'true' };
  expect(await faultOf({ ...getObject, headers })).toBe('mismatch');
});

test('no signature, a broken one, another key and a session of the real AWS get different errors', async () => {
  expect(await faultOf(request({}))).toBe('missing');
  expect(await faultOf(request({ headers: { authorization: 'Basic YTpi' } }))).toBe('mismatch');
  expect(await faultOf(request({ headers: signed({ 'x-amz-date': 'yesterday' }, 'x') }))).toBe('mismatch');
  const other = { ...key, accessKeyId: 'AKIAOTHER' };
  expect(await signatureFault(getObject, undefined, { key: other, service: 's3', now })).toBe('unknown_key');
  const headers = { ...getObject.headers, 'x-amz-security-token': 'token' };
  expect(await faultOf({ ...getObject, headers })).toBe('unknown_key');
});

test('a signature is good for fifteen minutes', async () => {
  const after = (seconds: number) => new Date(now.getTime() + seconds * 1_000);
  expect(await faultOf(getObject, after(899))).toBeUndefined();
  expect(await faultOf(getObject, after(901))).toBe('mismatch');
  expect(await faultOf(getObject, after(-901))).toBe('mismatch');
});
