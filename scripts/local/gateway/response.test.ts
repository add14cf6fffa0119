import { expect, test } from 'vitest';
import { securityHeaders } from '#tests/api/problem-document.ts';
import { gatewayMessage, toResponse } from './response.ts';

test.each<[string, unknown, string]>([
  ['an object without statusCode', { message: 'hello' }, '{"message":"hello"}'],
  ['a string', 'Hello from Lambda!', 'Hello from Lambda!'],
  ['a list', [1, 2], '[1,2]'],
  ['nothing', undefined, 'null'],
])('%s is the JSON body of a 200', (_what, result, body) => {
  const response = toResponse(result);
  expect(response.status).toBe(200);
  expect(response.headers).toEqual([['content-type', 'application/json']]);
  expect(response.body.toString()).toBe(body);
});

test('a response is sent as the function says, cookies first', () => {
  const response = toResponse({
    statusCode: 201,
    headers: {
      'X-Count': 3,
      'X-Flag': true,
      'Set-Cookie': 'c=3',
      'Content-Type': 'text/html',
      'Content-Length': 99,
    },
    cookies: ['a=1', 'b=2; Path=/'],
    body: 'aGk=',
    isBase64Encoded: true,
  });
  expect(response).toEqual({
    status: 201,
    headers: [
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2; Path=/'],
      ['x-count', '3'],
      ['x-flag', 'true'],
      ['set-cookie', 'c=3'],
      ['content-type', 'text/html'],
    ],
    body: Buffer.from('hi'),
  });
});

test('a body without a content type is plain text; no body needs none', () => {
  expect(toResponse({ statusCode: 200, body: 'hi' }).headers).toEqual([
    ['content-type', 'text/plain; charset=utf-8'],
  ]);
  expect(toResponse({ statusCode: 204 })).toEqual({ status: 204, headers: [], body: Buffer.alloc(0) });
});

const circular: Record<string, unknown> = {};
circular.self = circular;

test.each<[string, unknown, RegExp]>([
  ['statusCode is no number', { statusCode: 'created' }, /"created": return an integer/],
  ['statusCode is out of range', { statusCode: 99 }, /return an integer from 200 to 599/],
  ['statusCode is null', { statusCode: null }, /return an integer/],
  ['the body is an object', { statusCode: 200, body: {} }, /the body is of type object/],
  ['a header is an object', { statusCode: 200, headers: { 'x-a': {} } }, /the header x-a/],
  ['the headers are a list', { statusCode: 200, headers: ['x-a'] }, /not an object/],
  [
    'a header would end its line',
    { statusCode: 200, headers: { 'x-a': 'b\r\nx-c: d' } },
    /x-a cannot be sent/,
  ],
  ['a header has no possible name', { statusCode: 200, headers: { 'x a': 'b' } }, /x a cannot be sent/],
  ['the cookies are a string', { statusCode: 200, cookies: 'a=1' }, /cookies/],
  ['it cannot be JSON', circular, /circular/i],
  ['it holds a BigInt', { total: 1n }, /BigInt/],
  ['it is larger than Lambda passes on', 'x'.repeat(6_291_555), /at most 6291556/],
])('a result is malformed when %s', (_what, result, message) => {
  expect(() => toResponse(result)).toThrow(message);
});

test.each([
  [200, true],
  [599, true],
  ['204', true],
  [199, false],
  [600, false],
  [200.5, false],
  ['', false],
])('a statusCode of %j: %s', (statusCode, passes) => {
  const read = () => toResponse({ statusCode });
  if (passes) expect(read()).toEqual({ status: Number(statusCode), headers: [], body: Buffer.alloc(0) });
  else
    expect(read).toThrow(
      `the statusCode is ${JSON.stringify(statusCode)}: return an integer from 200 to 599`,
    );
});

test('null is absent, and a body that is not declared as base64 is text', () => {
  const nothing = { statusCode: 200, headers: null, cookies: null, body: null, isBase64Encoded: true };
  expect(toResponse(nothing)).toEqual({ status: 200, headers: [], body: Buffer.alloc(0) });
  const text = { statusCode: 200, headers: { 'content-type': 'x/y' }, body: 'aGk=', isBase64Encoded: 'true' };
  expect(toResponse(text).body.toString()).toBe('aGk=');
});

test('the connection is the gateway’s own business', () => {
  const names = ['Connection', 'Content-Length', 'Keep-Alive', 'Transfer-Encoding', 'Upgrade', 'Trailer'];
  const headers = Object.fromEntries([...names, 'x-kept'].map((name) => [name, '1']));
  expect(toResponse({ statusCode: 204, headers }).headers).toEqual([['x-kept', '1']]);
});

test('the gateway says what it has to say as JSON', () => {
  expect(gatewayMessage(404, 'Not Found')).toEqual({
    status: 404,
    headers: [['content-type', 'application/json'], ...Object.entries(securityHeaders)],
    body: Buffer.from('{"message":"Not Found"}'),
  });
});

test('a result of exactly the limit passes', () => {
  expect(toResponse('x'.repeat(6_291_554)).body.length).toBe(6_291_554);
});
