import { describe, expect, test } from 'vitest';
import { httpEvent } from '#tests/http-event.ts';
import { openPages } from './open-pages.ts';

const event = httpEvent({ requestId: 'r-1' });

describe('an open page', () => {
  const pages = openPages([{ key: 'GET /x', scope: 'none' }], {
    'GET /x': () => ({
      contentType: 'text/html',
      body: '<p>',
      headers: { 'referrer-policy': 'origin', 'x-own': '1' },
    }),
  });

  test('is the same for everybody, and may be kept for five minutes', async () => {
    expect(await pages(event, {} as never)).toEqual({
      statusCode: 200,
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'public, max-age=300',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'strict-transport-security': 'max-age=63072000; includeSubDomains',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        vary: 'accept-encoding',
        'referrer-policy': 'origin',
        'x-own': '1',
        'x-request-id': 'r-1',
      },
      body: '<p>',
    });
  });

  test('of another route is a fault of ours', async () => {
    const result = await pages({ ...event, routeKey: 'GET /y' }, {} as never);
    expect([result.statusCode, JSON.parse(result.body).code]).toEqual([500, 'internal']);
  });
});
