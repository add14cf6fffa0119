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

/** RDS takes minutes, the local one seconds. */
const pollMs = 500;
const sqlDirectory = join(paths.root, 'sql');

/** What is to be restored of the instance that the environment names. */
export interface PlannedRestore {
  readonly plan: BesidePlan;
  /** The identifier of production. */
  readonly source: string;
  /** For people: what of what, into which instance. */
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

/** Restores as planned and proves it, telling how it goes on; interrupted, that what was begun stays. */
export async function carryOut(
  { plan, what }: PlannedRestore,
  { databaseUrl, signal, note }: { databaseUrl: string; signal: AbortSignal; note: (line: string) => void },
): Promise<Beside> {
  note(`${plan.isBegun ? 'Carrying on' : 'Restoring'}: ${what} …`);
  try {
    return await prepareBeside(plan, {
      book: await readProofBook(sqlDirectory),
      production: (work) => withRole(databaseUrl, 'stockade_jobs', work),
      urlOf: (address) => copyUrl({ url: databaseUrl, maxConnections: 1, deadlineMs: 0 }, address),
      pollMs,
      giveUpAfterMs: recoveryPolicy.recoveryTimeMs.fail,
      signal,
      onStatus: (status) => note(`${plan.name} is ${status} …`),
      onWaiting: (why) => note(`${plan.name} lets nobody in yet: ${why} …`),
      onOutcome: (outcome) => note(outcomeText(outcome)),
    });
  } catch (error) {
    if (signal.aborted) note(staying(plan.name));
    throw error;
  }
}

/** That an instance is not deleted by whoever has made it. */
export function staying(name: string): string {
  return `${name} stays, and costs: the same command carries on, or ${deletion(name).join(' && ')}`;
}
