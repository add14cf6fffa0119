import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { buildDocument, IncompleteDocumentation } from './document.ts';
import type { Documentation, RouteDocumentation } from './documentation.ts';
import { openSchemaBook } from './schemas.ts';

const route = (scope: string, method = 'POST') => ({ method, path: '/v1/x', entry: 'x', scope });
const documentation = (more: Partial<RouteDocumentation> = {}, key = 'POST /v1/x'): Documentation => ({
  title: 'T',
  version: '1',
  description: 'D',
  tags: { x: 'X.' },
  routes: { [key]: { id: 'doX', summary: 'Does x', answer: z.object({ a: z.string() }), ...more } },
  vocabulary: z.registry(),
});
const operationsOf = (status: unknown = 201, schemas: object = {}) =>
  new Map([
    ['POST /v1/x', { schemas, status }],
    ['GET /v1/x', { schemas, status }],
  ]);

// biome-ignore lint/suspicious/noExplicitAny: the document is JSON
const build = (...args: Parameters<typeof buildDocument>): any => buildDocument(...args);

describe('a document whose parts do not agree is refused', () => {
  test.each<[string, () => unknown]>([
    [
      'POST /v1/x is not documented: describe it under its route key',
      () => build([route('read')], operationsOf(), { ...documentation(), routes: {} }),
    ],
    [
      'POST /v1/x belongs to "x", which is no tag: describe it there',
      () => build([route('read')], operationsOf(), { ...documentation(), tags: {} }),
    ],
    [
      'GET /v1/y, y: documented, but not in the route table',
      () =>
        build([route('read')], operationsOf(), {
          ...documentation(),
          tags: { x: 'X.', y: 'Y.' },
          routes: { ...documentation().routes, ...documentation({}, 'GET /v1/y').routes },
        }),
    ],
    [
      'the status of POST /v1/x follows from its answer: document its "statuses"',
      () =>
        build(
          [route('read')],
          operationsOf(() => 200),
          documentation(),
        ),
    ],
  ])('%s', (message, act) => {
    expect(act).toThrow(new IncompleteDocumentation(message));
  });

  test('two schemas of one name', () => {
    const vocabulary: Documentation['vocabulary'] = z.registry();
    const [one, other] = [z.string(), z.number()];
    vocabulary.add(one, { id: 'Same' });
    const book = openSchemaBook(vocabulary);
    book.read(z.object({ one }), 'input');
    book.read(z.object({ one, two: one }), 'output');
    const another: Documentation['vocabulary'] = z.registry();
    another.add(other, { id: 'Same' });
    expect(book.components).toEqual({ Same: { type: 'string' } });
    vocabulary.remove(one);
    vocabulary.add(other, { id: 'Same' });
    expect(() => book.read(z.object({ other }), 'input')).toThrow(
      'two different schemas are called Same in the vocabulary: rename one',
    );
  });
});

describe('an operation', () => {
  const operation = (scope: string, method = 'POST', more: Partial<RouteDocumentation> = {}, schemas = {}) =>
    build([route(scope, method)], operationsOf(201, schemas), documentation(more, `${method} /v1/x`)).paths[
      '/v1/x'
    ][method.toLowerCase()];

  test.each([
    ['none', [], ['500']],
    ['operator', [{ iam: [] }, { operatorKey: [] }], ['401', '403', '500', '503']],
    ['read', [{ bearer: ['read'] }, { apiKey: ['read'] }], ['400', '401', '403', '422', '429', '500', '503']],
  ])('with the scope "%s" says who may ask and what is refused', (scope, security, refusals) => {
    const { responses, ...rest } = operation(scope);
    expect(rest.security).toEqual(security);
    expect(Object.keys(responses)).toEqual([...new Set(['201', ...refusals])].sort());
  });

  test('of a tenant takes a selector, and a POST an Idempotency-Key', () => {
    const names = (scope: string, method?: string) =>
      (operation(scope, method).parameters ?? []).map(({ $ref }: { $ref: string }) => $ref.split('/').at(-1));
    expect(names('write')).toEqual(['Organization', 'IdempotencyKey']);
    expect(names('read', 'GET')).toEqual(['Organization']);
    expect([names('operator'), names('none')]).toEqual([[], []]);
  });

  test('that answers nothing answers 204, one of a page HTML, one of several statuses each of them', () => {
    const answers = (more: Partial<RouteDocumentation>) => {
      const { responses } = operation('none', 'GET', more);
      return Object.fromEntries(
        Object.entries(responses as Record<string, { content?: object }>)
          .filter(([status]) => status < '400')
          .map(([status, { content }]) => [status, Object.keys(content ?? {})]),
      );
    };
    expect(answers({ answer: undefined as never })).toEqual({ 204: [] });
    expect(answers({ answer: 'text/html' })).toEqual({ 201: ['text/html'] });
    expect(answers({ statuses: [200, 201] })).toEqual({
      200: ['application/json'],
      201: ['application/json'],
    });
  });

  test('says whether its body may be left out, and what else it refuses', () => {
    const body = z.strictObject({ a: z.string() });
    const problems = ['already_exists', 'invalid_input'] as const;
    const full = operation('write', 'POST', { problems, example: { body: { a: 'x' } } }, { body });
    expect(full.requestBody).toMatchObject({
      required: true,
      content: { 'application/json': { example: { a: 'x' } } },
    });
    expect(operation('write', 'POST', {}, { body: body.optional() }).requestBody.required).toBe(false);
    expect(Object.keys(full.responses)).toEqual([
      '201',
      '400',
      '401',
      '403',
      '409',
      '413',
      '415',
      '422',
      '429',
      '500',
      '503',
    ]);
    const codes = (status: number) =>
      full.responses[status].content['application/problem+json'].schema.allOf[1].properties.code.enum;
    expect([codes(409), codes(422)]).toEqual([['already_exists'], ['idempotency_mismatch', 'invalid_input']]);
  });
});
