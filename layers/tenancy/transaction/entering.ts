import { KeyUse } from '../credentials/key-use.ts';
import type { Tenant } from '../tenant.ts';
import type { Pipeline } from './pipeline.ts';

export type TransactionMode =
  | 'read'
  | 'write'
  /** Does everything that a write does, answers, and undoes it. */
  | 'dry-run';

const keyUse = new KeyUse();

/**
 * Enters the organization, in one message with the next statement.
 * With a key and a user both must prove themselves: the user may only enter the key's organization, with the scopes that
 * both have.
 */
export function enter(pipeline: Pipeline, { credentials, scope }: Tenant, mode: TransactionMode): void {
  const { key, user, selectors } = credentials;
  if (!key && !user)
    throw new Error('these credentials prove nothing: take them from resolve(), which needs a key or a user');
  const isReadOnly = mode === 'read';
  if (key) {
    pipeline.hold('call tenancy.enter_with_key($1, $2, $3, $4, $5)', [
      key.keyId,
      key.secretDigest,
      scope,
      selectors,
      isReadOnly,
    ]);
  }
  if (user) {
    pipeline.hold('call tenancy.enter_with_pass($1, $2, $3, $4)', [user.pass, scope, selectors, isReadOnly]);
  }
}

/**
 * Tells the database now and then that the key is in use: in a transaction of its own after the one of the request.
 * Nobody waits for its answer. If a note is lost, a later one makes up for it.
 */
export function noteKeyUse(pipeline: Pipeline, { credentials, scope }: Tenant): void {
  const { key } = credentials;
  if (!key || !keyUse.isDue(key.keyId)) return;
  pipeline.hold('begin');
  enter(pipeline, { credentials: { key, selectors: [] }, scope }, 'write');
  pipeline.send('select tenancy.note_key_use()');
  pipeline.send('commit');
}
