import { expect } from 'vitest';
import type { Answer } from '#tests/world.ts';

/** What a refusal says beside what is the same in all of them. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly { readonly field: string; readonly message: unknown }[];
  /** Of a reservation that is closed. */
  readonly state?: string;
  /** Of an entry that was not posted: the lines because of which. */
  readonly lines?: readonly object[];
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Entity',
  503: 'Service Unavailable',
};

/** The headers of every answer of data. */
export const securityHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** The headers of every problem; those of the gateway and the connection are not ours to promise. */
const headers = { 'content-type': 'application/problem+json; charset=utf-8', ...securityHeaders };
const ofTheConnection = ['apigw-requestid', 'connection', 'content-length', 'date', 'keep-alive'];

/** The headers a handler gave its answer, but for the request's id. */
export function ownHeaders(answer: Answer): Record<string, string> {
  const own = [...answer.headers].filter(([name]) => ![...ofTheConnection, 'x-request-id'].includes(name));
  return Object.fromEntries(own);
}

/** Holds an answer against the whole of a problem document. */
export function expectProblem(answer: Answer, refusal: Refusal, more: Record<string, string> = {}): void {
  const requestId = answer.headers.get('apigw-requestid');
  expect({ status: answer.status, body: answer.body }).toEqual({
    status: refusal.status,
    body: { type: 'about:blank', title: titles[refusal.status], ...refusal, requestId },
  });
  const challenge = refusal.status === 401 && { 'www-authenticate': 'Bearer realm="stockade"' };
  expect(ownHeaders(answer)).toEqual({ ...headers, ...challenge, ...more });
  expect(answer.headers.get('x-request-id')).toBe(requestId);
}

/** The messages about fields that are invalid on their own. */
export function wrongFields(...errors: readonly (readonly [field: string, message: string])[]): Refusal {
  return {
    status: 400,
    code: 'invalid_input',
    detail:
      errors.length === 1
        ? 'A field of the request is wrong.'
        : `${errors.length} fields of the request are wrong.`,
    errors: errors.map(([field, message]) => ({ field, message })),
  };
}

export const idempotencyMismatch: Refusal = {
  status: 422,
  code: 'idempotency_mismatch',
  detail: 'This Idempotency-Key was used for another request: choose a new key for a new request.',
};

export const notFound = (what: string): Refusal => ({
  status: 404,
  code: 'not_found',
  detail: `There is no ${what}.`,
});

export const taken = (what: string): Refusal => ({
  status: 409,
  code: 'already_exists',
  detail: `There is ${what} already.`,
});

export const inUse: Refusal = {
  status: 409,
  code: 'in_use',
  detail: 'It has stock or history and cannot be deleted. Correct it or leave it.',
};
