import * as z from 'zod';
import { NotFound } from '#platform/errors.ts';
import { Instant } from '#platform/instant.ts';
import { callInTenant } from '#tenancy/scope.ts';
import type { Tenant } from '#tenancy/tenant.ts';
import { explainNames } from './codes/name-faults.ts';
import { ExistingCode, Lot, maxLines, PositiveQuantity, Quantity, Reference } from './input.ts';
import { Metadata } from './metadata.ts';
import { kindSigns, type PostableKind, postableKinds } from './posting-rules.ts';
import { inFieldsOfTransfer } from './transfer-fields.ts';

/** `count` comes from a stocktake, and `reversal` from the entry it reverses: callers do not post them. */
export type EntryKind = PostableKind | 'count' | 'reversal';
export const entryKinds = [...postableKinds, 'count', 'reversal'] as const satisfies readonly EntryKind[];

/** The balance of one item, location and lot. `available = onHand − reserved`; `version` is the number of its movements. */
export interface BalanceFigures {
  readonly onHand: number;
  readonly reserved: number;
  readonly available: number;
  readonly version: number;
}

export interface EntryLine {
  readonly movementId: string;
  readonly sku: string;
  readonly location: string;
  readonly lot: string | null;
  readonly quantity: number;
}

export interface Entry<Line extends EntryLine = EntryLine> {
  readonly entryId: string;
  readonly kind: EntryKind;
  readonly reference: string | null;
  readonly occurredAt: string;
  readonly recordedAt: string;
  /** The entry that this one reverses. */
  readonly reverses: string | null;
  readonly lines: readonly Line[];
}

/** An entry as it is read back. */
export interface KeptEntry extends Entry {
  readonly actor: string;
  readonly metadata: unknown;
  readonly reversedBy: string | null;
}

export type PostedEntry = Entry<EntryLine & { readonly balance: BalanceFigures }> & {
  readonly dryRun?: true;
};

/** The lines of a request. */
export const lines = <Line extends z.ZodType>(line: Line) =>
  z
    .array(line, { error: 'must be a list of lines' })
    .min(1, 'must have at least one line')
    .max(maxLines, `must have at most ${maxLines} lines: send the rest separately`);

/** The error of a quantity whose sign its kind does not allow; undefined when it fits. */
function signError(kind: PostableKind, quantity: number): string | undefined {
  const sign = kindSigns[kind];
  if (sign === 0 || Math.sign(quantity) === sign) return undefined;
  const article = /^[aeiou]/.test(kind) ? 'an' : 'a';
  return sign > 0
    ? `must be greater than zero: ${article} ${kind} adds stock`
    : `must be less than zero: ${article} ${kind} takes stock`;
}

/** What says of an entry, beside its lines, what it is about. */
const head = {
  reference: Reference.optional(),
  occurredAt: Instant.optional(),
  metadata: Metadata.optional(),
};

const ExpectedVersion = z.int('must be a whole number').min(0, 'must not be negative').optional();

/** What an entry consists of, posted alone or in a batch. */
export const EntryParts = z.strictObject({
  kind: z.enum(postableKinds),
  ...head,
  lines: lines(
    z.strictObject({
      sku: ExistingCode,
      location: ExistingCode,
      lot: Lot,
      quantity: Quantity,
      expectedVersion: ExpectedVersion,
    }),
  ),
});

/** Adds an issue for each quantity whose sign the kind of the entry does not allow. */
export function refuseSigns({ kind, lines }: z.infer<typeof EntryParts>, context: z.RefinementCtx): void {
  lines.forEach(({ quantity }, index) => {
    const message = signError(kind, quantity);
    if (message) context.addIssue({ code: 'custom', path: ['lines', index, 'quantity'], message });
  });
}

export const PostEntry = EntryParts.extend({ dryRun: z.boolean().optional() }).superRefine(refuseSigns);

export const PostTransfer = z
  .strictObject({
    from: ExistingCode,
    to: ExistingCode,
    ...head,
    dryRun: z.boolean().optional(),
    lines: lines(
      z.strictObject({
        sku: ExistingCode,
        lot: Lot,
        quantity: PositiveQuantity,
        expectedVersion: ExpectedVersion,
      }),
    ).max(maxLines / 2, `must have at most ${maxLines / 2} lines: each becomes two movements`),
  })
  .refine(({ from, to }) => from !== to, { path: ['to'], error: 'must be another location than "from"' });

export const ReverseEntry = z.strictObject({
  reference: Reference.optional(),
  metadata: Metadata.optional(),
});

/**
 * Posts one entry: all of its lines or none.
 * Quantities are signed, in the item's own unit, at most four decimals.
 * @throws insufficient_stock when lines take more than is available (all such balances are listed)
 * @throws stale_balance when a line's expectedVersion is not the balance's version
 * @throws invalid_input (422) when a line names an item, location or lot that does not exist or does not fit; 400 when no
 *   code has the form of a name
 */
export async function postEntry(tenant: Tenant, entry: z.infer<typeof PostEntry>): Promise<PostedEntry> {
  const { dryRun, ...posting } = entry;
  try {
    const mode = dryRun ? 'dry-run' : 'write';
    const extent = { rows: entry.lines.length };
    const posted = await callInTenant<PostedEntry>(tenant, mode, 'inventory.post_entry', [posting], extent);
    return dryRun ? { ...posted, dryRun } : posted;
  } catch (error) {
    throw explainNames(error, entry.lines);
  }
}

/**
 * Moves stock from one location to another. Each line becomes two movements; its expectedVersion is that of the balance it
 * takes from.
 * @throws the same errors as {@link postEntry}
 */
export async function postTransfer(
  tenant: Tenant,
  transfer: z.infer<typeof PostTransfer>,
): Promise<PostedEntry> {
  const { from, to, lines, ...parts } = transfer;
  try {
    return await postEntry(tenant, {
      kind: 'transfer',
      ...parts,
      lines: lines.flatMap(({ sku, lot, quantity, expectedVersion }) => [
        { sku, lot, location: from, quantity: -quantity, expectedVersion },
        { sku, lot, location: to, quantity },
      ]),
    });
  } catch (error) {
    throw inFieldsOfTransfer(error);
  }
}

/**
 * Posts the opposite of an entry. An entry can be reversed only once.
 * @throws not_found, already_reversed, not_reversible; insufficient_stock when the stock to take back is gone
 */
export function reverseEntry(
  tenant: Tenant,
  entryId: string,
  { reference, metadata }: z.infer<typeof ReverseEntry>,
): Promise<PostedEntry> {
  return callInTenant<PostedEntry>(tenant, 'write', 'inventory.reverse_entry', [
    entryId,
    reference ?? null,
    metadata ?? {},
  ]);
}

/** @throws not_found when this organization has no such entry */
export async function getEntry(tenant: Tenant, entryId: string): Promise<KeptEntry> {
  const entry = await callInTenant<KeptEntry | null>(tenant, 'read', 'inventory.get_entry', [entryId]);
  if (!entry) throw new NotFound(`entry ${entryId}`);
  return entry;
}
