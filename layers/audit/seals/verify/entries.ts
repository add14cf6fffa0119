import type pg from 'pg';
import { counted } from '#platform/text/plural.ts';
import type { Seal } from '../seal.ts';
import type { Faults } from './fault.ts';

/** The number of entries that are named for one seal. */
const mostNamed = 20;

/** What the movements of a seal show about its entries. */
export interface PostedEntries {
  /** The number of entries with a movement. */
  readonly entries: number;
  /** Whether all movements are as they were sealed. */
  readonly isUnchanged: boolean;
}

/**
 * Compares the entries after `after` up to the boundary of a seal with their movements, and their number with the sealed one.
 * An entry without movements has no leaf: nobody can post one, so each is a fault.
 */
export async function compareEntries(
  snapshot: pg.ClientBase,
  orgId: string,
  { seal, after }: { readonly seal: Seal; readonly after: string | null },
  posted: PostedEntries,
  faults: Faults,
): Promise<void> {
  const range = [orgId, after ?? '00000000-0000-0000-0000-000000000000', seal.boundary];
  const { rows } = await snapshot.query<{ entries: string }>(
    'select count(*) as entries from inventory.entries where org_id = $1 and id > $2 and id <= $3',
    range,
  );
  const entries = Number(rows[0]?.entries);
  if (entries !== posted.entries || !posted.isUnchanged) {
    const { rows: phantoms } = await snapshot.query<{ id: string }>(
      `select e.id
       from inventory.entries e
       where e.org_id = $1 and e.id > $2 and e.id <= $3
         and not exists (select from inventory.movements m where m.org_id = e.org_id and m.entry_id = e.id)
       order by e.id
       limit ${mostNamed}`,
      range,
    );
    for (const { id } of phantoms) {
      faults.add({
        kind: 'entry_inserted',
        seal: seal.seq,
        entry: id,
        message: `entry ${id}, which seal ${seal.seq} would cover, has no movements: nobody can post such an entry`,
      });
    }
  }
  // An altered or missing movement is reported itself, and so is an entry too many.
  if (seal.entries === null || entries === seal.entries || faults.count > 0) return;
  faults.add({
    kind: 'entry_missing',
    seal: seal.seq,
    message: `seal ${seal.seq} covers ${counted(seal.entries, 'entry', 'entries')}, but there are ${entries}`,
  });
}
