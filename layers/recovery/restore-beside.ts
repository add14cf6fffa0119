import { setTimeout as sleep } from 'node:timers/promises';
import { AwsRefused } from '#platform/aws-call.ts';
import { Unavailable } from '#platform/errors.ts';
import { type CopyAddress, openCopy } from './drill/copy.ts';
import { type DrillWish, planDrill } from './drill/plan.ts';
import type { InJobs } from './in-jobs.ts';
import type { ProofBook } from './proofs/book.ts';
import type { ProofOutcome } from './proofs/proof.ts';
import { type ProofReport, proveCopy } from './proofs/prove-copy.ts';
import { type DBInstance, describeInstance, drillPrefix, isHopeless } from './rds/rds.ts';
import {
  besideTag,
  besideTagValue,
  type RestoreSource,
  restoreBeside,
  setBesidePassword,
} from './rds/rds-beside.ts';
import { RecoveryRefused } from './recovery-refused.ts';

/** What is to be restored, and under which name. */
export interface BesidePlan extends RestoreSource {
  /** The instance that is production. Nothing is done to it. */
  readonly production: DBInstance;
  readonly name: string;
  /** It was begun before, by a command that did not come to its end. */
  readonly isBegun: boolean;
}

/**
 * Decides what exactly is restored, and changes nothing.
 * @throws RecoveryRefused when there is nothing of the kind to be restored, or the name is not free
 */
export async function planBeside(source: string, wish: DrillWish, name: string): Promise<BesidePlan> {
  if (name === source || name.startsWith(drillPrefix)) {
    throw new RecoveryRefused(
      `${name} is ${name === source ? 'production' : 'the name of a drill'}: choose another name.`,
    );
  }
  const production = await describeInstance(source);
  if (!production) {
    throw new RecoveryRefused(
      `There is no instance ${source}.`,
      'Is it the right account and region? If it was deleted: docs/DISASTER_RECOVERY.md, "The instance is lost".',
    );
  }
  const { snapshot, asOf } = await planDrill('', source, wish, true);
  const from = { snapshot, asOf };
  const taken = await describeInstance(name);
  const takenBy = taken?.TagList?.find(({ Key }) => Key === besideTag)?.Value;
  if (taken && takenBy !== besideTagValue(from)) {
    throw new RecoveryRefused(
      takenBy === undefined
        ? `There is an instance ${name} already, which no restore has made: choose another name.`
        : `${name} was restored from ${takenBy} already: choose another name, or delete it.`,
    );
  }
  return { ...from, production, name, isBegun: taken !== undefined };
}

export interface BesideOptions {
  readonly book: ProofBook;
  readonly production: InJobs;
  /** The URL of the database in the restored instance. */
  readonly urlOf: (address: CopyAddress) => string;
  /** Between two looks at what takes a while. */
  readonly pollMs: number;
  readonly giveUpAfterMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Called when the instance is in another status. */
  readonly onStatus?: (status: string) => void;
  /** Called with why it lets nobody in yet, although it is available. */
  readonly onWaiting?: (why: string) => void;
  readonly onOutcome?: (outcome: ProofOutcome) => void;
}

/** A restored database beside production. */
export interface Beside {
  readonly instance: DBInstance;
  /** As its master, whose password was made now and is known to nobody else. */
  readonly url: string;
  readonly proofs: ProofReport;
  readonly availableAfterMs: number;
  readonly provenAfterMs: number;
}

/**
 * Restores beside production, waits, and proves what is there. Whatever the proofs say, the instance stays: somebody has
 * to look at it. Broken off, it is carried on with by the next call of the same plan.
 * @throws RecoveryRefused when the instance will not become available
 */
export async function prepareBeside(plan: BesidePlan, options: BesideOptions): Promise<Beside> {
  const { book, production, pollMs, giveUpAfterMs, signal, onOutcome } = options;
  const requestedAt = new Date();
  const giveUpAt = requestedAt.getTime() + giveUpAfterMs;
  if (!plan.isBegun) await restoreBeside(plan.production, plan.name, plan);
  const instance = await untilAvailable(plan.name, giveUpAt, options);
  const availableAfterMs = Date.now() - requestedAt.getTime();
  const url = await openCopy(instance, options.urlOf, {
    giveUpAt,
    pollMs,
    signal,
    onWaiting: options.onWaiting,
    setPassword: setBesidePassword,
  });
  const proofs = await proveCopy({
    connectionString: url,
    book,
    production,
    asOf: new Date(plan.asOf),
    requestedAt,
    signal,
    ...(onOutcome && { onOutcome }),
  });
  return { instance, url, proofs, availableAfterMs, provenAfterMs: Date.now() - requestedAt.getTime() };
}

async function untilAvailable(
  name: string,
  giveUpAt: number,
  { pollMs, signal, onStatus }: BesideOptions,
): Promise<DBInstance> {
  let said: string | undefined;
  for (;;) {
    signal?.throwIfAborted();
    const instance = await describeInstance(name).catch((error: unknown) => {
      // One answer more or less, in an hour of waiting.
      if (error instanceof Unavailable && !(error instanceof AwsRefused)) return undefined;
      throw error;
    });
    const status = instance?.DBInstanceStatus ?? 'not to be seen';
    if (instance && status === 'available') return instance;
    if (isHopeless(status) || Date.now() > giveUpAt) {
      throw new RecoveryRefused(`${name} is ${status} and not available. It was left there to be looked at.`);
    }
    if (status !== said) onStatus?.(status);
    said = status;
    await sleep(pollMs, undefined, { signal });
  }
}
