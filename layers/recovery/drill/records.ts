import { createHash } from 'node:crypto';
import { EvidenceConflict, listEvidence, putEvidence, readEvidence } from '#platform/aws/evidence.ts';
import {
  type AnyRecord,
  type DrillMilestone,
  type DrillRequest,
  type DrillVerdict,
  drillMilestones,
  parseRecord,
} from './record-shape.ts';

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
  /** The keys of its records that are no records. */
  readonly unreadable: readonly string[];
}

/** A drill that has a verdict. */
export interface JudgedDrill extends DrillRecord {
  readonly passed: boolean;
  /** The time of the verdict. */
  readonly at: Date;
  /** The records of this drill and of later ones whose previous record is missing or was replaced. */
  readonly brokenLinks: readonly string[];
  /** The keys of records of this drill and of later ones that are no records. */
  readonly unreadableSince: readonly string[];
}

const root = 'drills/';
const keyPattern =
  /^drills\/\d{4}-\d\d-\d\d\/(?<id>\d{6,12})\/0(?<number>[1-5])-(?<milestone>[a-z-]+)\.json$/;

type DrillKeys = ReadonlyMap<string, readonly string[]>;

/** The ids of all drills, the oldest first, with the keys of their records. */
export async function listDrillKeys(): Promise<DrillKeys> {
  const byId = Map.groupBy((await listKeys()).ofDrills, idOf);
  // Not by key, which starts with the day: a drill that began with a clock of next year would stay the newest for a year.
  return new Map([...byId].sort(([a], [b]) => Number(a) - Number(b)));
}

/** The keys among the records that no drill writes. */
export async function foreignKeys(): Promise<readonly string[]> {
  return (await listKeys()).others;
}

async function listKeys(): Promise<{ readonly ofDrills: string[]; readonly others: string[] }> {
  const [ofDrills, others]: [string[], string[]] = [[], []];
  for await (const key of listEvidence(root)) (milestoneOf(key) ? ofDrills : others).push(key);
  return { ofDrills, others };
}

function idOf(key: string): string {
  return keyPattern.exec(key)?.groups?.id ?? '';
}

/** Undefined for a key that no drill writes. */
function milestoneOf(key: string): DrillMilestone | undefined {
  const { number, milestone } = keyPattern.exec(key)?.groups ?? {};
  const expected = drillMilestones[Number(number) - 1];
  return milestone === expected ? expected : undefined;
}

/** Reads the records of one drill; undefined when its request is missing or no record. */
export async function readDrill(id: string, keys: readonly string[]): Promise<DrillRecord | undefined> {
  const read = await Promise.all(
    keys.map(async (key) => ({ key, record: recordOf(key, await bytesOf(key)) })),
  );
  const unreadable = read.flatMap(({ key, record }) => (record ? [] : [key]));
  const ofKeys = <Milestone extends DrillMilestone>(milestone: Milestone) =>
    read
      .map(({ record }) => record)
      .find((each): each is Extract<AnyRecord, { milestone: Milestone }> => each?.milestone === milestone);
  const requested = ofKeys('requested');
  if (!requested) return undefined;
  const requestedAt = new Date(requested.at);
  // Nobody can record such a milestone again, so it counts as reached. Its time is not known.
  const lost = unreadable.map((key) => ({ milestone: milestoneOf(key), at: requested.at, key }));
  const of = (milestone: DrillMilestone) =>
    ofKeys(milestone) ?? lost.find((each) => each.milestone === milestone);
  const after = (record: { readonly at: string } | undefined) =>
    record && Date.parse(record.at) - requestedAt.getTime();
  const verdict = verdictOf(ofKeys('verdict'), lost);
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
    unreadable,
  };
}

interface LostRecord {
  readonly milestone: DrillMilestone | undefined;
  readonly at: string;
  readonly key: string;
}

/** A drill whose verdict cannot be read has not passed. */
function verdictOf(
  written: Extract<AnyRecord, { milestone: 'verdict' }> | undefined,
  lost: readonly LostRecord[],
): { readonly at: string; readonly detail: DrillVerdict } | undefined {
  const unread = lost.find(({ milestone }) => milestone === 'verdict');
  if (written || !unread) return written;
  return {
    at: unread.at,
    detail: { passed: false, summary: `The verdict is not known: ${unread.key} is no record.` },
  };
}

/** The newest drill, whether or not it is over. One whose request is no record stands in nobody's way. */
export async function newestDrill(): Promise<DrillRecord | undefined> {
  for (const [id, keys] of [...(await listDrillKeys())].toReversed()) {
    const drill = await readDrill(id, keys);
    if (drill) return drill;
  }
  return undefined;
}

/** The last drill that came to a verdict: undefined when none ever has. */
export async function lastDrill(): Promise<JudgedDrill | undefined> {
  const all = await listDrillKeys();
  for (const [id, keys] of [...all].toReversed()) {
    const drill = await readDrill(id, keys);
    if (!drill?.verdict || !drill.verdictAt) continue;
    const { verdict, verdictAt: at } = drill;
    const { broken, unreadable } = await checkLinks(id, all);
    return { ...drill, passed: verdict.passed, at, brokenLinks: broken, unreadableSince: unreadable };
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
    if (milestoneOf(each)) before = each;
  }
  return before === undefined ? null : sha256(await bytesOf(before));
}

/** The records whose previous record was removed or replaced. Reads every record. */
export async function brokenLinks(): Promise<string[]> {
  return (await checkLinks('0', await listDrillKeys())).broken;
}

/** Records written at the same moment have the same previous record, so the previous one is not always the last before. */
const mostLinksBack = 10;

async function checkLinks(
  id: string,
  all: DrillKeys,
): Promise<{ readonly broken: string[]; readonly unreadable: string[] }> {
  const inOrder = [...all.values()].flat().sort();
  const asked = new Set([...all].flatMap(([each, keys]) => (Number(each) < Number(id) ? [] : keys)));
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
  const [broken, unreadable]: [string[], string[]] = [[], []];
  for (const [at, key] of inOrder.entries()) {
    if (!asked.has(key)) continue;
    const record = recordOf(key, await read(key));
    if (!record) {
      unreadable.push(key);
      continue;
    }
    const { previous } = record;
    const before = inOrder.slice(Math.max(0, at - mostLinksBack), at);
    const follows = at === 0 ? previous === null : await followsFrom(previous, before);
    if (!follows) broken.push(key);
  }
  return { broken, unreadable };
}

/** The record of a key; undefined when it is no record, or that of another drill or milestone. */
function recordOf(key: string, bytes: Uint8Array): AnyRecord | undefined {
  const record = parseRecord(bytes);
  return record?.drill === idOf(key) && record.milestone === milestoneOf(key) ? record : undefined;
}

async function bytesOf(key: string): Promise<Uint8Array> {
  const bytes = await readEvidence(key);
  if (!bytes) throw new Error(`${key} was listed but is missing`);
  return bytes;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
