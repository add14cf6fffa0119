import { join } from 'node:path';
import { drillConfig } from '#platform/config.ts';
import { environment } from '#platform/environment.ts';
import { copyUrl } from '#recovery/drill/copy-url.ts';
import type { DrillWish } from '#recovery/drill/plan.ts';
import { recoveryPolicy } from '#recovery/policy.ts';
import { readProofBook } from '#recovery/proofs/book.ts';
import { type Beside, type BesidePlan, planBeside, prepareBeside } from '#recovery/restore-beside.ts';
import { withRole } from '../cli/database/connect.ts';
import { paths } from '../paths.ts';
import { deletion } from './cut-over.ts';
import { outcomeText } from './drill-report.ts';

/** RDS needs minutes, the local RDS seconds. */
const pollMs = 500;
const sqlDirectory = join(paths.root, 'sql');

/** A restore of the instance that the environment names. */
export interface PlannedRestore {
  readonly plan: BesidePlan;
  /** The identifier of production. */
  readonly source: string;
  /** For people: the source, the time and the new instance. */
  readonly what: string;
}

/**
 * Decides what a command restores beside production, and changes nothing.
 * @throws RecoveryRefused like {@link planBeside}
 * @throws MissingSetting when the environment does not name the instance
 */
export async function planRestore(wish: DrillWish, name: string): Promise<PlannedRestore> {
  const { source } = drillConfig({ ...process.env, [environment.sqlDirectory]: sqlDirectory });
  const plan = await planBeside(source, wish, name);
  return { plan, source, what: `${plan.snapshot ?? source} as of ${plan.asOf}, into ${plan.name}` };
}

/** Restores as planned and proves it, with notes on the progress. After an interruption, the instance stays. */
export async function carryOut(
  { plan, what }: PlannedRestore,
  { databaseUrl, signal, note }: { databaseUrl: string; signal: AbortSignal; note: (line: string) => void },
): Promise<Beside> {
  note(`${plan.isBegun ? 'Continuing' : 'Restoring'}: ${what} …`);
  try {
    return await prepareBeside(plan, {
      book: await readProofBook(sqlDirectory),
      production: (work) => withRole(databaseUrl, 'stockade_jobs', work),
      urlOf: (address) => copyUrl({ url: databaseUrl, maxConnections: 1, deadlineMs: 0 }, address),
      pollMs,
      giveUpAfterMs: recoveryPolicy.recoveryTimeMs.fail,
      signal,
      onStatus: (status) => note(`${plan.name} is ${status} …`),
      onWaiting: (why) => note(`${plan.name} does not accept connections yet: ${why} …`),
      onOutcome: (outcome) => note(outcomeText(outcome)),
    });
  } catch (error) {
    if (signal.aborted) note(staying(plan.name));
    throw error;
  }
}

/** Reminds the user that the instance is still running. */
export function staying(name: string): string {
  return `${name} stays and costs money. The same command continues. To delete it: ${deletion(name).join(' && ')}`;
}
