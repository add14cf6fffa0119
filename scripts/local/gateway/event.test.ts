import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type HttpRequest, toEvent } from './event.ts';
import { parseTarget } from './request-target.ts';

const route = { method: 'POST', path: '/capture/{name}', entry: 'capture', scope: 'none' } as const;
const match = { route, routeKey: 'POST /capture/{name}', pathParameters: { name: 'space value' } };

function request(
  changes: Partial<Omit<HttpRequest, 'target'>> & { target?: string; headers?: [string, string][] },
) {
  const { target = '/', headers = [], ...rest } = changes;
  const parsed = parseTarget(target);
  if (!parsed) throw new Error(`not a target: ${target}`);
  return {
    method: 'POST',
    target: parsed,
    protocol: 'HTTP/1.1',
    rawHeaders: headers.flat(),
    body: Buffer.alloc(0),
    sourceIp: '68.8.83.18',
    requestId: 'ATfSmjLgPHcESJw=',
    receivedAt: new Date('2026-07-10T19:19:05.766Z'),
    ...rest,
  };
}

test('a request becomes the event that the live service made of it', () => {
  const body = '{"message":"hello from the public internet","unicode":"lambda-λ"}';
  const event = toEvent(
    request({
      target:
        '/capture/space%20value?repeat=one&repeat=two&redirect=https%3A%2F%2Fexample.com%2Fa%2Fb&literalPlus=a+b&encodedPlus=a%2Bb&empty=',
      headers: [
        ['Host', 'acme.localhost:3000'],
        ['User-Agent', 'curl/8.7.1'],
        ['Accept', '*/*'],
        ['Content-Type', 'application/json'],
        ['Content-Length', '66'],
        ['Cookie', 'session=abc123; theme=dark'],
        ['X-Voker-Probe', 'first'],
        ['x-voker-probe', 'second'],
        ['Connection', 'keep-alive'],
        ['X-Amzn-Trace-Id', 'Root=1-6a5145a9-1bae89e2512ec92d5d9438a0'],
      ],
      body: Buffer.from(body),
    }),
    match,
  );
  expect(event).toEqual({
    version: '2.0',
    routeKey: 'POST /capture/{name}',
    rawPath: '/capture/space value',
    rawQueryString:
      'repeat=one&repeat=two&redirect=https%3A%2F%2Fexample.com%2Fa%2Fb&literalPlus=a+b&encodedPlus=a%2Bb&empty=',
    cookies: ['session=abc123', 'theme=dark'],
    headers: {
      accept: '*/*',
      'content-length': '66',
      'content-type': 'application/json',
      host: 'acme.localhost:3000',
      'user-agent': 'curl/8.7.1',
      'x-amzn-trace-id': 'Root=1-6a5145a9-1bae89e2512ec92d5d9438a0',
      'x-forwarded-for': '68.8.83.18',
      'x-forwarded-proto': 'http',
      'x-voker-probe': 'first,second',
    },
    queryStringParameters: {
      empty: '',
      encodedPlus: 'a+b',
      literalPlus: 'a b',
      redirect: 'https://example.com/a/b',
      repeat: 'one,two',
    },
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      domainName: 'acme.localhost',
      domainPrefix: 'acme',
      http: {
        method: 'POST',
        path: '/capture/space value',
        protocol: 'HTTP/1.1',
        sourceIp: '68.8.83.18',
        userAgent: 'curl/8.7.1',
      },
      requestId: 'ATfSmjLgPHcESJw=',
      routeKey: 'POST /capture/{name}',
      stage: '$default',
      time: '10/Jul/2026:19:19:05 +0000',
      timeEpoch: 1783711145766,
    },
    pathParameters: { name: 'space value' },
    body,
    isBase64Encoded: false,
  });
});

test('what a request does not have is absent, not empty', () => {
  const event = toEvent(request({ headers: [['Host', 'localhost']] }), { route, routeKey: '$default' });
  expect(Object.keys(event)).not.toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^(?:cookies|queryStringParameters|pathParameters|body)$/),
    ]),
  );
  expect(event.isBase64Encoded).toBe(false);
  expect(event.rawQueryString).toBe('');
});

test('forwarded headers are passed on and believed by nothing', () => {
  const { headers, requestContext } = toEvent(
    request({
      headers: [
        ['Host', 'acme.localhost'],
        ['X-Forwarded-Host', 'victim.example.com'],
        ['X-Forwarded-For', '1.2.3.4'],
        ['X-Forwarded-Proto', 'https'],
      ],
    }),
    match,
  );
  expect(requestContext.domainName).toBe('acme.localhost');
  expect(requestContext.http.sourceIp).toBe('68.8.83.18');
  expect(headers['x-forwarded-for']).toBe('1.2.3.4, 68.8.83.18');
  expect(headers['x-forwarded-proto']).toBe('http');
});

test.each([
  ['ACME.localhost', 'acme.localhost', 'acme'],
  ['[::1]:3000', '[::1]', '[::1]'],
  ['127.0.0.1:80', '127.0.0.1', '127'],
])('the host %s is the domain %s', (host, domainName, domainPrefix) => {
  const { requestContext } = toEvent(request({ headers: [['Host', host]] }), match);
  expect(requestContext).toMatchObject({ domainName, domainPrefix });
});

test.each([
  ['application/json', false],
  ['application/json; charset=utf-8', false],
  ['Application/JSON', false],
  ['text/csv', false],
  ['application/xml', false],
  ['application/javascript', false],
  ['application/x-www-form-urlencoded', true],
  ['application/problem+json', true],
  ['application/octet-stream', true],
  ['image/png', true],
  [undefined, true],
])('a body of type %s is base64: %s', (type, isBase64Encoded) => {
  const event = toEvent(
    request({ headers: type ? [['Content-Type', type]] : [], body: Buffer.from('{"λ":1}') }),
    match,
  );
  expect(event.isBase64Encoded).toBe(isBase64Encoded);
  expect(Buffer.from(event.body ?? '', isBase64Encoded ? 'base64' : 'utf8').toString()).toBe('{"λ":1}');
});

test('no byte of a body is lost, whatever it claims to be', () => {
  const type = fc.constantFrom('application/json', 'text/plain', 'application/octet-stream', '');
  fc.assert(
    fc.property(fc.uint8Array(), type, (bytes, contentType) => {
      const event = toEvent(
        request({ headers: [['content-type', contentType]], body: Buffer.from(bytes) }),
        match,
      );
      const kept = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
      expect(kept).toEqual(Buffer.from(bytes));
    }),
  );
});

test('headers keep their values under any name', () => {
  const name = fc.constantFrom('x-a', 'X-A', 'x-b', '__proto__', 'constructor', 'toString');
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.string({ minLength: 1 }))), (headers) => {
      const event = toEvent(request({ headers }), match);
      const expected = new Map<string, string[]>();
      for (const [key, value] of headers) {
        expected.set(key.toLowerCase(), [...(expected.get(key.toLowerCase()) ?? []), value]);
      }
      for (const [key, values] of expected) {
        expect(Object.entries(event.headers).find(([found]) => found === key)?.[1]).toBe(values.join(','));
      }
    }),
  );
});
