import { setTimeout as sleep } from 'node:timers/promises';
import { AwsRefused } from '#platform/aws/call.ts';
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

/** What to restore, and the name of the new instance. */
export interface BesidePlan extends RestoreSource {
  /** The instance that is production. The restore does not change it. */
  readonly production: DBInstance;
  readonly name: string;
  /** An earlier command began this restore and did not finish it. */
  readonly isBegun: boolean;
}

/**
 * Decides what to restore. Changes nothing.
 * @throws RecoveryRefused when the source cannot be restored, or when the name is taken
 */
export async function planBeside(source: string, wish: DrillWish, name: string): Promise<BesidePlan> {
  if (name === source || name.startsWith(drillPrefix)) {
    throw new RecoveryRefused(
      `${name} is ${name === source ? 'production' : 'a name that only drills use'}: choose another name.`,
    );
  }
  const production = await describeInstance(source);
  if (!production) {
    throw new RecoveryRefused(
      `There is no instance ${source}.`,
      'Check the account and the region. If it was deleted, see docs/DISASTER_RECOVERY.md, "The instance is lost".',
    );
  }
  const { snapshot, asOf } = await planDrill('', source, wish, true);
  const from = { snapshot, asOf };
  const taken = await describeInstance(name);
  const takenBy = taken?.TagList?.find(({ Key }) => Key === besideTag)?.Value;
  if (taken && takenBy !== besideTagValue(from)) {
    throw new RecoveryRefused(
      takenBy === undefined
        ? `The instance ${name} already exists, and no restore created it: choose another name.`
        : `${name} was already restored from ${takenBy}: choose another name, or delete it.`,
    );
  }
  return { ...from, production, name, isBegun: taken !== undefined };
}

export interface BesideOptions {
  readonly book: ProofBook;
  readonly production: InJobs;
  /** The URL of the database in the restored instance. */
  readonly urlOf: (address: CopyAddress) => string;
  /** The pause between two looks at the instance. */
  readonly pollMs: number;
  readonly giveUpAfterMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Called when the status of the instance changes. */
  readonly onStatus?: (status: string) => void;
  /** Called with the reason when an available instance does not accept connections yet. */
  readonly onWaiting?: (why: string) => void;
  readonly onOutcome?: (outcome: ProofOutcome) => void;
}

/** A database that was restored beside production. */
export interface Beside {
  readonly instance: DBInstance;
  /** Connects as the master, with a new password that nobody else knows. */
  readonly url: string;
  readonly proofs: ProofReport;
  readonly availableAfterMs: number;
  readonly provenAfterMs: number;
}

/**
 * Restores an instance beside production, waits for it and proves it. The instance stays even when a proof fails, so that
 * you can examine it. After an interruption, call it again with the same plan: it carries on.
 * @throws RecoveryRefused when the instance does not become available
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
      // The wait lasts an hour: one missing answer does not matter.
      if (error instanceof Unavailable && !(error instanceof AwsRefused)) return undefined;
      throw error;
    });
    const status = instance?.DBInstanceStatus ?? 'not visible';
    if (instance && status === 'available') return instance;
    if (isHopeless(status) || Date.now() > giveUpAt) {
      throw new RecoveryRefused(
        `${name} is ${status} and did not become available. It was not deleted, so that you can examine it.`,
      );
    }
    if (status !== said) onStatus?.(status);
    said = status;
    await sleep(pollMs, undefined, { signal });
  }
}
