import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { ConfigurationError } from './configuration-error.ts';

/** The stages that exist. A stage is a whole copy of Stockade: its own stacks, its own database. */
export type StageName = 'dev' | 'prod';

/** How much of Lambda a function gets. */
export interface FunctionSize {
  /** Lambda gives CPU in proportion to memory; 1769 MB is one whole core. */
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  /** Instances one function may have at once; `undefined` shares the account's pool. */
  readonly reservedConcurrency: number | undefined;
}

/** Everything that differs between stages, numbers first. */
export interface StageConfig {
  readonly name: StageName;
  readonly api: {
    /** Requests a second over all routes and callers; past it API Gateway answers 429. */
    readonly throttleRatePerSecond: number;
    /** Requests that may arrive at once before the rate applies. */
    readonly throttleBurstRequests: number;
  };
  /** Its timeout is below the 29 seconds after which API Gateway gives up, so that the function's own answer arrives. */
  readonly apiFunction: FunctionSize;
  /**
   * Which pass key the functions make passes with. Raise it by one and deploy to rotate the key; keys of other numbers
   * are given up at the end of that deploy. It counts only where tokens are accepted.
   */
  readonly passKeyGeneration: number;
  /** One that runs alone finds nobody in its way: a second run at once would only wait for what the first has taken. */
  readonly jobFunction: FunctionSize;
  /** Days for which nobody can delete evidence, the owner of the account included: it cannot be shortened afterwards. */
  readonly evidenceRetentionDays: number;
  /**
   * Which bucket evidence is written to. Raise it by one when the database was brought back to before its newest seals: they
   * are written down and cannot be made again. The buckets of lower numbers stay as they are.
   */
  readonly evidenceGeneration: number;
  readonly alarms: {
    /** Answers 5xx within five minutes that are one too many. */
    readonly serverErrorsIn5Minutes: number;
    /** Requests within five minutes whose credential belongs to another organization than they name. */
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
    // A new account has ten concurrent executions in all and refuses to reserve any of them.
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
 * The configuration of the stage asked for with `-c stage=…`; `dev` when none is.
 * @throws ConfigurationError when there is no such stage
 */
export function stageConfig(stage: unknown = 'dev'): StageConfig {
  if (typeof stage === 'string' && Object.hasOwn(stages, stage)) return stages[stage as StageName];
  const known = Object.keys(stages).join(', ');
  throw new ConfigurationError(
    `There is no stage ${JSON.stringify(stage)}: pass -c stage=… with one of ${known}`,
  );
}
