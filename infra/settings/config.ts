import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { ConfigurationError } from './configuration-error.ts';

/** The stages. A stage is a complete copy of Stockade, with its own stacks and its own database. */
export type StageName = 'dev' | 'prod';

/** The Lambda resources of a function. */
export interface FunctionSize {
  /** Lambda gives CPU in proportion to memory; 1769 MB is one whole core. */
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  /** The maximum number of instances of one function at a time. `undefined` shares the pool of the account. */
  readonly reservedConcurrency: number | undefined;
}

/** Everything that differs between stages, numbers first. */
export interface StageConfig {
  readonly name: StageName;
  readonly api: {
    /** Requests per second over all routes and callers. Above this rate API Gateway answers 429. */
    readonly throttleRatePerSecond: number;
    /** The number of requests that may arrive at once before the rate applies. */
    readonly throttleBurstRequests: number;
  };
  /** Its timeout is shorter than API Gateway's 29 seconds, so that the function can send its own answer. */
  readonly apiFunction: FunctionSize;
  /**
   * The pass key that the functions use. To rotate the key, raise the number by one and deploy: the deploy ends by removing
   * the keys of other numbers. It matters only where tokens are accepted.
   */
  readonly passKeyGeneration: number;
  /** One run at a time: a second run would only wait for what the first has taken. */
  readonly jobFunction: FunctionSize;
  /** The number of days in which nobody can delete evidence, not even the owner of the account. It cannot be shortened later. */
  readonly evidenceRetentionDays: number;
  /**
   * The bucket that evidence is written to. Raise the number by one after you restored the database to a time before its
   * newest seals: their anchors exist already, so these seals cannot be created again. The buckets of lower numbers stay.
   */
  readonly evidenceGeneration: number;
  readonly alarms: {
    /** The alarm starts at this many 5xx answers within five minutes. */
    readonly serverErrorsIn5Minutes: number;
    /** The alarm starts at this many requests within five minutes whose credential belongs to another organization than they name. */
    readonly organizationMismatchesIn5Minutes: number;
  };
  /** The `<env>` part of this stage's API keys, `sk_<env>_…`. */
  readonly keyEnvironment: 'live' | 'test';
  readonly logRetentionDays: RetentionDays;
  /** Whether log groups outlive their stack. */
  readonly keepsLogs: boolean;
}

const stages: Readonly<Record<StageName, StageConfig>> = {
  dev: {
    name: 'dev',
    api: { throttleRatePerSecond: 50, throttleBurstRequests: 100 },
    // A new account has only ten concurrent executions, and AWS refuses to reserve any of them.
    apiFunction: { memoryMb: 512, timeoutSeconds: 15, reservedConcurrency: undefined },
    passKeyGeneration: 1,
    jobFunction: { memoryMb: 512, timeoutSeconds: 900, reservedConcurrency: undefined },
    evidenceRetentionDays: 1,
    evidenceGeneration: 1,
    alarms: { serverErrorsIn5Minutes: 5, organizationMismatchesIn5Minutes: 50 },
    keyEnvironment: 'test',
    logRetentionDays: RetentionDays.TWO_WEEKS,
    keepsLogs: false,
  },
  prod: {
    name: 'prod',
    api: { throttleRatePerSecond: 1000, throttleBurstRequests: 2000 },
    // Every instance holds one connection: this number times the functions must fit the database's max_connections.
    apiFunction: { memoryMb: 1024, timeoutSeconds: 15, reservedConcurrency: 25 },
    passKeyGeneration: 1,
    jobFunction: { memoryMb: 1024, timeoutSeconds: 900, reservedConcurrency: 1 },
    evidenceRetentionDays: 400,
    evidenceGeneration: 1,
    alarms: { serverErrorsIn5Minutes: 5, organizationMismatchesIn5Minutes: 50 },
    keyEnvironment: 'live',
    logRetentionDays: RetentionDays.THREE_MONTHS,
    keepsLogs: true,
  },
};

/**
 * The configuration of the stage in `-c stage=…`. The default is `dev`.
 * @throws ConfigurationError when there is no such stage
 */
export function stageConfig(stage: unknown = 'dev'): StageConfig {
  if (typeof stage === 'string' && Object.hasOwn(stages, stage)) return stages[stage as StageName];
  const known = Object.keys(stages).join(', ');
  throw new ConfigurationError(
    `There is no stage ${JSON.stringify(stage)}: pass -c stage=… with one of ${known}`,
  );
}
