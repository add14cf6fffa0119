import { describe, expect, test, vi } from 'vitest';
import { InvalidInput } from '#platform/errors.ts';
import type { HttpEvent } from './event.ts';
import { idempotencyOf } from './idempotency.ts';

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  readonly body?: string | undefined;
  readonly isBase64Encoded?: boolean;
  readonly headers?: Record<string, string>;
}

const asked = ({ method = 'POST', path = '/v1/items', query = '', headers, ...rest }: Asked) =>
  ({
    routeKey: `${method} ${path}`,
    headers: { 'idempotency-key': 'k', ...headers },
    rawQueryString: query,
    requestContext: { requestId: Math.random().toString(), http: { method, path } },
    isBase64Encoded: false,
    body: '{"a":1}',
    ...rest,
  }) as unknown as HttpEvent;
const claim = (request: Asked) => idempotencyOf(asked(request), () => {});
const fingerprint = (request: Asked) => claim(request)?.fingerprint.toString('hex');

describe('the key', () => {
  test.each(['k', '!', '~', 'order-5001/receipt:"x"', 'x'.repeat(255)])('%s is taken as it is', (key) => {
    expect(claim({ headers: { 'idempotency-key': key } })?.key).toBe(key);
  });

  test.each([
    ['nothing', ''],
    ['256 characters', 'x'.repeat(256)],
    ['a blank', 'a b'],
    ['a tabulator', 'a\tb'],
    ['a line break behind', 'a\n'],
    ['delete', 'a\u007f'],
    ['a letter beyond ASCII', 'é'],
  ])('of %s is refused', (_, key) => {
    const message = 'must have 1 to 255 visible ASCII characters';
    expect(() => claim({ headers: { 'idempotency-key': key } })).toThrow(
      new InvalidInput('The Idempotency-Key is not usable.', [{ field: 'Idempotency-Key', message }]),
    );
  });

  test('is read of a POST only, also when it could not be used', () => {
    for (const method of ['GET', 'PATCH', 'DELETE', 'PUT'])
      expect(claim({ method, headers: { 'idempotency-key': '' } })).toBeUndefined();
  });

  test('need not be there', () => {
    const { headers: _, ...event } = asked({});
    expect(idempotencyOf({ ...event, headers: {} } as HttpEvent, () => {})).toBeUndefined();
  });

  test('goes with what is to be done when the answer is an old one', () => {
    const onReplay = vi.fn();
    idempotencyOf(asked({}), onReplay)?.onReplay();
    expect(onReplay).toHaveBeenCalledTimes(1);
  });
});

describe('the fingerprint', () => {
  const usual = fingerprint({});

  test('is a SHA-256', () => {
    expect(usual).toMatch(/^[0-9a-f]{64}$/);
    expect(usual).toBe('c7ce462b32c22d36f22d1ad5e217351c4bfe5e131666ebf7af7385b4e9800ebc');
  });

  test.each<[string, Asked]>([
    ['path', { path: '/v1/locations' }],
    ['path, by its case', { path: '/v1/Items' }],
    ['query', { query: 'a=1' }],
    ['body', { body: '{"a":2}' }],
    ['body, by a blank', { body: '{"a": 1}' }],
    ['body that is not there', { body: undefined }],
    ['path and query that run together', { path: '/v1/ite', query: 'ms' }],
  ])('tells another %s', (_, request) => {
    expect(fingerprint(request)).not.toBe(usual);
  });

  test('does not let a part pass for a part of another', () => {
    const all = [
      { path: '/a', query: 'b', body: 'c' },
      { path: '/ab', query: '', body: 'c' },
      { path: '/a', query: 'bc', body: '' },
      { path: '/a', query: '', body: 'bc' },
    ].map(fingerprint);
    expect(new Set(all).size).toBe(4);
  });

  test.each<[string, Asked]>([
    ['the key', { headers: { 'idempotency-key': 'other' } }],
    ['other headers', { headers: { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'x' } }],
    ['whose key it is', { headers: { 'x-api-key': 'sk_…' } }],
    ['how the body came', { body: Buffer.from('{"a":1}').toString('base64'), isBase64Encoded: true }],
  ])('is the same whatever %s', (_, request) => {
    expect(fingerprint(request)).toBe(usual);
  });
});
