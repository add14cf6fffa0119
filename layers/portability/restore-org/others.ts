import type pg from 'pg';
import { counted } from '#platform/text/plural.ts';
import { answerOf } from '../transaction.ts';

/** The state of all organizations except one, within the transaction that restores that one. */
export interface Observation {
  readonly others: Readonly<Record<string, { readonly receipt: string; readonly written: number }>>;
  /** The number of deleted rows of each table, from a counter that only grows. */
  readonly deleted: Readonly<Record<string, number>>;
}

/** What the comparison of the other organizations has found. */
export interface OthersCompared {
  /** The number of other organizations, before and after. */
  readonly organizations: number;
  /** Organizations without any change. */
  readonly unchanged: number;
  /** Organizations that worked meanwhile. The restoration wrote none of their rows. */
  readonly changedByThemselves: number;
}

/** Digests every other organization. Afterwards the transaction has entered no organization. */
export function observeOthers(admin: pg.ClientBase, orgId: string): Promise<Observation> {
  return answerOf(admin, 'recovery.observe_others($1)', [orgId]);
}

/**
 * Compares before and after. Other organizations continue to work, so their digests may differ. Then none of their rows may
 * be written by this transaction, and this transaction must have deleted exactly the rows of its own organization.
 * @throws when the transaction has written or deleted rows of another organization: it must not be committed
 */
export function compareOthers(
  before: Observation,
  after: Observation,
  erased: Readonly<Record<string, number>>,
): OthersCompared {
  const touched = Object.entries(after.others).filter(([, { written }]) => written > 0);
  if (touched.length > 0) {
    throw new Error(
      `the restoration wrote rows of other organizations, and nothing was kept: ${touched.map(([id]) => id).join(', ')}`,
    );
  }
  for (const [table, deleted] of Object.entries(after.deleted)) {
    const count = deleted - (before.deleted[table] ?? 0);
    // The erasure does not count the row of the organization itself.
    const expected = table === organizations ? Math.sign(Object.keys(erased).length) : (erased[table] ?? 0);
    if (count === expected) continue;
    throw new Error(
      `the restoration deleted ${counted(count, 'row')} of ${table}, but the organization has ${expected}, and nothing was kept`,
    );
  }
  const ids = Object.keys(before.others).filter((id) => id in after.others);
  const unchanged = ids.filter((id) => before.others[id]?.receipt === after.others[id]?.receipt).length;
  return { organizations: ids.length, unchanged, changedByThemselves: ids.length - unchanged };
}

const organizations = 'tenancy.organizations';
