import { createHash } from 'node:crypto';
import { InvalidInput } from '#platform/errors.ts';
import type { IdempotencyClaim } from '#tenancy/tenant.ts';
import { bodyBytes } from './body.ts';
import type { HttpEvent } from './event.ts';

const header = 'idempotency-key';
/** Visible ASCII, as a header carries it unharmed. */
const pattern = /^[\x21-\x7e]{1,255}$/;

/**
 * Reads the `Idempotency-Key` of a POST. The fingerprint covers method, path, query and body, so that the key
 * cannot be answered with what another request did.
 * @throws InvalidInput when the key is not 1 to 255 visible ASCII characters
 */
export function idempotencyOf(event: HttpEvent, onReplay: () => void): IdempotencyClaim | undefined {
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
