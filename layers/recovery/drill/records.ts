import { createHash } from 'node:crypto';
import { EvidenceConflict, listEvidence, putEvidence, readEvidence } from '#platform/aws/evidence.ts';
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
type AnyRecord =
  | Written<'requested', DrillRequest>
  | Written<'available', Reached>
  | Written<'queryable', Reached>
  | Written<'verdict', DrillVerdict>
  | Written<'torn-down', Reached>;

/** A drill, as far as it is recorded. */
export interface DrillRecord {
  readonly id: string;
  readonly request: DrillRequest;
  readonly requestedAt: Date;
  /** Measured from the request, like the next two. Undefined when the drill has not reached the milestone. */
  readonly availableAfterMs: number | undefined;
  readonly queryableAfterMs: number | undefined;
  /** Until all proofs had ended, passed or not. */
  readonly provenAfterMs: number | undefined;
  readonly verdict: DrillVerdict | undefined;
  readonly verdictAt: Date | undefined;
  readonly tornDownAt: Date | undefined;
}

/** A drill that has a verdict. */
export interface JudgedDrill extends DrillRecord {
  readonly passed: boolean;
  /** The time of the verdict. */
  readonly at: Date;
  /** The records of this drill and of later ones whose previous record is missing or was replaced. */
  readonly brokenLinks: readonly string[];
}

const root = 'drills/';

type DrillKeys = ReadonlyMap<string, readonly string[]>;

/** The ids of all drills, the oldest first, with the keys of their records. */
export async function listDrillKeys(): Promise<DrillKeys> {
  const keys: string[] = [];
  for await (const key of listEvidence(root)) keys.push(key);
  const byId = Map.groupBy(keys, (key) => key.split('/')[2] ?? '');
  // Not by key, which starts with the day: a drill that began with a clock of next year would stay the newest for a year.
  return new Map([...byId].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Reads the records of one drill; undefined when its request is missing. */
export async function readDrill(id: string, keys: readonly string[]): Promise<DrillRecord | undefined> {
  const records = await Promise.all(keys.map(readRecord));
  const of = <Milestone extends DrillMilestone>(milestone: Milestone) =>
    records.find(
      (each): each is Extract<AnyRecord, { milestone: Milestone }> => each.milestone === milestone,
    );
  const requested = of('requested');
  if (!requested) return undefined;
  const requestedAt = new Date(requested.at);
  const after = (record: { readonly at: string } | undefined) =>
    record && Date.parse(record.at) - requestedAt.getTime();
  const verdict = of('verdict');
  const tornDown = of('torn-down');
  return {
    id,
    request: requested.detail,
    requestedAt,
    availableAfterMs: after(of('available')),
    queryableAfterMs: after(of('queryable')),
    provenAfterMs: verdict?.detail.proofs && after(verdict),
    verdict: verdict?.detail,
    verdictAt: verdict && new Date(verdict.at),
    tornDownAt: tornDown && new Date(tornDown.at),
  };
}

/** The newest drill, whether or not it is over. */
export async function newestDrill(): Promise<DrillRecord | undefined> {
  const [newest] = [...(await listDrillKeys())].toReversed();
  return newest && (await readDrill(...newest));
}

/** The last drill that came to a verdict: undefined when none ever has. */
export async function lastDrill(): Promise<JudgedDrill | undefined> {
  const all = await listDrillKeys();
  for (const [id, keys] of [...all].toReversed()) {
    const drill = await readDrill(id, keys);
    if (!drill?.verdict || !drill.verdictAt) continue;
    const { verdict, verdictAt: at } = drill;
    return { ...drill, passed: verdict.passed, at, brokenLinks: await brokenLinksSince(id, all) };
  }
  return undefined;
}

/** The id of the next drill. Two runs that ask at once get the same id, so only one of them begins a drill. */
export async function nextDrillId(): Promise<string> {
  const last = [...(await listDrillKeys()).keys()].at(-1);
  return String(Number(last ?? 0) + 1).padStart(6, '0');
}

/**
 * Records that a drill has reached a milestone. The first record counts: a second one changes nothing.
 * @throws MissingSetting, Unavailable, AwsRefused as `putEvidence` does
 */
export async function recordMilestone(
  id: string,
  requestedAt: Date,
  milestone: DrillMilestone,
  detail: AnyRecord['detail'],
  now: Date,
): Promise<void> {
  const key = keyOf(id, requestedAt, milestone);
  const record = {
    format: 'stockade drill 1',
    drill: id,
    milestone,
    at: now.toISOString(),
    previous: await digestBefore(key),
    detail,
  };
  try {
    await putEvidence(key, `${JSON.stringify(record, null, 2)}\n`);
  } catch (error) {
    if (!(error instanceof EvidenceConflict)) throw error;
  }
}

function keyOf(id: string, requestedAt: Date, milestone: DrillMilestone): string {
  const number = String(drillMilestones.indexOf(milestone) + 1).padStart(2, '0');
  return `${root}${requestedAt.toISOString().slice(0, 10)}/${id}/${number}-${milestone}.json`;
}

/** The digest of the last record before a key. Keys sort by day, drill and milestone, which is the order of writing. */
async function digestBefore(key: string): Promise<string | null> {
  let before: string | undefined;
  for await (const each of listEvidence(root)) {
    if (each >= key) break;
    before = each;
  }
  return before === undefined ? null : sha256(await bytesOf(before));
}

/** The records whose previous record was removed or replaced. Reads every record. */
export async function brokenLinks(): Promise<string[]> {
  return await brokenLinksSince('', await listDrillKeys());
}

/** Records written at the same moment have the same previous record, so the previous one is not always the last before. */
const mostLinksBack = 10;

async function brokenLinksSince(id: string, all: DrillKeys): Promise<string[]> {
  const inOrder = [...all.values()].flat().sort();
  const asked = new Set([...all].flatMap(([each, keys]) => (each < id ? [] : keys)));
  const reading = new Map<string, Promise<Uint8Array>>();
  const read = (key: string) => {
    const bytes = reading.get(key) ?? bytesOf(key);
    reading.set(key, bytes);
    return bytes;
  };
  const followsFrom = async (previous: string | null, before: readonly string[]) => {
    for (const key of before.toReversed()) if (sha256(await read(key)) === previous) return true;
    return false;
  };
  const broken: string[] = [];
  for (const [at, key] of inOrder.entries()) {
    if (!asked.has(key)) continue;
    const { previous } = JSON.parse(Buffer.from(await read(key)).toString()) as AnyRecord;
    const before = inOrder.slice(Math.max(0, at - mostLinksBack), at);
    const follows = at === 0 ? previous === null : await followsFrom(previous, before);
    if (!follows) broken.push(key);
  }
  return broken;
}

async function readRecord(key: string): Promise<AnyRecord> {
  return JSON.parse(Buffer.from(await bytesOf(key)).toString()) as AnyRecord;
}

async function bytesOf(key: string): Promise<Uint8Array> {
  const bytes = await readEvidence(key);
  if (!bytes) throw new Error(`${key} was listed but is missing`);
  return bytes;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
