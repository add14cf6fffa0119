import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { drillConfig } from '#platform/config.ts';
import { environment } from '#platform/environment.ts';
import { Unavailable } from '#platform/errors.ts';
import { beginDrill } from '#recovery/drill/begin.ts';
import { copyUrl } from '#recovery/drill/copy-url.ts';
import { abandonDrill, type DrillState, tickDrill } from '#recovery/drill/drill.ts';
import type { DrillWish } from '#recovery/drill/plan.ts';
import { newestDrill } from '#recovery/drill/records.ts';
import type { DrillSurroundings } from '#recovery/drill/surroundings.ts';
import { waitText } from '#recovery/drill/wait.ts';
import { recoveryPolicy } from '#recovery/policy.ts';
import { readProofBook } from '#recovery/proofs/book.ts';
import { useLocalAws } from '../cli/aws-environment.ts';
import { command } from '../cli/command.ts';
import { withRole } from '../cli/database/connect.ts';
import { databaseOptions, findDatabaseUrl, readPlatformFile } from '../cli/database/database-url.ts';
import { CommandError, UsageError } from '../cli/failure.ts';
import * as option from '../cli/option.ts';
import { paths } from '../paths.ts';
import { drillText, outcomeText } from './drill-report.ts';
import { type CopyToVerify, verifyCopy } from './verify-copy.ts';

/** RDS takes minutes, the local one seconds. */
const pollMs = 500;
/** Longer than the job may take to prove a copy. */
const standBackMs = 20 * 60_000;

await command({
  name: 'verify:backup',
  summary: 'Restores a backup beside production, proves the ledger in it, and tears it down.',
  description: [
    'It restores the newest snapshot, or what is asked for, into an instance of its own, and proves the schema, every page,',
    'every balance and every seal in it; what it lacks of production is the loss. What happened is written down in the',
    'evidence bucket. A drill that was broken off is carried on with, by whoever comes next.',
    'With --copy it proves what you have restored yourself, wherever that runs and by whatever means; AWS is not needed. What',
    'does not apply there is told apart and counted with nothing.',
    'Exit code 0 when everything was proven, 1 when something was not, or could not be.',
  ].join('\n'),
  options: {
    snapshot: option.text({ description: 'this snapshot instead of the newest', placeholder: 'id' }),
    at: option.instant({
      description: 'a point in time instead of a snapshot, such as 2026-03-01T09:30:00Z',
    }),
    copy: option.postgresUrl({
      description:
        'prove this restored database, as its superuser or master, instead of restoring one; --at says of when it is to be',
    }),
    keep: option.flag({ description: 'leave the restored instance there until its lifetime is over' }),
    ...databaseOptions,
  },
  examples: [
    { type: '', does: 'restores and proves the newest snapshot' },
    { type: '--at 2026-03-01T09:30:00Z', does: 'restores and proves that point in time' },
    {
      type: '--copy postgres://… --at 2026-03-01T02:00:00Z --database-url postgres://…',
      does: 'proves what was restored by hand, and says what it lacks of production',
    },
    { type: '--keep --json', does: 'leaves the restored instance for looking at it' },
  ],
  run: async ({ options, signal, note }) => {
    if (options.copy !== undefined)
      return await verifyCopy(await copyOf(options, options.copy, signal, note));
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
      onWaiting: (why) => note(`The copy lets nobody in yet: ${why} …`),
    };
    const begunAt = new Date();
    const drill = await beginDrill(around, wishOf(options), { keep: options.keep, now: begunAt });
    note(
      drill.requestedAt < begunAt
        ? `Drill ${drill.id} of ${drill.requestedAt.toISOString()} is not over: carrying on with it.`
        : `Drill ${drill.id}: restoring ${drill.request.snapshot ?? drill.request.source} as of ${drill.request.asOf} …`,
    );
    const { drill: over, waitsFor } = await carryOn(around, note);
    const text = [drillText(over), ...(waitsFor ? [`It waits for ${waitText(waitsFor)}.`] : [])].join('\n');
    return { text, json: over, failed: !over.verdict?.passed };
  },
});

interface CopyOptions {
  readonly snapshot: string | undefined;
  readonly at: Date | undefined;
  readonly keep: boolean;
  readonly databaseUrl: string | undefined;
  readonly data: string;
}

async function copyOf(
  options: CopyOptions,
  copyUrl: string,
  signal: AbortSignal,
  note: (line: string) => void,
): Promise<CopyToVerify> {
  if (options.snapshot !== undefined || options.keep)
    throw new UsageError('--copy excludes --snapshot and --keep', 'It is restored already, and stays there.');
  if (options.at === undefined)
    throw new UsageError(
      '--copy needs --at, the time that the copy is to be of',
      'Without it nobody knows what should be in it: of a base backup or a dump, when that was begun.',
    );
  const platform = await readPlatformFile(options.data).catch((error: unknown) => {
    if (error instanceof CommandError) return undefined;
    throw error;
  });
  const productionUrl = options.databaseUrl ?? (process.env.DATABASE_URL || platform?.adminUrl);
  if (productionUrl !== undefined) await useLocalAws(options);
  return {
    copyUrl,
    at: options.at,
    productionUrl,
    inUse: platform ? [platform.adminUrl] : [],
    book: await readProofBook(join(paths.root, 'sql')),
    signal,
    note,
  };
}

function wishOf({ snapshot, at }: { snapshot: string | undefined; at: Date | undefined }): DrillWish {
  if (at === undefined) return { kind: 'snapshot', snapshot };
  if (snapshot !== undefined)
    throw new UsageError('--snapshot and --at exclude each other', 'Which of them is to be restored?');
  return { kind: 'point-in-time', at };
}

/**
 * Ticks until the drill is over. Stopped, it is given up and torn down all the same, unless somebody else is proving it:
 * the job and every command carry on with the same drill.
 */
async function carryOn(around: DrillSurroundings, note: (line: string) => void): Promise<DrillState> {
  let { signal } = around;
  let said: string | undefined;
  for (;;) {
    let isOurs = true;
    try {
      const state = await tickDrill({ ...around, signal });
      if (!state) throw new Error('the drill that was begun is not written down any more');
      const { waitsFor, drill } = state;
      if (waitsFor === undefined || (drill.request.keep && drill.verdict)) return state;
      const waiting = `Waiting for ${waitText(waitsFor)} …`;
      if (waiting !== said) note(waiting);
      said = waiting;
      if (waitsFor.for === 'other-run') {
        isOurs = false;
        await standBack(drill.id, around);
      }
    } catch (error) {
      if (signal?.aborted) {
        if (!isOurs) throw error;
        const drill = await newestDrill();
        if (drill) await abandonDrill(drill, 'It was interrupted.');
        signal = undefined;
      } else if (error instanceof Unavailable) note(error.message);
      else throw error;
    }
    await sleep(around.pollMs, undefined, { signal }).catch(() => {});
  }
}

/** Waits for the verdict of whoever proves a drill now, and not for ever: they may have died. */
async function standBack(id: string, { pollMs, signal }: DrillSurroundings): Promise<void> {
  const until = Date.now() + standBackMs;
  while (Date.now() < until) {
    const drill = await newestDrill();
    if (drill?.id !== id || drill.verdict) return;
    await sleep(pollMs, undefined, { signal });
  }
}
