import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { openGateways } from '#tests/local/gateways.ts';

const { serve, raw } = openGateways();

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
