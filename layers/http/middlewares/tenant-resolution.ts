import { baseDomain, keyEnvironment, tokenConfig } from '#platform/config.ts';
import { toProblem } from '#platform/postgres/sqlstate.ts';
import type { PresentedKey, Scope } from '#tenancy/credentials/api-keys.ts';
import { type RefusedKeys, refusedKeysOfProcess } from '#tenancy/credentials/refused-keys.ts';
import { type ResolutionSettings, resolve } from '#tenancy/resolve.ts';
import { reportMismatch } from '#tenancy/security-events.ts';
import type { Credentials, VerifiedUser } from '#tenancy/tenant.ts';
import { type Caller, callers, type EndpointRoute } from '../caller.ts';
import { type HttpEvent, type HttpMiddleware, type RequestKeys, requestKeys } from '../event.ts';

export interface TenantResolutionOptions {
  /** The routes of the function, with the scope that a tenant needs for each. */
  readonly routes: readonly EndpointRoute<Scope>[];
  /** Read at every request, so that a missing setting is answered as a problem and not at the start of the function. */
  readonly settings?: () => ResolutionSettings;
  /** Keeps floods of unknown keys from the database. */
  readonly refusedKeys?: RefusedKeys;
  /** Records that a credential was refused for the organization that its request names. */
  readonly reportMismatch?: (credentials: Credentials, request: RequestKeys) => Promise<void>;
}

const defaults = {
  settings: () => ({ keyEnvironment: keyEnvironment(), baseDomain: baseDomain(), tokens: tokenConfig() }),
  refusedKeys: refusedKeysOfProcess,
  reportMismatch,
} satisfies Partial<TenantResolutionOptions>;

/**
 * Works out which tenant asks, and leaves it in `callers`. The database checks the credential in the transaction of the
 * request.
 *
 * Refuses with 401 when nothing is presented or a credential is malformed, with 503 when a token cannot be verified now, with
 * 429 when a flood of unknown keys must not reach the database. When the database refuses the credential for the organization that the request names, this is recorded before
 * the answer goes out.
 *
 * @example
 * middy().use(tenantResolution({ routes: [{ key: 'GET /v1/items', scope: 'read' }] })).handler(
 *   (event) => callers.of(event), // { kind: 'tenant', tenant: … }
 * )
 */
export function tenantResolution(options: TenantResolutionOptions): HttpMiddleware {
  const { routes, settings, refusedKeys, reportMismatch } = { ...defaults, ...options };
  const scopes = new Map(routes.map(({ key, scope }) => [key, scope]));

  async function tenantResolutionBefore({ event }: { readonly event: HttpEvent }): Promise<void> {
    callers.set(event, await callerOf(event));
  }

  async function callerOf(event: HttpEvent): Promise<Caller> {
    const scope = scopes.get(event.routeKey);
    if (!scope) throw new UnknownRoute(event.routeKey, scopes.keys());
    const { headers, requestContext } = event;
    const credentials = await resolve({ headers, domainName: requestContext.domainName }, settings());
    if (credentials.key) refusedKeys.assertMayAsk(credentials.key, requestContext.http.sourceIp);
    return { kind: 'tenant', tenant: { credentials, scope } };
  }

  async function tenantResolutionAfter({ event }: { readonly event: HttpEvent }): Promise<void> {
    const key = keyOf(event);
    if (key) refusedKeys.noteAccepted(key);
  }

  async function tenantResolutionOnError({ event, error }: Failed): Promise<void> {
    const caller = callers.find(event);
    if (caller?.kind !== 'tenant') return;
    const { credentials } = caller.tenant;
    const code = toProblem(error)?.code;
    if (credentials.key)
      noteAnswer(credentials.key, code, credentials.user, event.requestContext.http.sourceIp);
    if (code === 'organization_mismatch') await reportMismatch(credentials, requestKeys(event));
  }

  function noteAnswer(
    key: PresentedKey,
    code: string | undefined,
    user: VerifiedUser | undefined,
    source: string,
  ) {
    if (code !== 'invalid_credentials') refusedKeys.noteNeither(key);
    // With a user as well it may be the pass that was refused.
    else if (user) refusedKeys.noteRefusedBeside(key, source);
    else refusedKeys.noteRefused(key, source);
  }

  return { before: tenantResolutionBefore, after: tenantResolutionAfter, onError: tenantResolutionOnError };
}

function keyOf(event: HttpEvent) {
  const caller = callers.find(event);
  return caller?.kind === 'tenant' ? caller.tenant.credentials.key : undefined;
}

interface Failed {
  readonly event: HttpEvent;
  readonly error: unknown;
}

/** API Gateway calls the function for a route that it does not know. */
export class UnknownRoute extends Error {
  override readonly name = 'UnknownRoute';

  constructor(key: string, known: Iterable<string>) {
    super(
      `the route "${key}" is not one of this function, which has ${[...known].join(', ')}: ` +
        'compare functions/routes.ts with what is deployed',
    );
  }
}
