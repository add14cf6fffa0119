import type { Client } from 'pg';
import { asOwner } from './inventory-found.ts';

export interface CatchUpOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called after each batch with how many changes are left. */
  readonly onBatch?: ((changesLeft: number) => void | Promise<void>) | undefined;
}

/** How many changes one transaction takes, and how few are next to nothing. */
const BATCH = 2_000;
const LEFT = 200;

/**
 * Takes what the old program has written since into organizations, entries and balances, batch by batch, until next to nothing
 * is left, or no fewer than after the batch before: while the old program writes there is always something. The caller must be the only runner.
 */
export async function catchUp(client: Client, { signal, onBatch }: CatchUpOptions = {}): Promise<void> {
  await assignRows(client, signal);
  for (let before = Number.POSITIVE_INFINITY; ; ) {
    signal?.throwIfAborted();
    const left = await asOwner(client, async () => {
      await client.query('select moving_in.take_changes($1)', [BATCH]);
      const { rows } = await client.query<{ left: number }>(
        'select count(*)::int as left from moving_in.changed_movements',
      );
      return rows[0]?.left ?? 0;
    });
    await onBatch?.(left);
    if (left <= LEFT || left >= before) return;
    before = left;
  }
}

/** Moves the rows that assignments give to another organization than they have. */
export async function assignRows(client: Client, signal?: AbortSignal): Promise<void> {
  let checkpoint: string | null = null;
  do {
    signal?.throwIfAborted();
    checkpoint = await asOwner(client, async () => {
      const { rows } = await client.query<{ checkpoint: unknown }>(
        'select checkpoint from moving_in.assign_rows($1, $2)',
        [checkpoint, BATCH],
      );
      return rows[0]?.checkpoint ? JSON.stringify(rows[0].checkpoint) : null;
    });
  } while (checkpoint !== null);
}
