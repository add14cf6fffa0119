import type pg from 'pg';
import { answerOf } from '../transaction.ts';

/** What the database says of all organizations but one, within the transaction that brings that one back. */
export interface Observation {
  readonly others: Readonly<Record<string, { readonly receipt: string; readonly written: number }>>;
  /** Rows that were deleted of each table, by a counter that only goes up. */
  readonly deleted: Readonly<Record<string, number>>;
}

/** That no other organization was touched. */
export interface OthersProof {
  /** Other organizations that there were before and after. */
  readonly organizations: number;
  /** Those of which not a letter has changed. */
  readonly unchanged: number;
  /** Those that have worked meanwhile: none of their rows was written by the restoration. */
  readonly changedByThemselves: number;
}

/** Digests every other organization. The transaction has entered none afterwards. */
export function observeOthers(admin: pg.ClientBase, orgId: string): Promise<Observation> {
  return answerOf(admin, 'recovery.observe_others($1)', [orgId]);
}

/**
 * Compares before and after. Others go on working meanwhile, so a digest may differ; but then none of the rows is the
 * transaction's own, and it has deleted exactly what it erased of its organization.
 * @throws when the transaction has written or deleted rows of another organization: it must not be committed
 */
export function proveOthers(
  before: Observation,
  after: Observation,
  erased: Readonly<Record<string, number>>,
): OthersProof {
  const touched = Object.entries(after.others).filter(([, { written }]) => written > 0);
  if (touched.length > 0) {
    throw new Error(
      `rows of other organizations were written, and nothing was kept: ${touched.map(([id]) => id).join(', ')}`,
    );
  }
  for (const [table, deleted] of Object.entries(after.deleted)) {
    const count = deleted - (before.deleted[table] ?? 0);
    // The row of the organization itself is not counted by the erasure.
    const expected = table === organizations ? Math.sign(Object.keys(erased).length) : (erased[table] ?? 0);
    if (count === expected) continue;
    throw new Error(
      `${count} rows of ${table} were deleted where ${expected} are the organization's own, and nothing was kept`,
    );
  }
  const ids = Object.keys(before.others).filter((id) => id in after.others);
  const unchanged = ids.filter((id) => before.others[id]?.receipt === after.others[id]?.receipt).length;
  return { organizations: ids.length, unchanged, changedByThemselves: ids.length - unchanged };
}

const organizations = 'tenancy.organizations';
