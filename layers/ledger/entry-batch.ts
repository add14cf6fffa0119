import * as z from 'zod';
import type { Problem } from '#platform/errors.ts';
import {
  caughtError,
  refusedEntry,
  refusedIn,
  type SqlError,
  toProblem,
} from '#platform/postgres/sqlstate.ts';
import { callInTenant } from '#tenancy/scope.ts';
import type { Tenant } from '#tenancy/tenant.ts';
import { explainNames } from './codes/name-faults.ts';
import { EntryParts, type PostedEntry, refuseSigns } from './entries.ts';

/** The bounds of `inventory.require_batch()`. */
const maxEntries = 1_000;
const maxLinesOfBatch = 5_000;

const linesOf = (entries: readonly z.infer<typeof EntryParts>[]) =>
  entries.reduce((sum, { lines }) => sum + lines.length, 0);

export const PostEntries = z.strictObject({
  mode: z.enum(['atomic', 'each']),
  dryRun: z.boolean().optional(),
  entries: z
    .array(EntryParts.superRefine(refuseSigns), { error: 'must be a list of entries' })
    .min(1, 'must have at least one entry')
    .max(maxEntries, `must have at most ${maxEntries} entries: post the rest as another batch`)
    .refine(
      (entries) => linesOf(entries) <= maxLinesOfBatch,
      `must have at most ${maxLinesOfBatch} lines together: post the rest as another batch`,
    ),
});

/** The answer to a batch: a result for each entry, in their order. */
export interface PostedEntries {
  readonly posted: number;
  readonly refused: number;
  readonly dryRun?: true;
  readonly results: readonly ({ readonly entry: PostedEntry } | { readonly problem: EntryProblem })[];
}

/** Why an entry of a batch is refused, as the answer to it alone would say it. */
export interface EntryProblem {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly errors?: Problem['options']['errors'];
}

type Result = { readonly entry: PostedEntry } | { readonly error: SqlError };

/**
 * Posts entries in their order, in one transaction: with the mode `atomic` all of them or none, with `each` those that are not
 * refused. Every entry meets the balances that the entries before it left, and is answered with the balances that it left.
 * @throws with `atomic`, an error of `postEntry()`: that of the first entry that is refused, with its number in `entry` and in
 *   the names of the fields
 */
export async function postEntries(
  tenant: Tenant,
  { mode, dryRun, entries }: z.infer<typeof PostEntries>,
): Promise<PostedEntries> {
  const explain = (index: number, error: SqlError) =>
    explainNames(caughtError(error), entries[index]?.lines ?? []);
  try {
    const answer = await callInTenant<{ readonly results: readonly Result[] }>(
      tenant,
      dryRun ? 'dry-run' : 'write',
      'inventory.post_entries',
      [mode, JSON.stringify(entries)],
      { rows: entries.reduce((sum, { lines }) => sum + lines.length, 0) },
    );
    const results = answer.results.map((result, index) =>
      'error' in result ? { problem: described(explain(index, result.error)) } : result,
    );
    const refused = results.filter((result) => 'problem' in result).length;
    return { posted: results.length - refused, refused, ...(dryRun && { dryRun }), results };
  } catch (error) {
    const refused = refusedEntry(error);
    throw refused ? refusedIn(refused.entry, explain(refused.entry, refused.error)) : error;
  }
}

function described(error: unknown): EntryProblem {
  const problem = toProblem(error);
  if (!problem) throw error;
  const { code, status, message, options } = problem;
  return {
    code,
    status,
    detail: message,
    ...(options.errors && { errors: options.errors }),
    ...options.extra,
  };
}
