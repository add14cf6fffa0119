import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, test, vi } from 'vitest';
import { echo, openGateways } from '#tests/local/gateways.ts';
import { defaultLimits } from '../connection-limits.ts';

const { serve, raw, speak } = openGateways();

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
    // A byte on its way when the connection closes is an error, which once() would throw.
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('close', resolve));
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
