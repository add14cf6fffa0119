import { callers } from '../caller.ts';
import type { HttpEvent, HttpMiddleware } from '../event.ts';
import type { Operation, ValidRequest } from '../operation.ts';
import { RequestSlot } from '../request-slot.ts';
import { type ProveAccess, withAccessFirst } from './access-first.ts';

export interface ValidationOptions {
  /** The operation of each route, by route key. Its schemas say what the route takes. */
  readonly operations: Readonly<Record<string, Operation>>;
  /** Asked before wrong input is explained to a tenant. A chain without tenants needs none. */
  readonly proveAccess?: ProveAccess;
}

const defaults = { proveAccess: noProof } satisfies Partial<ValidationOptions>;

/** The request as its operation has read it, from `validation()` on. */
export const validRequests = new RequestSlot<ValidRequest>('the valid request', 'validation()');

/**
 * Checks path, query and body against the schemas of the route's operation, and leaves the request, ready to run, in
 * `validRequests`.
 *
 * Refuses with 400 and every field that is wrong, or with 415 when the body is declared as something else than JSON.
 *
 * @example
 * middy().use(tenantResolution({ routes })).use(validation({ operations, proveAccess: assertAccess })).handler(
 *   (event) => validRequests.of(event).run(callers.of(event)),
 * )
 */
export function validation(options: ValidationOptions): HttpMiddleware {
  const { operations, proveAccess } = { ...defaults, ...options };
  const byRoute = new Map(Object.entries(operations));

  async function validationBefore({ event }: { readonly event: HttpEvent }): Promise<void> {
    const operation = byRoute.get(event.routeKey);
    if (!operation)
      throw new Error(`the route "${event.routeKey}" has no operation: give endpoint() one for every route`);
    const valid = await withAccessFirst(callers.of(event), proveAccess, () => operation.read(event));
    validRequests.set(event, valid);
  }

  return { before: validationBefore };
}

/** Wrong input of a tenant is never explained without a proof. */
async function noProof(): Promise<never> {
  throw new Error('a tenant sent wrong input to a chain without tenants: give validation() a `proveAccess`');
}
