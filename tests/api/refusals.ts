import { expect } from 'vitest';
import type { Answer } from '#tests/world.ts';

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  422: 'Unprocessable Entity',
};

/** What a refusal consists of, beside what all have. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}

/** Holds an answer against a refusal, whole: status, headers and body. */
export function expectRefusal(answer: Answer, { status, ...refusal }: Refusal): void {
  expect({ ...answer.body, status: answer.status }).toEqual({
    type: 'about:blank',
    title: titles[status],
    status,
    ...refusal,
    requestId: answer.headers.get('x-request-id'),
  });
  expect(answer.body.status).toBe(status);
  expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(answer.headers.get('www-authenticate')).toBe(status === 401 ? 'Bearer realm="stockade"' : null);
}

/** The refusal of input of which one field is wrong. */
export function wrongField(field: string, message: string): Refusal {
  return {
    status: 400,
    code: 'invalid_input',
    detail: 'A field of the request is wrong.',
    errors: [{ field, message }],
  };
}

export const wrongCursor = wrongField(
  'cursor',
  'is not a cursor of this list: pass "nextCursor" back unchanged',
);
export const notValid: Refusal = {
  status: 401,
  code: 'invalid_credentials',
  detail: 'The credential is not valid.',
};
export const noSuchObject: Refusal = {
  status: 404,
  code: 'not_found',
  detail: 'There is no such object.',
};

/** A scope that a route or a grant needs and the credential lacks. */
export function lacksScope(scope: string): Refusal {
  return {
    status: 403,
    code: 'insufficient_scope',
    detail: `The credential lacks the scope "${scope}": use a key that carries it.`,
  };
}

/** A cursor of these parts, as a list would have made it. */
export function cursorOf(...parts: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}
