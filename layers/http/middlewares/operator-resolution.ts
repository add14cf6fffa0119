import { operatorKey } from '#platform/config.ts';
import { resolveOperator } from '#tenancy/credentials/operator.ts';
import { callers } from '../caller.ts';
import { type HttpEvent, type HttpMiddleware, principalArnOf } from '../event.ts';

export interface OperatorResolutionOptions {
  /** The key of operators; undefined where only IAM lets them in. */
  readonly operatorKey?: () => string | undefined;
}

const defaults = { operatorKey } satisfies OperatorResolutionOptions;

/**
 * Works out which operator asks, and leaves it in `callers`. It knows nothing of tenants, except that their credentials open
 * no route of operators.
 *
 * Refuses with 403 when a tenant asks, and with 401 when nobody does or the key is wrong.
 *
 * @example
 * middy().use(operatorResolution()).handler((event) => callers.of(event)) // { kind: 'operator', operator: … }
 */
export function operatorResolution(options: OperatorResolutionOptions = {}): HttpMiddleware {
  const { operatorKey } = { ...defaults, ...options };

  function operatorResolutionBefore({ event }: { readonly event: HttpEvent }): void {
    const request = { headers: event.headers, principalArn: principalArnOf(event) };
    callers.set(event, { kind: 'operator', operator: resolveOperator(request, operatorKey()) });
  }

  return { before: operatorResolutionBefore };
}
