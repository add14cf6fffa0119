import { afterEach, beforeEach, vi } from 'vitest';
import { environment } from '#platform/environment.ts';
import { readEvidence } from '#platform/evidence.ts';
import { type DrillRequest, recordStage } from '#recovery/drill/records.ts';
import type { DrillSurroundings } from '#recovery/drill/surroundings.ts';
import { recoveryPolicy } from '#recovery/policy.ts';
import { drillPrefix } from '#recovery/rds/rds.ts';
import { openAws } from '#tests/aws.ts';
import { openScripted, refused, type Scripted, type ScriptedAws } from '../scripted-aws.ts';

/**
 * When the tests of a drill are: only the clock stands still, nothing that waits does. It is about today's time, for
 * the SDK takes over the clock of whoever answers it, which is that of the machine.
 */
export const now = new Date(Math.floor(Date.now() / 1000) * 1000);
export const minuteMs = 60_000;

/** An instance as RDS describes it; `undefined` when there is none. */
export type Described = Scripted | undefined;

export interface ScriptedDrills {
  readonly rds: ScriptedAws;
  around(more?: Partial<DrillSurroundings>): DrillSurroundings;
  /** Writes down that a drill was asked for, some time ago. */
  request(more?: Partial<DrillRequest>, agoMs?: number, id?: string): Promise<void>;
  /** Writes down that the drill has come to these stages. */
  reach(...stages: readonly ('available' | 'queryable' | 'verdict')[]): Promise<void>;
  /** What RDS says of the instance of the drill, in turn; `undefined` when it is not there. */
  instance(...described: readonly Described[]): void;
  /** What is written down of drills: its stage and what is told of it, the oldest first. */
  written(): Promise<readonly (readonly [drill: string, stage: string, detail: unknown])[]>;
}

const id = '000001';
export const drillInstance = `${drillPrefix}${id}`;

/** Drills whose RDS answers what a test has written down, and whose evidence is kept in an S3 of the file's own. */
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
        throw new Error('nobody was to ask production');
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
      await recordStage(ofId, requestedAt, 'requested', request, requestedAt);
    },
    async reach(...stages) {
      for (const stage of stages) {
        const verdict = { passed: true, summary: 'Proven.' };
        await recordStage(id, requestedAt, stage, stage === 'verdict' ? verdict : {}, new Date());
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
      return records.map(({ drill, stage, detail }) => [drill, stage, detail] as const);
    },
  };
}
