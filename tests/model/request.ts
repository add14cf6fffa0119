import type { Ledger } from './model.ts';
import type { Expected, Refused } from './refusal.ts';
import type { Witness } from './witness.ts';

/** A request of one tenant, as it is sent. */
export interface Request {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With its query, percent-encoded. */
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>> | undefined;
  readonly idempotencyKey?: string | undefined;
}

/** A request taken apart, with all that its answer depends on. */
export interface Asked {
  readonly ledger: Ledger;
  /** The `{code}` or `{id}` of the path. */
  readonly named: string;
  readonly query: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: each route knows its body
  readonly body: any;
  readonly witness: Witness;
  /** Where each cursor that was ever answered stands. */
  readonly cursors: Map<string, readonly string[]>;
}

/** How the model answers: by method and path. A route throws {@link Refused} before it changes anything. */
export type Routes = Readonly<Record<string, (asked: Asked) => Expected>>;
