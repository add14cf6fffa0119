import type { Movement } from '../model.ts';
import { notFound } from '../refusal.ts';
import type { Routes } from '../request.ts';
import { listed } from './paging.ts';
import { showHead, showLine } from './posting.ts';

/** What was posted: entries by their id, and movements, the newest entry first and the lines of an entry in their order. */
export const historyRoutes: Routes = {
  'GET /v1/entries/{id}': ({ ledger, named }) => {
    const entry = ledger.entry(named);
    if (!entry) throw notFound();
    return {
      status: 200,
      body: {
        ...showHead(entry),
        actor: ledger.actor,
        metadata: entry.metadata,
        reverses: entry.reverses?.id ?? null,
        reversedBy: ledger.reversalOf(entry)?.id ?? null,
        lines: entry.movements.map(showLine),
      },
    };
  },
  'GET /v1/movements': (asked) => {
    const { ledger, query, cursors } = asked;
    // A cursor names the entry that was shown last: one of another organization leads nowhere.
    const [after] = (query.cursor !== undefined && cursors.get(query.cursor)) || [];
    const hasBegun = after === undefined || ledger.entry(after) !== undefined;
    const newestFirst = [...ledger.entries].reverse().flatMap(({ movements }) => movements);
    const found = newestFirst.filter(
      ({ item, location, entry }) =>
        hasBegun &&
        (query.sku === undefined || ledger.item(query.sku) === item) &&
        (query.location === undefined || ledger.location(query.location) === location) &&
        (query.kind ?? entry.kind) === entry.kind &&
        (query.since === undefined || entry.recordedAt >= query.since) &&
        (query.until === undefined || entry.recordedAt < query.until),
    );
    const keyOf = ({ entry, line }: Movement) => [entry.id, String(line)];
    return listed(
      asked,
      found,
      keyOf,
      (movement) => ({ ...showHead(movement.entry), ...showLine(movement) }),
      byAge,
    );
  },
};

/** Ids of entries are in the order in which these were posted. */
function byAge([id = '', line]: readonly string[], [otherId = '', otherLine]: readonly string[]): number {
  if (id !== otherId) return id > otherId ? -1 : 1;
  return Number(line) - Number(otherLine);
}
