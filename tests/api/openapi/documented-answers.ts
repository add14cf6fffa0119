import { expect } from 'vitest';
import * as z from 'zod';
import { routes } from '#functions/routes.ts';
import type { problems } from '#http/openapi/problems.ts';
import { documentation } from '#scripts/develop/openapi/documentation.ts';
import { generateDocument } from '#scripts/develop/openapi/generate.ts';
import { createRouter } from '#scripts/local/gateway/router.ts';
import type { Answer } from '#tests/world.ts';

/** Of the document, what an answer is held against. */
interface Documented {
  readonly responses: Readonly<Record<string, { readonly $ref?: string }>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Documented>>>>;
  readonly components: { readonly responses: Readonly<Record<string, unknown>> };
}

/** The status of an answer, and of a refusal also its code. */
export type Expected = 200 | 201 | 204 | `${number} ${keyof typeof problems}`;

/** The OpenAPI document, to hold answers against. */
export interface DocumentedAnswers {
  /** The keys of the routes that have succeeded. */
  readonly answered: Set<string>;
  /** Holds an answer against what is expected and against the document: its status, its headers, its body or its code. */
  hold(expected: Expected, method: string, path: string, answer: Answer): Answer;
}

export async function readDocument(): Promise<DocumentedAnswers> {
  const document: Document = JSON.parse(await generateDocument());
  const router = createRouter(routes);
  const answered = new Set<string>();
  return {
    answered,
    hold(expected: Expected, method: string, path: string, answer: Answer): Answer {
      const { status } = answer;
      const actual = status < 300 ? status : `${status} ${answer.body.code}`;
      expect([method, path, actual]).toEqual([method, path, expected]);
      const match = router(method, decodeURIComponent(path.split('?')[0] ?? ''));
      const key = match?.routeKey ?? '';
      const described = operationOf(document, key)?.responses[answer.status];
      expect([key, status, described !== undefined]).toEqual([key, status, true]);
      const response = (
        described?.$ref ? document.components.responses[described.$ref.split('/').at(-1) ?? ''] : described
      ) as {
        headers: Record<string, { required?: boolean; $ref?: string }>;
        content?: Record<string, { schema: { allOf?: { properties?: { code: { enum: string[] } } }[] } }>;
      };
      for (const name of Object.keys(response.headers)) {
        if (name !== 'idempotent-replayed')
          expect([key, name, answer.headers.get(name)]).not.toEqual([key, name, null]);
      }
      const type = answer.headers.get('content-type')?.split(';')[0];
      expect([key, type]).toEqual([key, Object.keys(response.content ?? {})[0]]);
      if (answer.status >= 400) {
        const codes =
          response.content?.['application/problem+json']?.schema.allOf?.[1]?.properties?.code.enum;
        expect([key, codes]).toEqual([key, expect.arrayContaining([answer.body.code])]);
      } else {
        const shape = documentation.routes[key]?.answer;
        if (shape instanceof z.ZodType)
          expect([key, shape.safeParse(answer.body).error]).toEqual([key, undefined]);
        else expect([key, answer.body]).toEqual([key, undefined]);
        answered.add(key);
      }
      return answer;
    },
  };
}

function operationOf({ paths }: Document, key: string): Documented | undefined {
  const [method = '', path = ''] = key.split(' ');
  return paths[path]?.[method.toLowerCase()];
}
