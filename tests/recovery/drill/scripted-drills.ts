import { afterEach, beforeEach, vi } from 'vitest';
import { readEvidence } from '#platform/aws/evidence.ts';
import { environment } from '#platform/environment.ts';
import type { DrillRequest } from '#recovery/drill/record-shape.ts';
import { recordMilestone } from '#recovery/drill/records.ts';
import type { DrillSurroundings } from '#recovery/drill/surroundings.ts';
import { recoveryPolicy } from '#recovery/policy.ts';
import { drillPrefix } from '#recovery/rds/rds.ts';
import { openAws } from '#tests/aws.ts';
import { openScripted, refused, type Scripted, type ScriptedAws } from '../scripted-aws.ts';

/**
 * The time of these tests. Only the clock stands still; timers run. It is near the present time, because the SDK adopts the
 * clock of the server that answers it, which is that of the machine.
 */
export const now = new Date(Math.floor(Date.now() / 1000) * 1000);
export const minuteMs = 60_000;

/** An instance as RDS describes it; `undefined` when it does not exist. */
export type Described = Scripted | undefined;

export interface ScriptedDrills {
  readonly rds: ScriptedAws;
  around(more?: Partial<DrillSurroundings>): DrillSurroundings;
  /** Records the request of a drill, `agoMs` ago. */
  request(more?: Partial<DrillRequest>, agoMs?: number, id?: string): Promise<void>;
  /** Records that the drill has reached these milestones. */
  reach(...milestones: readonly ('available' | 'queryable' | 'verdict')[]): Promise<void>;
  /** The next descriptions of the drill instance by RDS; `undefined` when it does not exist. */
  instance(...described: readonly Described[]): void;
  /** The records of drills, the oldest first. */
  written(): Promise<readonly (readonly [drill: string, milestone: string, detail: unknown])[]>;
}

const id = '000001';
export const drillInstance = `${drillPrefix}${id}`;

/** Drills with an RDS that gives the answers of the test, and with evidence in an S3 of the test file's own. */
export function openScriptedDrills(): ScriptedDrills {
  const aws = openAws();
  const rds = openScripted('rds');
  const bucket = () => process.env[environment.evidenceBucket] ?? '';
  let requestedAt: Date;

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['Date'], now });
    for (const key of aws.evidenceKeys()) await aws.local.s3.lose(bucket(), key);
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  return {
    rds,
    around: (more) => ({
      source: 'ledger',
      network: {},
      production: async () => {
        throw new Error('production must not be asked');
      },
      urlOf: ({ user, password }) => `postgres://${user}:${password}@127.0.0.1:1/ledger`,
      book: {} as DrillSurroundings['book'],
      policy: recoveryPolicy,
      time: { remainingMs: () => Number.POSITIVE_INFINITY },
      pollMs: 1,
      ...more,
    }),
    async request(more = {}, agoMs = 0, ofId = id) {
      requestedAt = new Date(now.getTime() - agoMs);
      const asOf = new Date(requestedAt.getTime() - minuteMs).toISOString();
      const request: DrillRequest = {
        ...{ kind: 'snapshot', source: 'ledger', snapshot: 'daily', asOf, keep: false },
        instance: `${drillPrefix}${ofId}`,
        ...more,
      };
      await recordMilestone(ofId, requestedAt, 'requested', request, requestedAt);
    },
    async reach(...milestones) {
      for (const milestone of milestones) {
        const verdict = { passed: true, summary: 'Proven.' };
        await recordMilestone(id, requestedAt, milestone, milestone === 'verdict' ? verdict : {}, new Date());
      }
    },
    instance(...described) {
      const answers = described.map((each): Scripted => {
        if (each === undefined) return refused('DBInstanceNotFound', 'no', 404);
        if (typeof each === 'function' || each instanceof Error) return each;
        return {
          DBInstances: { DBInstance: [{ DBInstanceIdentifier: drillInstance, ...each }] },
        };
      });
      const production = {
        DBInstances: {
          DBInstance: [
            {
              ...{ DBInstanceIdentifier: 'ledger', DBInstanceClass: 'db.t4g.micro' },
              DBSubnetGroup: { DBSubnetGroupName: 'private' },
              VpcSecurityGroups: { VpcSecurityGroupMembership: [{ VpcSecurityGroupId: 'sg-1' }] },
              DBParameterGroups: { DBParameterGroup: [{ DBParameterGroupName: 'tuned' }] },
            },
          ],
        },
      };
      rds.answer('DescribeDBInstances', (parameters, region) => {
        if (parameters.text('DBInstanceIdentifier') === 'ledger') return production;
        const next = answers.length > 1 ? answers.shift() : answers[0];
        if (next instanceof Error) throw next;
        return typeof next === 'function' ? next(parameters, region) : next;
      });
    },
    async written() {
      const keys = aws
        .evidenceKeys()
        .sort((a, b) => ((a.split('/')[2] ?? '') < (b.split('/')[2] ?? '') ? -1 : 1));
      const records = await Promise.all(
        keys.map(async (key) => JSON.parse(Buffer.from((await readEvidence(key)) ?? []).toString())),
      );
      return records.map(({ drill, milestone, detail }) => [drill, milestone, detail] as const);
    },
  };
}
