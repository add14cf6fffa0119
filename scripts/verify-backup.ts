import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { drillConfig } from '#platform/config.ts';
import { environment } from '#platform/environment.ts';
import { Unavailable } from '#platform/errors.ts';
import {
  abandonDrill,
  beginDrill,
  type DrillState,
  type DrillSurroundings,
  tickDrill,
} from '#recovery/drill.ts';
import { copyUrl } from '#recovery/drill-copy-url.ts';
import type { DrillWish } from '#recovery/drill-plan.ts';
import { newestDrill } from '#recovery/drill-records.ts';
import { recoveryPolicy } from '#recovery/policy.ts';
import { readProofBook } from '#recovery/proofs/book.ts';
import { useLocalAws } from './cli/aws-environment.ts';
import { command } from './cli/command.ts';
import { withRole } from './cli/connect.ts';
import { databaseOptions, findDatabaseUrl } from './cli/database-url.ts';
import { UsageError } from './cli/failure.ts';
import * as option from './cli/option.ts';
import { paths } from './paths.ts';
import { drillText, outcomeText } from './recovery/drill-report.ts';

/** RDS takes minutes, the local one seconds. */
const pollMs = 500;

await command({
  name: 'verify:backup',
  summary: 'Restores a backup beside production, proves the ledger in it, and tears it down.',
  description: [
    'It restores the newest snapshot, or what is asked for, into an instance of its own, and proves the schema, every page,',
    'every balance and every seal in it; what it lacks of production is the loss. What happened is written down in the',
    'evidence bucket. A drill that was broken off is carried on with, by whoever comes next.',
    'Exit code 0 when everything was proven, 1 when something was not, or could not be.',
  ].join('\n'),
  options: {
    snapshot: option.text({ description: 'this snapshot instead of the newest', placeholder: 'id' }),
    at: option.instant({
      description: 'a point in time instead of a snapshot, such as 2026-03-01T09:30:00Z',
    }),
    keep: option.flag({ description: 'leave the restored instance there until its lifetime is over' }),
    ...databaseOptions,
  },
  examples: [
    { type: '', does: 'restores and proves the newest snapshot' },
    { type: '--at 2026-03-01T09:30:00Z', does: 'restores and proves that point in time' },
    { type: '--keep --json', does: 'leaves the restored instance for looking at it' },
  ],
  run: async ({ options, signal, note }) => {
    const databaseUrl = await findDatabaseUrl(options);
    await useLocalAws(options);
    const sqlDirectory = join(paths.root, 'sql');
    const network = drillConfig({ ...process.env, [environment.sqlDirectory]: sqlDirectory });
    const around: DrillSurroundings = {
      source: network.source,
      network,
      production: (work) => withRole(databaseUrl, 'stockade_jobs', work),
      urlOf: (address) => copyUrl({ url: databaseUrl, maxConnections: 1, deadlineMs: 0 }, address),
      book: await readProofBook(sqlDirectory),
      policy: recoveryPolicy,
      time: { remainingMs: () => Number.POSITIVE_INFINITY },
      pollMs,
      signal,
      onOutcome: (outcome) => note(outcomeText(outcome)),
    };
    const begunAt = new Date();
    const drill = await beginDrill(around, wishOf(options), { keep: options.keep, now: begunAt });
    note(
      drill.requestedAt < begunAt
        ? `Drill ${drill.id} of ${drill.requestedAt.toISOString()} is not over: carrying on with it.`
        : `Drill ${drill.id}: restoring ${drill.request.snapshot ?? drill.request.source} as of ${drill.request.asOf} …`,
    );
    const { drill: over, waitsFor } = await carryOn(around, note);
    const text = [drillText(over), ...(waitsFor ? [`It waits for ${waitsFor}.`] : [])].join('\n');
    return { text, json: over, failed: !over.verdict?.passed };
  },
});

function wishOf({ snapshot, at }: { snapshot: string | undefined; at: Date | undefined }): DrillWish {
  if (at === undefined) return { kind: 'snapshot', snapshot };
  if (snapshot !== undefined)
    throw new UsageError('--snapshot and --at exclude each other', 'Which of them is to be restored?');
  return { kind: 'point-in-time', at };
}

/** Ticks until the drill is over. Stopped, it is given up and torn down all the same. */
async function carryOn(around: DrillSurroundings, note: (line: string) => void): Promise<DrillState> {
  let { signal } = around;
  let said: string | undefined;
  for (;;) {
    try {
      const state = await tickDrill({ ...around, signal });
      if (!state) throw new Error('the drill that was begun is not written down any more');
      const { waitsFor, drill } = state;
      if (waitsFor === undefined || (drill.request.keep && drill.verdict)) return state;
      if (waitsFor !== said) note(`Waiting for ${waitsFor} …`);
      said = waitsFor;
    } catch (error) {
      if (signal?.aborted) {
        const drill = await newestDrill();
        if (drill) await abandonDrill(drill, 'It was interrupted.');
        signal = undefined;
      } else if (error instanceof Unavailable) note(error.message);
      else throw error;
    }
    await sleep(around.pollMs, undefined, { signal }).catch(() => {});
  }
}
