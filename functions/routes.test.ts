import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { routeKey, routes, routesOf } from './routes.ts';

test('a route is called as API Gateway calls it', () => {
  expect(routeKey({ method: 'PATCH', path: '/v1/items/{sku}', entry: 'items', scope: 'write' })).toBe(
    'PATCH /v1/items/{sku}',
  );
  expect(routeKey({ method: 'ANY', path: '$default', entry: 'fallback', scope: 'none' })).toBe('$default');
});

test('a function has its own routes, each with its scope, in the order of the table', () => {
  expect(routesOf('locations')).toEqual([
    { key: 'POST /v1/locations', scope: 'write' },
    { key: 'GET /v1/locations', scope: 'read' },
    { key: 'GET /v1/locations/{code}', scope: 'read' },
    { key: 'PATCH /v1/locations/{code}', scope: 'write' },
    { key: 'DELETE /v1/locations/{code}', scope: 'write' },
  ]);
  expect(routesOf('fallback')).toEqual([{ key: '$default', scope: 'none' }]);
});

test('every line of the table is there once, and its function exists', () => {
  const keys = routes.map(routeKey);
  expect(keys).toEqual([...new Set(keys)]);
  for (const { entry } of routes)
    expect([entry, existsSync(new URL(`api/${entry}.lambda.ts`, import.meta.url))]).toEqual([entry, true]);
});

test('the scope of each line follows from its method and path: a GET needs read, every other method write', () => {
  const scopeOf = (line: (typeof routes)[number]): string => {
    if (line.path.startsWith('/platform/')) return 'operator';
    if (!line.path.startsWith('/v1/')) return 'none';
    if (/^\/v1\/(api-keys|users)/.test(line.path)) return 'admin';
    return line.method === 'GET' ? 'read' : 'write';
  };
  for (const line of routes) expect([routeKey(line), line.scope]).toEqual([routeKey(line), scopeOf(line)]);
});
