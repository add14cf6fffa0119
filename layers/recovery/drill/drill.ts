import type { TimeLeft } from '#audit/reconciliation/walk.ts';
import { AwsRefused } from '#platform/aws-call.ts';
import { Unavailable } from '#platform/errors.ts';
import type { InJobs } from '../in-jobs.ts';
import { ageOf, type RecoveryPolicy } from '../policy.ts';
import type { ProofBook } from '../proofs/book.ts';
import { type ProofOutcome, TakenOver } from '../proofs/proof.ts';
import { proveCopy } from '../proofs/prove-copy.ts';
import {
  type DBInstance,
  deleteInstance,
  describeDrillInstances,
  describeInstance,
  drillPrefix,
  isHopeless,
  restoreFromSnapshot,
  restoreToPointInTime,
} from '../rds/rds.ts';
import { RecoveryRefused } from '../recovery-refused.ts';
import { type CopyAddress, openCopy } from './copy.ts';
import { type DrillWish, planDrill } from './plan.ts';
import { type DrillRecord, type DrillVerdict, newestDrill, nextDrillId, recordStage } from './records.ts';

/** What a drill works with. */
export interface DrillSurroundings {
  /** The instance whose backups are restored. */
  readonly source: string;
  /** The subnet group and the security groups of copies; those of production where nothing else was decided. */
  readonly network: {
    readonly subnetGroup?: string | undefined;
    readonly securityGroupIds?: readonly string[];
  };
  readonly production: InJobs;
  /** The URL of the database in a copy. */
  readonly urlOf: (address: CopyAddress) => string;
  readonly book: ProofBook;
  readonly policy: RecoveryPolicy;
  /** A tick that has less begins nothing that takes long. */
  readonly time: TimeLeft;
  /** Between two looks at what takes seconds. */
  readonly pollMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onOutcome?: (outcome: ProofOutcome) => void;
  /** Called with why a copy that is available lets nobody in yet. */
  readonly onWaiting?: (why: string) => void;
}

/** A drill after a tick, and what it waits for; nothing when it is over. */
export interface DrillState {
  readonly drill: DrillRecord;
  readonly waitsFor?: string | undefined;
}

/** What a tick waits for when it was proving and another one has taken its place. */
export const somebodyElse = 'somebody else, who proves it now';

/** Opening a copy and writing down a verdict take less than this. */
const reserveMs = 60_000;

/**
 * Asks for a drill and begins it, unless one is under way: then that one is answered, whatever it restores.
 * @throws RecoveryRefused while an instance of another drill is there: one costs money enough; and when there is no
 * snapshot, or point in time, of those that were named
 */
export async function beginDrill(
  around: DrillSurroundings,
  wish: DrillWish,
  { keep = false, now = new Date() }: { keep?: boolean; now?: Date } = {},
): Promise<DrillRecord> {
  // Before it is seen that none is under way: of those who see the same, all draw the same id, and one of them begins.
  const id = await nextDrillId();
  const newest = await newestDrill();
  if (newest && !newest.tornDownAt) return newest;
  const [left] = await describeDrillInstances();
  if (left) {
    throw new RecoveryRefused(
      `${left.DBInstanceIdentifier} of an earlier drill is still ${left.DBInstanceStatus}: one at a time. It is swept when its lifetime is over.`,
    );
  }
  try {
    await recordStage(id, now, 'requested', await planDrill(id, around.source, wish, keep), now);
  } catch (error) {
    if (!isFinal(error)) throw error;
    // Whoever has mistyped what to restore has not found that there is nothing: no drill failed, and nobody is paged.
    if (error instanceof RecoveryRefused && isNamed(wish)) throw error;
    // That there is nothing to restore is the worst outcome of a drill, and must be told as one.
    const nothing = { kind: wish.kind, source: around.source, asOf: now.toISOString() } as const;
    await recordStage(id, now, 'requested', { ...nothing, instance: `${drillPrefix}${id}`, keep }, now);
    await recordStage(id, now, 'verdict', failed((error as Error).message), now);
  }
  const begun = await newestDrill();
  if (!begun) throw new Unavailable('The drill that was begun is not written down: try again.');
  return begun;
}

function isNamed(wish: DrillWish): boolean {
  return (wish.kind === 'snapshot' ? wish.snapshot : wish.at) !== undefined;
}

