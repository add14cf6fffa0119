import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import middy from '@middy/core';
import { describe, expect, test } from 'vitest';
import { NotFound } from '#platform/errors.ts';
import { httpEvent } from '#tests/http-event.ts';
import { type HttpEvent, type HttpResult, json } from '../event.ts';
import { compression } from './compression.ts';
import { problemResponse } from './problem-response.ts';

const page = { data: Array.from({ length: 50 }, (_, index) => ({ sku: `S-${index}`, name: 'Größe' })) };

async function answerOf(
  accepted: string | undefined,
  { answer = json(200, page), path = '/v1/items' } = {},
): Promise<HttpResult> {
  const handler = middy<HttpEvent, HttpResult>()
    .use(compression({ mayCompress: (key) => key === 'GET /v1/items' }))
    .use(problemResponse())
    .handler(async () => structuredClone(answer));
  const headers: Record<string, string> = accepted === undefined ? {} : { 'accept-encoding': accepted };
  return await handler(httpEvent({ path, headers }), {} as never);
}

describe('a page', () => {
  test.each([
    ['br', brotliDecompressSync],
    ['gzip', gunzipSync],
  ] as const)('in %s is the same page, with a fraction of its bytes', async (encoding, decompress) => {
    const { headers, body, isBase64Encoded } = await answerOf(encoding);
    expect(headers).toMatchObject({ 'content-encoding': encoding, vary: 'accept-encoding' });
    expect(isBase64Encoded).toBe(true);
    const bytes = Buffer.from(body, 'base64');
    expect(JSON.parse(decompress(bytes).toString())).toEqual(page);
    expect(bytes.length).toBeLessThan(json(200, page).body.length / 4);
  });

  test.each([undefined, 'identity', 'gzip;q=0'])(
    'stays as it is for a caller that accepts %j',
    async (accepted) => {
      const plain = json(200, page);
      expect(await answerOf(accepted)).toEqual({
        ...plain,
        headers: { ...plain.headers, vary: 'accept-encoding' },
      });
    },
  );

  test('that is small stays as it is, and says that a larger one would not', async () => {
    const { headers, body } = await answerOf('gzip', { answer: json(200, { data: [] }) });
    expect([headers.vary, headers['content-encoding'], body]).toEqual([
      'accept-encoding',
      undefined,
      '{"data":[]}',
    ]);
  });
});

describe('is never compressed:', () => {
  test.each<[string, Parameters<typeof answerOf>[1]]>([
    ['the answer of another route', { path: '/v1/api-keys' }],
    ['a creation', { answer: json(201, page) }],
    ['an error', { answer: json(404, page) }],
  ])('%s', async (_, request) => {
    const { headers, isBase64Encoded } = await answerOf('gzip', request);
    expect([headers.vary, headers['content-encoding'], isBase64Encoded]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('a problem', async () => {
    const handler = middy<HttpEvent, HttpResult>()
      .use(compression({ mayCompress: () => true }))
      .use(problemResponse())
      .handler(() => {
        throw new NotFound(`${'x'.repeat(5_000)}`);
      });
    const { headers } = await handler(httpEvent({ headers: { 'accept-encoding': 'gzip' } }), {} as never);
    expect(headers['content-encoding']).toBeUndefined();
  });
});
