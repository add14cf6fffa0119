import { createHash } from 'node:crypto';
import { EvidenceConflict, listEvidence, putEvidence, readEvidence } from '#platform/evidence.ts';
import type { ProofReport } from '../proofs/prove-copy.ts';

/** How far a drill has come, in the order in which it does. Each is written down once, and follows from the one before. */
export const drillStages = ['requested', 'available', 'queryable', 'verdict', 'torn-down'] as const;
export type DrillStage = (typeof drillStages)[number];

/** What is restored, decided before anything is done. */
export interface DrillRequest {
  readonly kind: 'snapshot' | 'point-in-time';
  /** The instance that is backed up. */
  readonly source: string;
  /** Undefined for a point in time, and when there was none to restore. */
  readonly snapshot?: string | undefined;
  /** The instant that the copy is to be of. */
  readonly asOf: string;
  /** The instance that is made. */
  readonly instance: string;
  /** Nobody tears it down before its lifetime is over. */
  readonly keep: boolean;
}

export interface DrillVerdict {
  readonly passed: boolean;
  /** Why, in words; of one that has passed what was proven. */
  readonly summary: string;
  /** Undefined when it did not come to the proofs. */
  readonly proofs?: ProofReport | undefined;
}

interface Written<Stage extends DrillStage, Detail> {
  readonly format: 'stockade drill 1';
  readonly drill: string;
  readonly stage: Stage;
  readonly at: string;
  /** SHA-256 of the record before, in hex; null for the very first. */
  readonly previous: string | null;
  readonly detail: Detail;
}
/** That it was reached is all there is to say. */
type Reached = Readonly<Record<string, never>>;
type AnyRecord =
  | Written<'requested', DrillRequest>
  | Written<'available', Reached>
  | Written<'queryable', Reached>
  | Written<'verdict', DrillVerdict>
  | Written<'torn-down', Reached>;

/** A drill, as far as it is written down. */
export interface DrillRecord {
  readonly id: string;
  readonly request: DrillRequest;
  readonly requestedAt: Date;
  /** From the request on. Undefined while, or because, it did not come that far. */
  readonly availableAfterMs: number | undefined;
  readonly queryableAfterMs: number | undefined;
  /** Until the proofs were through, whatever they said. */
  readonly provenAfterMs: number | undefined;
  readonly verdict: DrillVerdict | undefined;
  readonly verdictAt: Date | undefined;
  readonly tornDownAt: Date | undefined;
}

/** The last drill that came to a verdict. */
export interface JudgedDrill extends DrillRecord {
  readonly passed: boolean;
  /** When the verdict was given. */
  readonly at: Date;
  /** Those of its records, and of all later ones, that do not follow from what is there. */
  readonly brokenLinks: readonly string[];
}

const root = 'drills/';

type DrillKeys = ReadonlyMap<string, readonly string[]>;

/** The ids of all drills, the oldest first, with the keys of what is written down of them. */
export async function listDrillKeys(): Promise<DrillKeys> {
  const keys: string[] = [];
  for await (const key of listEvidence(root)) keys.push(key);
  const byId = Map.groupBy(keys, (key) => key.split('/')[2] ?? '');
  // Not by key, which starts with the day: a drill that a clock of next year has begun would be the newest for a year.
  return new Map([...byId].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What is written down of one drill; undefined when its request is not. */
export async function readDrill(id: string, keys: readonly string[]): Promise<DrillRecord | undefined> {
  const records = await Promise.all(keys.map(readRecord));
  const of = <Stage extends DrillStage>(stage: Stage) =>
    records.find((each): each is Extract<AnyRecord, { stage: Stage }> => each.stage === stage);
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

/** The id of the drill behind the newest one. Two that begin at once have the same, and so only one of them begins. */
export async function nextDrillId(): Promise<string> {
  const last = [...(await listDrillKeys()).keys()].at(-1);
  return String(Number(last ?? 0) + 1).padStart(6, '0');
}

/**
 * Writes down that a drill has come to a stage. Whoever comes second changes nothing: what was written first holds.
 * @throws like `putEvidence`, but for EvidenceConflict
 */
export async function recordStage(
  id: string,
  requestedAt: Date,
  stage: DrillStage,
  detail: AnyRecord['detail'],
  now: Date,
): Promise<void> {
  const key = keyOf(id, requestedAt, stage);
  const record = {
    format: 'stockade drill 1',
    drill: id,
    stage,
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

function keyOf(id: string, requestedAt: Date, stage: DrillStage): string {
  const number = String(drillStages.indexOf(stage) + 1).padStart(2, '0');
  return `${root}${requestedAt.toISOString().slice(0, 10)}/${id}/${number}-${stage}.json`;
}

/** Keys are in the order in which they were written: by day, drill and stage. */
async function digestBefore(key: string): Promise<string | null> {
  let before: string | undefined;
  for await (const each of listEvidence(root)) {
    if (each >= key) break;
    before = each;
  }
  return before === undefined ? null : sha256(await bytesOf(before));
}

/** The records that do not follow from those before them: somebody has removed or replaced one. Reads all there are. */
export async function brokenLinks(): Promise<string[]> {
  return await brokenLinksSince('', await listDrillKeys());
}

/** Those that are written down at the same moment follow from the same one, so it is not always the one just before. */
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
  if (!bytes) throw new Error(`${key} was listed and is not there`);
  return bytes;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
