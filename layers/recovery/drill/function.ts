import type { TimeLeft } from '#audit/reconciliation/walk.ts';
import { drillConfig, jobsDatabaseConfig } from '#platform/config.ts';
import { inJobs } from '#tenancy/jobs.ts';
import { recoveryPolicy } from '../policy.ts';
import { readProofBook } from '../proofs/book.ts';
import { beginDrill, dueDrill } from './begin.ts';
import { copyUrl } from './copy-url.ts';
import { type DrillState, tickDrill } from './drill.ts';
import type { DrillSurroundings } from './surroundings.ts';

const pollMs = 5_000;
/** When less time than this is left, the tick is interrupted. The next tick repeats the interrupted step. */
const reserveMs = 20_000;

/** Begins a drill when one is due, and continues the newest drill. Undefined before the first drill. */
export async function carryOnDrills(time: TimeLeft): Promise<DrillState | undefined> {
  const network = drillConfig();
  const database = jobsDatabaseConfig();
  const around: DrillSurroundings = {
    source: network.source,
    network,
    production: inJobs,
    urlOf: (address) => copyUrl(database, address),
    book: await readProofBook(network.sqlDirectory),
    policy: recoveryPolicy,
    time,
    pollMs,
    signal: AbortSignal.timeout(Math.max(0, time.remainingMs() - reserveMs)),
  };
  const due = await dueDrill(recoveryPolicy.drillEveryMs);
  if (due) await beginDrill(around, due);
  return await tickDrill(around);
}
