import { type Page, type PageRequest, toPage } from '#platform/page.ts';
import { recoveryPolicy } from '../policy.ts';
import type { ProofOutcome } from '../proofs/proof.ts';
import { type DrillRecord, foreignKeys, listDrillKeys, readDrill } from './records.ts';
import { type RecoveryTrend, recoveryTrend } from './trend.ts';

/** A drill as operators see it. */
export interface ListedDrill {
  readonly id: string;
  readonly kind: 'snapshot' | 'point-in-time';
  readonly source: string;
  readonly snapshot: string | null;
  /** The time that was restored. */
  readonly asOf: string;
  readonly requestedAt: string;
  readonly availableAfterSeconds: number | null;
  readonly queryableAfterSeconds: number | null;
  readonly provenAfterSeconds: number | null;
  /** Null while the drill is under way. */
  readonly passed: boolean | null;
  readonly summary: string | null;
  /** What production had at the time of the request and the copy lacked; null when it was not measured. */
  readonly loss: { readonly seconds: number; readonly entries: number; readonly movements: number } | null;
  readonly proofs: readonly Pick<ProofOutcome, 'proof' | 'verdict' | 'faults' | 'faultCount'>[];
  readonly tornDownAt: string | null;
}

/** A page of drills, and what is among their records and is none. */
export interface DrillPage extends Page<ListedDrill> {
  /** Keys in the evidence bucket: those of this page's drills, and those that no drill has written. */
  readonly unreadable: readonly string[];
}

/** The number of drills in the trend: half a year. */
const drillsOfTrend = 26;

/** One page of drills, the newest first. */
export async function listDrills({ limit, after }: PageRequest): Promise<DrillPage> {
  const [before] = after ?? [];
  const all = [...(await listDrillKeys())].toReversed();
  const asked = all.filter(([id]) => before === undefined || Number(id) < Number(before)).slice(0, limit + 1);
  const read = await Promise.all(
    asked.map(async ([id, keys]) => ({ id, keys, drill: await readDrill(id, keys) })),
  );
  const page = toPage(read, limit, ({ id }) => [id]);
  return {
    rows: page.rows.flatMap(({ drill }) => (drill ? shown(drill) : [])),
    next: page.next,
    unreadable: [
      // A drill whose request is no record cannot be shown: all of its records are named.
      ...page.rows.flatMap(({ keys, drill }) => drill?.unreadable ?? keys),
      ...(await foreignKeys()),
    ],
  };
}

/** The trend of the time to recover, from the passed drills of the present database; undefined for too few drills. */
export async function trendOfDrills(now: Date = new Date()): Promise<RecoveryTrend | undefined> {
  const newest = await readAll([...(await listDrillKeys())].slice(-drillsOfTrend));
  const source = newest.at(-1)?.request.source;
  const timed = newest.flatMap(({ request, verdict, requestedAt, provenAfterMs }) =>
    request.source === source && verdict?.passed && provenAfterMs !== undefined
      ? [{ kind: request.kind, requestedAt, provenAfterMs }]
      : [],
  );
  return recoveryTrend(timed, recoveryPolicy.recoveryTimeMs.fail, now);
}

async function readAll(drills: readonly (readonly [string, readonly string[]])[]): Promise<DrillRecord[]> {
  const read = await Promise.all(drills.map(([id, keys]) => readDrill(id, keys)));
  return read.flatMap((drill) => drill ?? []);
}

function shown(drill: DrillRecord): ListedDrill {
  const { id, request, verdict } = drill;
  const outcomes = verdict?.proofs?.outcomes ?? [];
  const loss = outcomes.find(({ proof, verdict }) => proof === 'loss' && verdict === 'passed')?.figures;
  return {
    id,
    kind: request.kind,
    source: request.source,
    snapshot: request.snapshot ?? null,
    asOf: request.asOf,
    requestedAt: drill.requestedAt.toISOString(),
    availableAfterSeconds: seconds(drill.availableAfterMs),
    queryableAfterSeconds: seconds(drill.queryableAfterMs),
    provenAfterSeconds: seconds(drill.provenAfterMs),
    passed: verdict?.passed ?? null,
    summary: verdict?.summary ?? null,
    loss: loss
      ? { seconds: loss.seconds ?? 0, entries: loss.entries ?? 0, movements: loss.movements ?? 0 }
      : null,
    proofs: outcomes.map(({ proof, verdict, faults, faultCount }) => ({
      proof,
      verdict,
      faults,
      faultCount,
    })),
    tornDownAt: drill.tornDownAt?.toISOString() ?? null,
  };
}

function seconds(ms: number | undefined): number | null {
  return ms === undefined ? null : ms / 1000;
}
