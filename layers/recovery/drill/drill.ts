import { AwsRefused } from '#platform/aws/call.ts';
import {
  type DBInstance,
  deleteInstance,
  describeInstance,
  isHopeless,
  restoreFromSnapshot,
  restoreToPointInTime,
} from '../rds/rds.ts';
import { proveDrill, reserveMs } from './prove.ts';
import { type DrillRecord, newestDrill } from './records.ts';
import type { DrillSurroundings } from './surroundings.ts';
import { failed, isFinal, judge, recordReached } from './verdict.ts';
import type { DrillWait } from './wait.ts';

/** A drill after a tick, and what it waits for. A drill that is over waits for nothing. */
export interface DrillState {
  readonly drill: DrillRecord;
  readonly waitsFor?: DrillWait | undefined;
}

/**
 * Continues the newest drill: reads its state and takes the next steps. A tick may die at any moment; the next one
 * carries on. Undefined before the first drill.
 * @throws Unavailable when AWS does not answer: you can try again later
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

/** Ends a drill as failed, unless it already has a verdict. The next tick deletes its instance. */
export async function abandonDrill(drill: DrillRecord, why: string, now: Date = new Date()): Promise<void> {
  await judge(drill, failed(why), now);
}

/** Takes one step. Returns what the drill waits for, or undefined when it can take the next step at once. */
async function step(around: DrillSurroundings, drill: DrillRecord): Promise<DrillWait | undefined> {
  const instance = await describeInstance(drill.request.instance);
  const ageMs = Date.now() - drill.requestedAt.getTime();
  const isOver = ageMs > around.policy.drillInstanceAgeMs.warn;
  if (drill.verdict) {
    return drill.request.keep && !isOver && instance ? { for: 'lifetime' } : await tearDown(drill, instance);
  }
  if (isOver)
    return await judge(
      drill,
      failed(`The drill did not finish within ${Math.round(ageMs / 60_000)} minutes.`),
    );
  if (!instance) {
    // The instance is gone. Read the record again: another run records a verdict before it deletes the instance.
    const now = await newestDrill();
    if (now?.id !== drill.id || now.verdict) return undefined;
    if (drill.availableAfterMs !== undefined)
      return await judge(drill, failed(`${drill.request.instance} was available and has disappeared.`));
    return await restore(around, drill);
  }
  const status = instance.DBInstanceStatus ?? '';
  if (isHopeless(status)) return await judge(drill, failed(`${drill.request.instance} is ${status}.`));
  if (drill.availableAfterMs === undefined) {
    if (status !== 'available') return { for: 'instance', instance: drill.request.instance, status };
    return await recordReached(drill, 'available');
  }
  if (around.time.remainingMs() < reserveMs) return { for: 'time' };
  return await proveDrill(around, drill, instance);
}

async function restore(around: DrillSurroundings, drill: DrillRecord): Promise<DrillWait | undefined> {
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
    // Another tick has begun the restore, or this one has and the answer was lost.
    const wasBegun = error instanceof AwsRefused && error.code.startsWith('DBInstanceAlreadyExists');
    if (!wasBegun) {
      if (!isFinal(error)) throw error;
      return await judge(drill, failed((error as Error).message));
    }
  }
  return { for: 'creation', instance: request.instance };
}

function networkOf({ network }: DrillSurroundings, production: DBInstance) {
  const groups = production.VpcSecurityGroups?.flatMap(({ VpcSecurityGroupId: id }) => id ?? []) ?? [];
  return {
    subnetGroup: network.subnetGroup ?? production.DBSubnetGroup?.DBSubnetGroupName ?? 'default',
    securityGroupIds: network.securityGroupIds ?? groups,
  };
}

async function tearDown(
  drill: DrillRecord,
  instance: DBInstance | undefined,
): Promise<DrillWait | undefined> {
  const { instance: name } = drill.request;
  if (!instance) return await recordReached(drill, 'torn-down');
  if (instance.DBInstanceStatus !== 'deleting') {
    try {
      await deleteInstance(name);
    } catch (error) {
      // RDS does not delete an instance while it creates or changes it.
      if (!(error instanceof AwsRefused && error.code.startsWith('InvalidDBInstanceState'))) throw error;
      return { for: 'instance', instance: name, status: instance.DBInstanceStatus ?? 'in an unknown status' };
    }
  }
  return { for: 'deletion', instance: name };
}
