import { expect, test } from 'vitest';
import { type Route, routeKey, routes } from '#functions/routes.ts';
import { createRouter } from './router.ts';

function table(...keys: string[]): Route[] {
  return keys.map((key) => {
    const [method, path] = key === '$default' ? ['ANY', '$default'] : key.split(' ');
    return { method, path, entry: key, scope: 'none' } as Route;
  });
}

// The first five are the example of the developer guide, "Routing API requests".
const documented = table(
  'GET /pets/dog/1',
  'GET /pets/dog/{id}',
  'GET /pets/{proxy+}',
  'ANY /{proxy+}',
  '$default',
);

test.each([
  ['GET', '/pets/dog/1', 'GET /pets/dog/1', undefined],
  ['GET', '/pets/dog/2', 'GET /pets/dog/{id}', { id: '2' }],
  ['GET', '/pets/cat/1', 'GET /pets/{proxy+}', { proxy: 'cat/1' }],
  ['POST', '/test/5', 'ANY /{proxy+}', { proxy: 'test/5' }],
  ['GET', '/', '$default', undefined],
])('%s %s goes to %s, whatever the order of the table', (method, path, key, pathParameters) => {
  for (const order of [documented, [...documented].reverse()]) {
    const match = createRouter(order)(method, path);
    expect(match?.routeKey).toBe(key);
    expect(match?.pathParameters).toEqual(pathParameters);
  }
});

test('a method of its own comes before ANY on the same path, and a literal before a parameter', () => {
  const route = createRouter(table('ANY /a', 'GET /a', 'GET /{x}', 'GET /{x}/c', 'ANY /b/{y}'));
  expect(route('GET', '/a')?.routeKey).toBe('GET /a');
  expect(route('PUT', '/a')?.routeKey).toBe('ANY /a');
  expect(route('GET', '/z')?.routeKey).toBe('GET /{x}');
  expect(route('GET', '/b/c')?.routeKey).toBe('ANY /b/{y}');
});

test('a full match comes before a greedy one with more literals', () => {
  const route = createRouter(table('GET /a/b/{rest+}', 'GET /{x}/{y}/{z}'));
  expect(route('GET', '/a/b/c')?.routeKey).toBe('GET /{x}/{y}/{z}');
  expect(route('GET', '/a/b/c/d')?.routeKey).toBe('GET /a/b/{rest+}');
});

test('without $default, what matches nothing has no route', () => {
  const route = createRouter(table('GET /a'));
  expect(route('POST', '/a')).toBeUndefined();
  expect(route('HEAD', '/a')).toBeUndefined();
  expect(route('GET', '/a/')).toBeUndefined();
  expect(route('GET', '/A')).toBeUndefined();
  expect(route('GET', '//a')?.routeKey).toBe('GET /a');
});

test('a path parameter is decoded once more than the path that selected the route', () => {
  const route = createRouter(table('GET /items/{sku}', 'GET /items/{sku}/balance'));
  expect(route('GET', '/items/a b')?.pathParameters).toEqual({ sku: 'a b' });
  expect(route('GET', '/items/a%2Fb')?.pathParameters).toEqual({ sku: 'a/b' });
  expect(route('GET', '/items/a.*/balance')?.routeKey).toBe('GET /items/{sku}/balance');
});

test('literal segments are taken literally, and a parameter may be named like anything', () => {
  const route = createRouter(table('GET /a.b', 'GET /x/{__proto__}'));
  expect(route('GET', '/aXb')).toBeUndefined();
  const parameters = route('GET', '/x/1')?.pathParameters ?? {};
  expect(Object.entries(parameters)).toEqual([['__proto__', '1']]);
});

test('every line of the route table answers its own path', () => {
  const route = createRouter(routes);
  for (const line of routes) {
    const path = line.path === '$default' ? '/nowhere' : line.path.replaceAll(/\{\w+\}/g, 'value');
    expect(route(line.method, path)?.routeKey).toBe(routeKey(line));
  }
});
