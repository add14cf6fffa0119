import middy from '@middy/core';
import { expect, test } from 'vitest';
import { httpEvent } from '#tests/http-event.ts';
import { callers } from '../caller.ts';
import { type HttpEvent, type HttpResult, json } from '../event.ts';
import { publicAccess } from './public-access.ts';

test.each<[string, Record<string, string>]>([
  ['nothing', {}],
  ['a malformed key', { 'x-api-key': 'sk_nonsense' }],
  ['an operator key', { 'x-operator-key': 'op_2' }],
  ['a selector', { 'x-organization': 'acme' }],
])('lets a caller with %s through, and knows nothing of it', async (_, headers) => {
  const handler = middy<HttpEvent, HttpResult>()
    .use(publicAccess())
    .handler(async () => json(200, {}));
  const event = httpEvent({ headers });
  await handler(event, {} as never);
  expect(callers.of(event)).toEqual({ kind: 'public' });
});
