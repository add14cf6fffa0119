import { itemBalance } from '#ledger/balances.ts';
import type { LambdaHandler } from '#scripts/local/gateway/server.ts';
import { loadHandler } from '#scripts/local/lambda/handlers.ts';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { assertAccess } from '#tenancy/scope.ts';
import type { Tenant } from '#tenancy/tenant.ts';
import { httpEvent } from '#tests/http-event.ts';
import { median } from '../bench.ts';

/** How often each is timed, one after the other, so that other work on the machine meets all of them. */
const turns = 300;

/**
 * Where the time of one read goes, in microseconds: each layer is the difference between two calls of which one contains the
 * other. The settings of the database are in the environment.
 * @param wholeRequest sends the same read over HTTP to the local gateway
 */
export async function layersOfRead(
  {
    apiKey,
    keyEnvironment,
    sku,
  }: { readonly apiKey: string; readonly keyEnvironment: string; readonly sku: string },
  wholeRequest: () => Promise<unknown>,
): Promise<string> {
  const tenant: Tenant = {
    credentials: { key: parseApiKey(apiKey, keyEnvironment), selectors: [] },
    scope: 'read',
  };
  const handler: LambdaHandler = await loadHandler('balances');
  const event = () =>
    httpEvent({
      path: `/v1/items/${sku}/balance`,
      routeKey: 'GET /v1/items/{sku}/balance',
      headers: { 'x-api-key': apiKey },
      pathParameters: { sku },
    });
  const answer = await itemBalance(tenant, sku, {});
  const calls: Record<string, () => unknown> = {
    whole: wholeRequest,
    handler: () => handler(event(), {} as never),
    read: () => itemBalance(tenant, sku, {}),
    entering: () => assertAccess(tenant),
    serialization: () => JSON.stringify(answer),
  };
  const times = await timesOf(calls);
  const microseconds = {
    gateway: times('whole') - times('handler'),
    middlewares: times('handler') - times('read') - times('serialization'),
    entering: times('entering'),
    statement: times('read') - times('entering'),
    serialization: times('serialization'),
  };
  return Object.entries(microseconds)
    .map(([layer, time]) => `${layer} ${Math.round(time)} µs`)
    .join(', ');
}

async function timesOf(calls: Readonly<Record<string, () => unknown>>): Promise<(name: string) => number> {
  const times = new Map<string, number[]>(Object.keys(calls).map((name) => [name, []]));
  for (let turn = 0; turn < 2 * turns; turn += 1) {
    for (const [name, call] of Object.entries(calls)) {
      const startedAt = performance.now();
      await call();
      // The first half warms up.
      if (turn >= turns) times.get(name)?.push((performance.now() - startedAt) * 1_000);
    }
  }
  return (name) => median(times.get(name) ?? []);
}
