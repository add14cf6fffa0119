import { type Refusal, wrongFields } from './problem-document.ts';

/** The refusal of input of which one field is wrong. */
export function wrongField(field: string, message: string): Refusal {
  return wrongFields([field, message]);
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
