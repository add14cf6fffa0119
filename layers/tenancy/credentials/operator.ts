import { createHash, timingSafeEqual } from 'node:crypto';
import { Problem, Unauthenticated } from '#platform/errors.ts';
import { bearerOf } from '../resolve.ts';

/** Who runs the platform: no tenant, and nobody who may see a tenant's stock. */
export interface Operator {
  /** The ARN of the IAM principal, or `operator key`. */
  readonly name: string;
}

export interface OperatorRequest {
  /** Header names are lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The principal that API Gateway has authorized with IAM. No caller can put one there. */
  readonly principalArn: string | undefined;
}

/**
 * Works out which operator asks: on AWS whom IAM has let through, locally whoever has the operator key (`x-operator-key`,
 * or `Authorization: Bearer op_…`).
 * @throws Problem `operator_required` (403) when a tenant's credential is all there is
 * @throws Unauthenticated `unauthenticated` when there is nothing, `invalid_credentials` when the key is another
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
      'This is for operators of the platform, not for organizations.',
    );
  }
  throw new Unauthenticated(
    'unauthenticated',
    'Sign the request with AWS credentials; on a local platform, send "x-operator-key".',
  );
}

/** Digests have one length and reveal nothing about how much of a key was right. */
function isSame(presented: string, expected: string): boolean {
  return timingSafeEqual(digestOf(presented), digestOf(expected));
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
