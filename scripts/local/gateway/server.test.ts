import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Route } from '#functions/routes.ts';
import { defaultLimits } from '../connection-limits.ts';
import {
  type AccessLogLine,
  type Gateway,
  type GatewayOptions,
  type LambdaHandler,
  serveGateway,
} from './server.ts';

const everything: Route[] = [
  { method: 'GET', path: '/items/{sku}', entry: 'echo', scope: 'none' },
  { method: 'ANY', path: '$default', entry: 'echo', scope: 'none' },
];
const echo: LambdaHandler = (event) => ({ event });

const open: Gateway[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(open.splice(0).map((gateway) => gateway.close(0)));
});

async function serve(handler: LambdaHandler = echo, options: Partial<GatewayOptions> = {}): Promise<Gateway> {
  const gateway = await serveGateway({
    routes: everything,
    load: async () => handler,
    onError: () => {},
    ...options,
  });
  open.push(gateway);
  return gateway;
}

async function raw(gateway: Gateway): Promise<Socket> {
  const socket = connect(gateway.port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Sends bytes as they are and reads until the server closes. */
async function speak(gateway: Gateway, ...parts: string[]): Promise<string> {
  const socket = await raw(gateway);
  for (const part of parts) socket.write(part);
  return text(socket);
}

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

describe('limits', () => {
  const sevenMegabytes = Buffer.alloc(7_000_000, 'x');

  test('a body that no function can be given is a 413', async () => {
    const handler = vi.fn(echo);
    const { url } = await serve(handler);
    const response = await fetch(url, { method: 'POST', body: sevenMegabytes });
    expect(response.status).toBe(413);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    const problem = (await response.json()) as { requestId: string };
    expect(problem).toMatchObject({ type: 'about:blank', status: 413, code: 'payload_too_large' });
    expect(problem.requestId).toBe(response.headers.get('x-request-id'));
    expect(handler).not.toHaveBeenCalled();
  });

  test('a client that reads only after it has sent everything still learns why it was refused', async () => {
    const socket = (await raw(await serve())).pause();
    socket.write(`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${sevenMegabytes.length}\r\n\r\n`);
    await new Promise<void>((resolve, reject) => {
      socket.write(sevenMegabytes, (error) => (error ? reject(error) : resolve()));
    });
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 413 .*payload_too_large/s);
  });

  test('a body of unannounced length is cut off at the limit, and the client still learns why', async () => {
    const gateway = await serve();
    const socket = await raw(gateway);
    socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n');
    const chunk = `100000\r\n${'x'.repeat(0x100000)}\r\n`;
    for (let sent = 0; sent < 9; sent++) socket.write(chunk);
    socket.write('0\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('a client that asks first is refused before it sends anything', async () => {
    const gateway = await serve();
    const request = httpRequest(gateway.url, {
      method: 'POST',
      headers: { expect: '100-continue', 'content-length': sevenMegabytes.length },
    });
    const continued = vi.fn();
    request.on('continue', continued).on('error', () => {});
    request.flushHeaders();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(413);
    expect(await text(response)).toContain('payload_too_large');
    expect(continued).not.toHaveBeenCalled();
    request.destroy();
  });

  test('a client that asks before it sends a body that fits gets 100 Continue', async () => {
    const gateway = await serve(({ body }) => body);
    const request = httpRequest(gateway.url, {
      method: 'POST',
      headers: { expect: '100-continue', 'content-length': 2, 'content-type': 'text/plain' },
    });
    request.flushHeaders();
    await once(request, 'continue');
    request.end('hi');
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(await text(response)).toBe('hi');
  });

  test('a body that fits but whose event does not is a 413', async () => {
    const { url } = await serve();
    const headers = { 'content-type': 'application/octet-stream' };
    const large = await fetch(url, { method: 'POST', headers, body: Buffer.alloc(5_000_000) }); // 6.7 MB as base64
    expect(large.status).toBe(413);
    const fitting = await fetch(url, { method: 'POST', headers, body: Buffer.alloc(4_000_000) });
    expect(fitting.status).toBe(200);
    await fitting.arrayBuffer();
  });

  test('a head of more than 10240 bytes is a 431', async () => {
    const { url } = await serve();
    expect((await fetch(url, { headers: { 'x-long': 'x'.repeat(10_200) } })).status).toBe(431);
    expect((await fetch(url, { headers: { 'x-long': 'x'.repeat(9_000) } })).status).toBe(200);
  });
});

describe('slow clients', () => {
  /** No other limit comes before the one that a test is about. */
  const slowHead = { headMs: 40, requestMs: 60_000, checkEveryMs: 5 };
  const slowBody = { headMs: 40, requestMs: 80, checkEveryMs: 5 };
  const head = 'POST / HTTP/1.1\r\nHost: localhost\r\n';

  test.each([
    ['sends nothing', '', slowHead],
    ['stops in the middle of the head', head, slowHead],
    ['stops in the middle of the first line', 'GE', slowHead],
    ['stops in the middle of the body', `${head}Content-Length: 10\r\n\r\nabc`, slowBody],
    ['stops in the middle of a chunk', `${head}Transfer-Encoding: chunked\r\n\r\n5\r\nab`, slowBody],
  ])('a client that %s is refused and its connection closed', async (_, sent, limits) => {
    const handler = vi.fn(echo);
    const answer = await speak(await serve(handler, { limits }), sent);
    expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(handler).not.toHaveBeenCalled();
  });

  test('a client that sends a byte now and then is no faster', async () => {
    const handler = vi.fn(echo);
    const socket = (await raw(await serve(handler, { limits: slowHead }))).resume();
    socket.write(head);
    const dripping = setInterval(() => socket.write('X-A: b\r\n'), 5);
    await once(socket, 'close');
    clearInterval(dripping);
    expect(handler).not.toHaveBeenCalled();
  });

  test('a client that does not read its answer loses its connection', async () => {
    const answered = Promise.withResolvers<void>();
    const options = { limits: { silentMs: 40 }, onRequest: () => answered.resolve() };
    const gateway = await serve(() => 'x'.repeat(6_000_000), options);
    const socket = (await raw(gateway)).pause();
    // More than the buffers of both ends hold.
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(5));
    await answered.promise;
    await gateway.close(600_000); // ends only once the connection is closed
  });

  test('a connection beyond the limit is closed at once, and the others are served', async () => {
    const gateway = await serve(({ rawPath }) => rawPath, { limits: { connections: 2 } });
    const held = [await raw(gateway), await raw(gateway)];
    for (const socket of held) socket.write('GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await Promise.all(held.map((socket) => once(socket, 'data')));
    expect(await text(await raw(gateway))).toBe('');
    held[0]?.write('GET /again HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(String(await once(held[0] as Socket, 'data'))).toContain('/again');
  });

  test('without other limits, half a head stays ten seconds, and no request takes longer than a function', () => {
    const { headMs, requestMs, silentMs, checkEveryMs } = defaultLimits;
    expect(headMs + checkEveryMs).toBeLessThan(12_000);
    expect(requestMs).toBeLessThanOrEqual(30_000);
    expect(silentMs).toBeGreaterThan(30_000);
  });

  test('a long answer of a function is no silence', async () => {
    let finish = () => {};
    const gateway = await serve(() => new Promise((resolve) => (finish = () => resolve('late'))), {
      limits: slowBody,
    });
    const answer = fetch(gateway.url);
    await expect.poll(() => finish.toString()).toContain('late');
    const other = await raw(gateway); // is refused after longer than a head may take
    expect(await text(other)).toMatch(/408/);
    finish();
    expect(await (await answer).text()).toBe('late');
  });
});

describe('bad company', () => {
  test('what is not HTTP gets a 400, and the server lives on', async () => {
    const gateway = await serve();
    expect(await speak(gateway, 'GARBAGE\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect(await speak(gateway, 'GET / HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /); // no Host
    expect(await speak(gateway, 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 400 /,
    );
    expect((await fetch(gateway.url)).status).toBe(200);
  });

  test('an interrupted upload reaches no function', async () => {
    const handler = vi.fn(echo);
    const onError = vi.fn();
    const gateway = await serve(handler, { onError });
    const socket = await raw(gateway);
    socket.write('POST /half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf', () =>
      socket.destroy(),
    );
    await once(socket, 'close');
    expect((await fetch(`${gateway.url}/after`)).status).toBe(200);
    await gateway.close(); // ends only once the half request is over
    expect(handler.mock.calls.map(([event]) => event.rawPath)).toEqual(['/after']);
    expect(onError).not.toHaveBeenCalled();
  });

  test('a client that leaves before the answer does no harm', async () => {
    let finish = () => {};
    const running = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const gateway = await serve(async ({ rawPath }) => {
      if (rawPath === '/slow') await running;
      return 'done';
    });
    const leaving = new AbortController();
    const left = fetch(`${gateway.url}/slow`, { signal: leaving.signal });
    leaving.abort();
    await expect(left).rejects.toThrow(/abort/);
    finish();
    expect(await (await fetch(gateway.url)).text()).toBe('done');
  });

  test('a client that sends letter by letter is waited for', async () => {
    const letters = 'GET /slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'.split('');
    expect(await speak(await serve(({ rawPath }) => rawPath), ...letters)).toMatch(/\/slow$/);
  });
});

describe('close()', () => {
  test('finishes what is under way, closes idle connections, takes nothing new', async () => {
    let finish = () => {};
    const arrived = Promise.withResolvers<void>();
    const gateway = await serve(({ rawPath }) => {
      if (rawPath !== '/slow') return 'idle';
      arrived.resolve();
      return new Promise((resolve) => {
        finish = () => resolve('finished');
      });
    });
    const idle = await raw(gateway);
    const neverSpoke = await raw(gateway);
    idle.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(idle, 'data');

    const slow = fetch(`${gateway.url}/slow`);
    await arrived.promise;
    const closed = gateway.close();
    expect(gateway.close()).toBe(closed);
    await Promise.all([once(idle, 'close'), once(neverSpoke, 'close')]);
    await expect(fetch(gateway.url)).rejects.toThrow();
    finish();
    expect(await (await slow).text()).toBe('finished');
    await closed;
  });

  test('lets a client finish reading, then closes its connection', async () => {
    const body = 'x'.repeat(6_000_000);
    const answered = Promise.withResolvers<void>();
    const gateway = await serve(() => body, { onRequest: () => answered.resolve() });
    const socket = (await raw(gateway)).pause();
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await answered.promise;
    const closed = gateway.close(600_000);
    expect((await text(socket)).endsWith(body)).toBe(true);
    await closed;
  });

  test('does not wait for ever', async () => {
    const arrived = Promise.withResolvers<void>();
    const gateway = await serve(
      () => {
        arrived.resolve();
        return new Promise(() => {});
      },
      { timeoutMs: 60_000 },
    );
    const stuck = fetch(gateway.url).catch((error: unknown) => error);
    await arrived.promise;
    await gateway.close(20);
    expect(await stuck).toBeInstanceOf(Error);
  });
});

test('a taken port is named', async () => {
  const occupant = createServer().listen(0, '127.0.0.1');
  await once(occupant, 'listening');
  const { port } = occupant.address() as { port: number };
  await expect(serve(echo, { port })).rejects.toThrow(`port ${port} on 127.0.0.1 is taken`);
  occupant.close();
});
