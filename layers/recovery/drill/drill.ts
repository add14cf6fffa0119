import { AwsRefused } from '#platform/aws-call.ts';
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

/** A drill after a tick, and what it waits for; nothing when it is over. */
export interface DrillState {
  readonly drill: DrillRecord;
  readonly waitsFor?: DrillWait | undefined;
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
    // Another tick, or this one's own request whose answer was lost.
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
      // One that is being made, or changed, cannot be deleted yet.
      if (!(error instanceof AwsRefused && error.code.startsWith('InvalidDBInstanceState'))) throw error;
      return { for: 'instance', instance: name, status: instance.DBInstanceStatus ?? 'in an unknown status' };
    }
  }
  return { for: 'deletion', instance: name };
}