/** The drill that is due by now: a snapshot and a point in time in turn. Undefined while the last one is recent enough. */
export async function dueDrill(everyMs: number, now: Date = new Date()): Promise<DrillWish | undefined> {
  const newest = await newestDrill();
  // Of a drill in the future nobody knows the age: by its time there would be none until then.
  const ageMs = newest && ageOf(newest.requestedAt, now);
  if (ageMs !== undefined && ageMs < everyMs) return undefined;
  return { kind: newest?.request.kind === 'snapshot' ? 'point-in-time' : 'snapshot' };
}

/**
 * Carries on with the newest drill from wherever it is: looks at what is there and does what is next. It may die at any
 * moment, and the next tick does the same. Undefined when there never was a drill.
 * @throws Unavailable when AWS cannot be asked: nothing is lost by trying again later
 */
export async function tickDrill(around: DrillSurroundings): Promise<DrillState | undefined> {
  for (;;) {
    around.signal?.throwIfAborted();
    const drill = await newestDrill();
    if (!drill) return undefined;
    if (drill.tornDownAt) return { drill };
    const waitsFor = await step(around, drill);
    if (waitsFor !== undefined) return { drill: (await newestDrill()) ?? drill, waitsFor };
  }
}

/** Gives a drill up, unless it has its verdict already. The next tick tears it down. */
export async function abandonDrill(drill: DrillRecord, why: string, now: Date = new Date()): Promise<void> {
  await recordStage(drill.id, drill.requestedAt, 'verdict', failed(why), now);
}

/** Does one step. Answers what has to be waited for, nothing when there is a next one at once. */
async function step(around: DrillSurroundings, drill: DrillRecord): Promise<string | undefined> {
  const instance = await describeInstance(drill.request.instance);
  const ageMs = Date.now() - drill.requestedAt.getTime();
  const isOver = ageMs > around.policy.drillInstanceAgeMs.warn;
  if (drill.verdict) {
    return drill.request.keep && !isOver && instance
      ? 'the end of its lifetime'
      : await tearDown(drill, instance);
  }
  if (isOver)
    return await judge(
      drill,
      failed(`It has not come to an end within ${Math.round(ageMs / 60_000)} minutes.`),
    );
  if (!instance) {
    // Read again, now that it is known not to be there: whoever is ahead has judged the drill before deleting it.
    const now = await newestDrill();
    if (now?.id !== drill.id || now.verdict) return undefined;
    if (drill.availableAfterMs !== undefined)
      return await judge(drill, failed(`${drill.request.instance} was there and is gone.`));
    return await restore(around, drill);
  }
  const status = instance.DBInstanceStatus ?? '';
  if (isHopeless(status)) return await judge(drill, failed(`${drill.request.instance} is ${status}.`));
  if (drill.availableAfterMs === undefined) {
    if (status !== 'available') return `${drill.request.instance}, which is ${status}`;
    return await record(drill, 'available');
  }
  if (around.time.remainingMs() < reserveMs) return 'more time';
  return await prove(around, drill, instance);
}

async function restore(around: DrillSurroundings, drill: DrillRecord): Promise<string | undefined> {
  const { id, request } = drill;
  try {
    const production = await describeInstance(request.source);
    if (!production) return await judge(drill, failed(`There is no instance ${request.source}.`));
    const settings = {
      ...networkOf(around, production),
      instance: request.instance,
      drillId: id,
      instanceClass: production.DBInstanceClass ?? '',
      parameterGroup: production.DBParameterGroups?.[0]?.DBParameterGroupName,
    };
    if (request.kind === 'point-in-time')
      await restoreToPointInTime(request.source, new Date(request.asOf), settings);
    else await restoreFromSnapshot(request.snapshot ?? '', settings);
  } catch (error) {
    // Another tick, or this one's own request whose answer was lost.
    const wasBegun = error instanceof AwsRefused && error.code.startsWith('DBInstanceAlreadyExists');
    if (!wasBegun) {
      if (!isFinal(error)) throw error;
      return await judge(drill, failed((error as Error).message));
    }
  }
  return `${request.instance}, which is being made`;
}

