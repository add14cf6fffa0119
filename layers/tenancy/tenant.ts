import type { PresentedKey, Scope } from './credentials/api-keys.ts';

/** A user whose token was verified. */
export interface VerifiedUser {
  /** With it the database lets the user in. It is secret and expires soon. */
  readonly pass: string;
  /** In the form of `canonicalEmail`. Memberships go by it. */
  readonly email: string;
  /** The issuer's own id for the user: for logs. */
  readonly subject: string | undefined;
}

/** Who asks, as far as this is known without the database. The database checks it in every transaction. */
export interface Credentials {
  /** There is a key, a user or both. When there are both, both must agree. */
  readonly key?: PresentedKey | undefined;
  readonly user?: VerifiedUser | undefined;
  /** The organizations that the request names. Each must be the one that the credentials belong to. */
  readonly selectors: readonly string[];
}

/** Who asks, and for what. Nothing else lets a transaction enter an organization. */
export interface Tenant {
  readonly credentials: Credentials;
  /** The scope that the route needs. The database checks that the credential has it. */
  readonly scope: Scope;
  /** Set when the request has an `Idempotency-Key`. Its effect and its response are then stored together. */
  readonly idempotency?: IdempotencyClaim | undefined;
}

export interface IdempotencyClaim {
  readonly key: string;
  /** SHA-256 of the request: another request under the same key is refused. */
  readonly fingerprint: Buffer;
  /** Called when the answer is the stored one of an earlier request. */
  readonly onReplay: () => void;
}
