import { createHash } from 'node:crypto';
import { InvalidInput } from '#platform/errors.ts';
import { assertAccess } from '#tenancy/scope.ts';
import type { IdempotencyClaim } from '#tenancy/tenant.ts';
import { bodyBytes } from '../body.ts';
import { callers } from '../caller.ts';
import type { HttpEvent, HttpMiddleware, HttpResult } from '../event.ts';
import { type ProveAccess, withAccessFirst } from './access-first.ts';

export interface IdempotencyOptions {
  /** Asked before an unusable key is explained to a tenant. */
  readonly proveAccess?: ProveAccess;
}

const defaults = { proveAccess: assertAccess } satisfies IdempotencyOptions;

const header = 'idempotency-key';
/** Visible ASCII, which every header carries unchanged. */
const pattern = /^[\x21-\x7e]{1,255}$/;

/**
 * Reads the `Idempotency-Key` of a tenant's POST and adds the claim to the tenant. The database keeps it in the
 * transaction of the effect; nothing is stored here. An answer that is the stored one of an earlier request gets the
 * header `Idempotent-Replayed: true`.
 *
 * Refuses with 400 when the key is not 1 to 255 visible ASCII characters.
 *
 * @example
 * middy().use(tenantResolution({ routes })).use(idempotency()).handler(…)
 */
export function idempotency(options: IdempotencyOptions = {}): HttpMiddleware {
  const { proveAccess } = { ...defaults, ...options };
  const replays = new WeakSet<HttpEvent>();

  async function idempotencyBefore({ event }: { readonly event: HttpEvent }): Promise<void> {
    const caller = callers.of(event);
    if (caller.kind !== 'tenant') return;
    const noteReplay = () => void replays.add(event);
    const claim = await withAccessFirst(caller, proveAccess, () => claimOf(event, noteReplay));
    callers.set(event, { ...caller, tenant: { ...caller.tenant, idempotency: claim } });
  }

  function idempotencyAfter({ event, response }: Answered): void {
    if (response && replays.has(event)) response.headers['idempotent-replayed'] = 'true';
  }

  return { before: idempotencyBefore, after: idempotencyAfter };
}

interface Answered {
  readonly event: HttpEvent;
  readonly response: HttpResult | null | undefined;
}

/** The fingerprint covers method, path, query and body: no other request is answered under the same key. */
function claimOf(event: HttpEvent, onReplay: () => void): IdempotencyClaim | undefined {
  const key = event.headers[header];
  const { method, path } = event.requestContext.http;
  if (key === undefined || method !== 'POST') return undefined;
  if (!pattern.test(key)) {
    throw new InvalidInput('The Idempotency-Key is not usable.', [
      { field: 'Idempotency-Key', message: 'must have 1 to 255 visible ASCII characters' },
    ]);
  }
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([method, path, event.rawQueryString]))
    .update(bodyBytes(event))
    .digest();
  return { key, fingerprint, onReplay };
}
