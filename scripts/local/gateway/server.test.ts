import { once } from 'node:events';
import { createServer } from 'node:http';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { echo, everything, openGateways } from '#tests/local/gateways.ts';
import type { AccessLogLine, LambdaHandler } from './server.ts';

const { serve, speak } = openGateways();

async function eventOf(response: Response): Promise<APIGatewayProxyEventV2> {
  return ((await response.json()) as { event: APIGatewayProxyEventV2 }).event;
}

describe('requests', () => {
  test('what is on the wire reaches the function: doubled headers, cookies, encoded path, body', async () => {
    const answer = await speak(
      await serve(),
      'GET /items/a%20b?x=1&x=2 HTTP/1.1\r\nHost: acme.localhost\r\nX-Two: a\r\nx-two: b\r\nCookie: c=1; d=2\r\nCookie: e=3\r\n',
      'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
    );
    const { event } = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as {
      event: APIGatewayProxyEventV2;
    };
    expect(event).toMatchObject({
      routeKey: 'GET /items/{sku}',
      rawPath: '/items/a b',
      pathParameters: { sku: 'a b' },
      queryStringParameters: { x: '1,2' },
      cookies: ['c=1', 'd=2', 'e=3'],
      headers: { 'x-two': 'a,b', 'content-length': '2' },
      body: '{}',
      requestContext: { domainName: 'acme.localhost', http: { protocol: 'HTTP/1.1', sourceIp: '127.0.0.1' } },
    });
    expect(event.headers).not.toHaveProperty('transfer-encoding');
    expect(event.headers).not.toHaveProperty('cookie');
  });

  test('any path, header and body come through a real round trip', async () => {
    const { url } = await serve();
    const token = fc.stringMatching(/^[\x21-\x7e]{1,20}$/);
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
        token,
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        async (segment, header, body) => {
          const path = `s${encodeURIComponent(encodeURIComponent(segment))}`; // fetch resolves a bare dot
          const event = await eventOf(
            await fetch(`${url}/any/${path}`, {
              method: 'PUT',
              headers: { 'x-token': header },
              body: Buffer.from(body),
            }),
          );
          expect(event.rawPath).toBe(`/any/s${segment}`);
          expect(event.headers['x-token']).toBe(header);
          expect(Buffer.from(event.body ?? '', 'base64')).toEqual(Buffer.from(body));
        },
      ),
      { numRuns: 40 },
    );
  });

  test('ten requests are under way at the same time', async () => {
    let arrived = 0;
    let release = () => {};
    const all = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { url } = await serve(async ({ rawPath }) => {
      if (++arrived === 10) release();
      await all;
      return rawPath;
    });
    const paths = Array.from({ length: 10 }, (_, index) => `/${index}`);
    const answers = await Promise.all(paths.map(async (path) => (await fetch(url + path)).text()));
    expect(answers).toEqual(paths);
  });

  test('every request has an id of its own, which the answer names', async () => {
    const { url } = await serve();
    const responses = await Promise.all([fetch(url), fetch(url)]);
    const ids = await Promise.all(
      responses.map(async (response) => {
        const { requestContext } = await eventOf(response.clone());
        expect(response.headers.get('apigw-requestid')).toBe(requestContext.requestId);
        return requestContext.requestId;
      }),
    );
    expect(ids[0]).not.toBe(ids[1]);
  });

  test('a function knows where and for how long it runs', async () => {
    const { url } = await serve((_event, context) => ({
      name: context.functionName,
      arn: context.invokedFunctionArn,
      id: context.awsRequestId,
      memory: context.memoryLimitInMB,
      remainingMs: context.getRemainingTimeInMillis(),
    }));
    const said = (await (await fetch(url)).json()) as Record<string, unknown>;
    expect(said).toMatchObject({
      name: 'echo',
      arn: 'arn:aws:lambda:local:000000000000:function:echo',
      memory: '1024',
    });
    expect(said.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(said.remainingMs).toBeGreaterThan(20_000);
    expect(said.remainingMs).toBeLessThanOrEqual(30_000);
  });

  test('HEAD and OPTIONS are methods like any other; HEAD has no body', async () => {
    const { url } = await serve(
      ({ routeKey, requestContext }) => `${requestContext.http.method} ${routeKey}`,
    );
    const head = await fetch(`${url}/items/a`, { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe(String('HEAD $default'.length));
    expect(await head.text()).toBe('');
    const options = await fetch(`${url}/items/a`, { method: 'OPTIONS' });
    expect(await options.text()).toBe('OPTIONS $default');
  });
});

describe('answers', () => {
  test('status, cookies, headers and bytes are the function’s', async () => {
    const { url } = await serve(() => ({
      statusCode: 418,
      headers: { 'x-kind': 'teapot' },
      cookies: ['a=1', 'b=2'],
      body: Buffer.from([0, 255, 1]).toString('base64'),
      isBase64Encoded: true,
    }));
    const response = await fetch(url);
    expect(response.status).toBe(418);
    expect(response.headers.get('x-kind')).toBe('teapot');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(Buffer.from([0, 255, 1]));
  });

  test('204 has neither body nor length', async () => {
    const { url } = await serve(() => ({ statusCode: 204, body: 'dropped' }));
    const response = await fetch(url);
    expect(response.status).toBe(204);
    expect(response.headers.get('content-length')).toBeNull();
  });

  test.each<[string, LambdaHandler]>([
    [
      'throws',
      () => {
        throw new Error('secret');
      },
    ],
    ['rejects', () => Promise.reject(new Error('secret'))],
    ['returns garbage', () => ({ statusCode: 'secret' })],
    ['returns more than Lambda passes on', () => 'x'.repeat(7_000_000)],
  ])('a function that %s is a plain 500, and the reason goes to onError', async (_what, handler) => {
    const onError = vi.fn();
    const { url } = await serve(handler, { onError });
    const response = await fetch(`${url}/items/a`);
    expect(response.status).toBe(500);
    expect(await response.text()).toBe('{"message":"Internal Server Error"}');
    expect(onError).toHaveBeenCalledExactlyOnceWith(expect.any(Error), { method: 'GET', path: '/items/a' });
  });

  test('a function that cannot be loaded is a 500, and the next load may heal it', async () => {
    let isBroken = true;
    const load = async () => {
      if (isBroken) throw new SyntaxError('unexpected token');
      return echo;
    };
    const { url } = await serve(echo, { load });
    expect((await fetch(url)).status).toBe(500);
    isBroken = false;
    expect((await fetch(url)).status).toBe(200);
  });

  test('a function that takes too long is a 503', async () => {
    const { url } = await serve(() => new Promise(() => {}), { timeoutMs: 30 });
    const response = await fetch(url);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ message: 'Service Unavailable' });
  });

  test('without $default, an unknown path is API Gateway’s own 404', async () => {
    const { url } = await serve(echo, { routes: everything.slice(0, 1) });
    const response = await fetch(`${url}/nowhere`);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ message: 'Not Found' });
  });

  test('a path with a lone percent sign is a 400', async () => {
    const { url } = await serve();
    const response = await fetch(`${url}/items/50%25OFF`);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ message: 'Bad Request' });
  });

  test('each answer is reported once, with how long it took', async () => {
    const lines: AccessLogLine[] = [];
    const workMs = 20;
    const handler = () => {
      const doneAtMs = performance.now() + workMs;
      while (performance.now() < doneAtMs);
      return { statusCode: 201, body: 'made' };
    };
    const { url } = await serve(handler, { onRequest: (line) => lines.push(line) });
    const askedAtMs = performance.now();
    await (await fetch(`${url}/items/a?b=c`)).text();
    const answeredWithinMs = Math.ceil(performance.now() - askedAtMs);
    expect(lines).toEqual([
      {
        requestId: expect.stringMatching(/=$/),
        receivedAt: expect.any(Date),
        sourceIp: '127.0.0.1',
        method: 'GET',
        path: '/items/a?b=c',
        routeKey: 'GET /items/{sku}',
        status: 201,
        durationMs: expect.any(Number),
        responseBytes: 4,
      },
    ]);
    expect(lines[0]?.durationMs).toBeGreaterThanOrEqual(workMs);
    expect(lines[0]?.durationMs).toBeLessThanOrEqual(answeredWithinMs);
  });
});

test('a taken port is named', async () => {
  const occupant = createServer().listen(0, '127.0.0.1');
  await once(occupant, 'listening');
  const { port } = occupant.address() as { port: number };
  await expect(serve(echo, { port })).rejects.toThrow(`port ${port} on 127.0.0.1 is taken`);
  occupant.close();
});
