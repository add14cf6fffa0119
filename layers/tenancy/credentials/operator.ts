import { createHash, timingSafeEqual } from 'node:crypto';
import { Problem, Unauthenticated } from '#platform/errors.ts';
import { bearerOf } from './bearer.ts';

/** A person who runs the platform. An operator is not a tenant and never sees a tenant's stock. */
export interface Operator {
  /** The ARN of the IAM principal, or `operator key`. */
  readonly name: string;
}

export interface OperatorRequest {
  /** Header names are lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The principal that API Gateway authorized with IAM. A caller cannot set it. */
  readonly principalArn: string | undefined;
}

/**
 * Works out which operator asks. On AWS it is the principal that IAM let through; on a local platform it is the holder of
 * the operator key (`x-operator-key`, or `Authorization: Bearer op_…`).
 * @throws Problem `operator_required` (403) when there is only the credential of a tenant
 * @throws Unauthenticated `unauthenticated` when there is nothing, `invalid_credentials` when the key is wrong
 */
export function resolveOperator(request: OperatorRequest, operatorKey: string | undefined): Operator {
  const { headers, principalArn } = request;
  if (principalArn !== undefined) return { name: principalArn };

  const authorization = headers.authorization?.trim();
  const bearer = authorization ? bearerOf(authorization) : undefined;
  const isOperatorBearer = bearer?.startsWith('op_');
  const presented = headers['x-operator-key']?.trim() || (isOperatorBearer ? bearer : undefined);
  if (presented !== undefined) {
    if (operatorKey !== undefined && isSame(presented, operatorKey)) return { name: 'operator key' };
    throw new Unauthenticated('invalid_credentials', 'The credential is not valid.');
  }
  if (bearer !== undefined || headers['x-api-key']?.trim()) {
    throw new Problem(
      'operator_required',
      403,
      'Only operators of the platform may call this route: a credential of an organization does not open it.',
    );
  }
  throw new Unauthenticated(
    'unauthenticated',
    'Sign the request with AWS credentials; on a local platform, send "x-operator-key".',
  );
}

/** Digests have equal lengths, and their comparison does not show how much of a key was right. */
function isSame(presented: string, expected: string): boolean {
  return timingSafeEqual(digestOf(presented), digestOf(expected));
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
