import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { routeKey, routes } from '#functions/routes.ts';
import { buildDocument, type DocumentedOperation } from '#http/openapi/document.ts';
import { problems } from '#http/openapi/problems.ts';
import { documentation } from '#scripts/develop/openapi/documentation.ts';
import {
  documentFile,
  generateDocument,
  readDocument,
  readOperations,
} from '#scripts/develop/openapi/generate.ts';
import { paths } from '#scripts/paths.ts';

interface Documented {
  readonly operationId: string;
  readonly security: readonly Record<string, readonly string[]>[];
  readonly parameters?: readonly { readonly $ref?: string; readonly name?: string; readonly in?: string }[];
  readonly requestBody?: unknown;
  readonly responses: Readonly<Record<string, { readonly $ref?: string }>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Documented>>>>;
  readonly components: { readonly responses: Readonly<Record<string, unknown>> };
}

let text: string;
let document: Document;
let operations: ReadonlyMap<string, DocumentedOperation>;
const documentedRoutes = routes.filter(({ path }) => path !== '$default');

beforeAll(async () => {
  operations = await readOperations();
  text = await generateDocument();
  document = JSON.parse(text);
});

const operationOf = (key: string): Documented | undefined => {
  const [method = '', path = ''] = key.split(' ');
  return document.paths[path]?.[method.toLowerCase()];
};

describe('the document', () => {
  test('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    const result = await validator.validate(JSON.parse(text));
    expect([result.errors, result.valid, validator.version]).toEqual([undefined, true, '3.1']);
    // A reference that leads nowhere is a fault the schema cannot see.
    validator.resolveRefs();
    for (const [, reference = ''] of text.matchAll(/"\$ref": "#\/([^"]+)"/g)) {
      let found: unknown = document;
      for (const name of reference.split('/')) found = (found as Record<string, unknown> | undefined)?.[name];
      expect([reference, found !== undefined]).toEqual([reference, true]);
    }
  });

  test('is refused by the same validator when it is wrong', async () => {
    const wrong = JSON.parse(text);
    delete wrong.paths['/health'].get.responses;
    wrong.paths['/health'].get.responses = 'none';
    expect((await new Validator().validate(wrong)).valid).toBe(false);
  });

  test(`is what ${documentFile} holds`, async () => {
    expect(await readDocument()).toBe(text);
  });

  test('has every line of the route table and nothing else', () => {
    const keys = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(keys.sort()).toEqual(documentedRoutes.map(routeKey).sort());
    const ids = keys.map((key) => operationOf(key)?.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test.each(documentedRoutes.map((route) => [routeKey(route), route] as const))(
    '%s says who may ask and what can be sent',
    (key, { scope, method }) => {
      const operation = operationOf(key);
      const isTenants = scope !== 'none' && scope !== 'operator';
      expect(operation?.security).toEqual(
        isTenants
          ? [{ bearer: [scope] }, { apiKey: [scope] }]
          : scope === 'operator'
            ? [{ iam: [] }, { operatorKey: [] }]
            : [],
      );
      const { body, query, path } = operations.get(key)?.schemas ?? {};
      expect(operation?.requestBody !== undefined).toBe(body !== undefined);
      const names = (operation?.parameters ?? []).map(({ $ref, name }) => $ref?.split('/').at(-1) ?? name);
      const expected = [
        ...propertiesOf(path),
        ...propertiesOf(query).map((name) => ({ limit: 'Limit', cursor: 'Cursor' })[name] ?? name),
        ...(isTenants ? ['Organization'] : []),
        ...(isTenants && method === 'POST' ? ['IdempotencyKey'] : []),
      ];
      expect(names).toEqual(expected);
    },
  );

  function propertiesOf(schema: z.ZodType | undefined): string[] {
    return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  }

  test.each(Object.entries(documentation.routes))(
    '%s has examples that are true',
    (key, { answer, example }) => {
      const { body, query, path } = operations.get(key)?.schemas ?? {};
      if (body) expect(body.safeParse(example?.body).error).toBeUndefined();
      if (path) expect(path.safeParse(example?.path).error).toBeUndefined();
      if (example?.query) expect(query?.safeParse(example.query).error).toBeUndefined();
      if (example?.answer !== undefined && answer instanceof z.ZodType)
        expect(answer.safeParse(example.answer).error).toBeUndefined();
    },
  );

  test('cannot be built without the documentation of a route, nor with one that has no route', () => {
    const line = { method: 'GET', path: '/v1/moons', entry: 'items', scope: 'read' } as const;
    expect(() => buildDocument([...routes, line], operations, documentation)).toThrow(
      'GET /v1/moons is not documented',
    );
    expect(() => buildDocument(routes.slice(1), operations, documentation)).toThrow(
      'GET /health: documented, but',
    );
  });

  test('and the quick reference list the same codes of refusals', async () => {
    const page = await readFile(join(paths.root, 'docs/QUICK_REFERENCE.md'), 'utf8');
    const table = page.slice(page.indexOf('## Errors'));
    for (const code of Object.keys(problems))
      expect([code, table.includes(`\`${code}\``)]).toEqual([code, true]);
  });
});
