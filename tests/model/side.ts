import type { Caller } from '#tests/world.ts';
import { Ledger } from './model.ts';
import type { Request } from './request.ts';

/** One of the two organizations of a sequence: as the model has it, and as the product does. */
export interface Side {
  readonly ledger: Ledger;
  readonly caller: Caller;
  /** What it asked under an `Idempotency-Key`, answered or refused. */
  readonly keyed: Request[];
  /** Lists of which it has not seen the end: the request, and the cursor behind what it has seen. */
  readonly open: { readonly path: string; readonly cursor: string }[];
}

export function sideOf(name: string, caller: Caller): Side {
  const keyId = caller.apiKey.split('_')[2];
  return { ledger: new Ledger(name, `key:${keyId}`), caller, keyed: [], open: [] };
}
