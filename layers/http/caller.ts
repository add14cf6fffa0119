import type { Scope } from '#tenancy/credentials/api-keys.ts';
import type { Operator } from '#tenancy/credentials/operator.ts';
import type { Tenant } from '#tenancy/tenant.ts';
import { RequestSlot } from './request-slot.ts';

/** What a route asks of its callers: nothing, to be an operator, or a scope of an organization. */
export type RouteScope = 'none' | 'operator' | Scope;

/** A line of the route table, as far as an endpoint reads it. */
export interface EndpointRoute<Asked extends RouteScope> {
  readonly key: string;
  readonly scope: Asked;
}

/** Who asks. The scope of the route decides which kind of caller there is. */
export type Caller = PublicCaller | OperatorCaller | TenantCaller;

/** Anybody: nothing that the request presents is read. */
export interface PublicCaller {
  readonly kind: 'public';
}

export interface OperatorCaller {
  readonly kind: 'operator';
  readonly operator: Operator;
}

export interface TenantCaller {
  readonly kind: 'tenant';
  readonly tenant: Tenant;
}

/** The caller of each request, from `tenantResolution()` on. */
export const callers = new RequestSlot<Caller>('the caller', 'tenantResolution()');
