import * as z from 'zod';
import { proofNames } from '../proofs/proof.ts';
import type { ProofReport } from '../proofs/prove-copy.ts';

/** The milestones of a drill, in their order. Each is recorded once, and each record contains the digest of the record before. */
export const drillMilestones = ['requested', 'available', 'queryable', 'verdict', 'torn-down'] as const;
export type DrillMilestone = (typeof drillMilestones)[number];

/** What a drill restores. It is recorded before the drill does anything. */
export interface DrillRequest {
  readonly kind: 'snapshot' | 'point-in-time';
  /** The instance that is backed up. */
  readonly source: string;
  /** Undefined for a point in time, and when there was no snapshot to restore. */
  readonly snapshot?: string | undefined;
  /** The time to restore. */
  readonly asOf: string;
  /** The instance that the drill creates. */
  readonly instance: string;
  /** The instance is kept until its lifetime ends. */
  readonly keep: boolean;
}

export interface DrillVerdict {
  readonly passed: boolean;
  /** The reason of a failure in words; for a passed drill, what was proven. */
  readonly summary: string;
  /** Undefined when the drill did not reach the proofs. */
  readonly proofs?: ProofReport | undefined;
}

interface Written<Milestone extends DrillMilestone, Detail> {
  readonly format: 'stockade drill 1';
  readonly drill: string;
  readonly milestone: Milestone;
  readonly at: string;
  /** SHA-256 of the previous record, in hex; null for the first record of all. */
  readonly previous: string | null;
  readonly detail: Detail;
}
/** The detail of a milestone that needs none. */
type Reached = Readonly<Record<string, never>>;
export type AnyRecord =
  | Written<'requested', DrillRequest>
  | Written<'available', Reached>
  | Written<'queryable', Reached>
  | Written<'verdict', DrillVerdict>
  | Written<'torn-down', Reached>;

const Text = z.string().max(10_000);
/** Records are kept for years: a name that a proof has had stays readable. */
const Outcome = z.object({
  proof: z.enum(proofNames),
  verdict: z.enum(['passed', 'failed', 'could not run', 'does not apply']),
  faults: z.array(Text),
  faultCount: z.int().min(0),
  figures: z.record(z.string(), z.number()).default({}),
  durationMs: z.number(),
});

const written = <Milestone extends DrillMilestone, Detail extends z.ZodType>(
  milestone: Milestone,
  detail: Detail,
) =>
  z.object({
    format: z.literal('stockade drill 1'),
    drill: z.string(),
    milestone: z.literal(milestone),
    at: z.iso.datetime(),
    previous: z.string().nullable(),
    detail,
  });
const Nothing = z.record(z.string(), z.never());

const RecordShape: z.ZodType<AnyRecord> = z.discriminatedUnion('milestone', [
  written(
    'requested',
    z.object({
      kind: z.enum(['snapshot', 'point-in-time']),
      source: Text,
      snapshot: Text.optional(),
      asOf: Text,
      instance: Text,
      keep: z.boolean(),
    }),
  ),
  written('available', Nothing),
  written('queryable', Nothing),
  written(
    'verdict',
    z.object({
      passed: z.boolean(),
      summary: Text,
      proofs: z.object({ ok: z.boolean(), durationMs: z.number(), outcomes: z.array(Outcome) }).optional(),
    }),
  ),
  written('torn-down', Nothing),
]);

/**
 * The record in these bytes. Undefined when they are no record of a drill: anybody who may write to the bucket may have
 * written them.
 */
export function parseRecord(bytes: Uint8Array): AnyRecord | undefined {
  try {
    return RecordShape.parse(JSON.parse(Buffer.from(bytes).toString()));
  } catch {
    return undefined;
  }
}