function networkOf({ network }: DrillSurroundings, production: DBInstance) {
  const groups = production.VpcSecurityGroups?.flatMap(({ VpcSecurityGroupId: id }) => id ?? []) ?? [];
  return {
    subnetGroup: network.subnetGroup ?? production.DBSubnetGroup?.DBSubnetGroupName ?? 'default',
    securityGroupIds: network.securityGroupIds ?? groups,
  };
}

async function prove(
  around: DrillSurroundings,
  drill: DrillRecord,
  instance: DBInstance,
): Promise<string | undefined> {
  const { book, production, policy, signal, onOutcome, time } = around;
  let connectionString: string;
  try {
    const giveUpAt = Date.now() + Math.min(time.remainingMs() - reserveMs / 2, 10 * 60_000);
    const isJudged = async () => {
      const newest = await newestDrill();
      return newest?.id !== drill.id || newest.verdict !== undefined;
    };
    connectionString = await openCopy(instance, around.urlOf, {
      giveUpAt,
      pollMs: around.pollMs,
      signal,
      isJudged,
      onWaiting: around.onWaiting,
    });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof TakenOver) return somebodyElse;
    // Whoever cannot look has proven nothing; but while there is time left it is tried again.
    if (error instanceof AwsRefused && error.code.startsWith('InvalidDBInstanceState'))
      return 'its master password';
    if (error instanceof Unavailable) throw error;
    return await judge(
      drill,
      failed(`${drill.request.instance} lets nobody in: ${(error as Error).message}`),
    );
  }
  const wasTried = drill.queryableAfterMs !== undefined;
  if (!wasTried) await record(drill, 'queryable');
  const proofs = await proveCopy({
    connectionString,
    book,
    production,
    asOf: new Date(drill.request.asOf),
    requestedAt: drill.requestedAt,
    policy,
    signal,
    ...(onOutcome && { onOutcome }),
  }).catch((error: unknown) => {
    if (error instanceof TakenOver) return somebodyElse;
    // A run that had all its time for the proofs is not helped by the next one, which begins them anew.
    if (wasTried && signal?.aborted && signal.reason === error && isTimeout(error)) return outOfTime;
    throw error;
  });
  // Whoever came later proves it. To take it back would be to be taken over again.
  if (proofs === somebodyElse) return somebodyElse;
  if (proofs === outOfTime) {
    await judge(drill, failed(outOfTime));
    return 'the next tick, which deletes its instance';
  }
  return await judge(drill, { passed: proofs.ok, summary: summaryOf(proofs.outcomes), proofs });
}

const outOfTime =
  'The proofs have not come to an end in the time that one run of the function has: prove it with npm run verify:backup, which has the time.';

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

function summaryOf(outcomes: readonly ProofOutcome[]): string {
  const troubled = outcomes.filter(({ verdict }) => verdict === 'failed' || verdict === 'could not run');
  const passed = outcomes.filter(({ verdict }) => verdict === 'passed');
  if (troubled.length === 0) return `Proven: ${passed.map(({ proof }) => proof).join(', ')}.`;
  return troubled.map(({ proof, verdict, faults }) => `${proof} ${verdict}: ${faults[0]}`).join('; ');
}

async function tearDown(drill: DrillRecord, instance: DBInstance | undefined): Promise<string | undefined> {
  const { instance: name } = drill.request;
  if (!instance) return await record(drill, 'torn-down');
  if (instance.DBInstanceStatus !== 'deleting') {
    try {
      await deleteInstance(name);
    } catch (error) {
      // One that is being made, or changed, cannot be deleted yet.
      if (!(error instanceof AwsRefused && error.code.startsWith('InvalidDBInstanceState'))) throw error;
      return `${name}, which is ${instance.DBInstanceStatus}`;
    }
  }
  return `${name}, which is being deleted`;
}

async function judge(drill: DrillRecord, verdict: DrillVerdict): Promise<undefined> {
  await recordStage(drill.id, drill.requestedAt, 'verdict', verdict, new Date());
}

async function record(
  drill: DrillRecord,
  stage: 'available' | 'queryable' | 'torn-down',
): Promise<undefined> {
  await recordStage(drill.id, drill.requestedAt, stage, {}, new Date());
}

function failed(summary: string): DrillVerdict {
  return { passed: false, summary };
}

/** What trying again does not mend. */
function isFinal(error: unknown): boolean {
  return error instanceof AwsRefused || error instanceof RecoveryRefused;
}
