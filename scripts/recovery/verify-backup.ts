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

/** RDS needs minutes, the local RDS seconds. */
const pollMs = 500;
/** Longer than the job can need to prove a copy. */
const standBackMs = 20 * 60_000;

await command({
  name: 'verify:backup',
  summary: 'Restores a backup beside production, proves the ledger in it, and tears it down.',
  description: [
    'It restores the newest snapshot (or the one you name, or a point in time) into a new instance, and proves the schema,',
    'every page, every balance and every seal in it. It measures the data loss against production. The evidence bucket',
    'records the result. After an interruption, the next run of the command or the job continues the drill.',
    'With --copy it proves a database that you restored yourself, anywhere and by any means. This needs no AWS. Proofs that do',
    'not apply there are listed separately, and do not count as passed.',
    'Exit code 0 when everything was proven, 1 when a proof failed or could not run.',
  ].join('\n'),
  options: {
    snapshot: option.text({ description: 'restore this snapshot instead of the newest', placeholder: 'id' }),
    at: option.instant({
      description: 'restore a point in time instead of a snapshot, such as 2026-03-01T09:30:00Z',
    }),
    copy: option.postgresUrl({
      description:
        'prove this restored database instead of restoring one; connect as its superuser or master, and pass its time as --at',
    }),
    keep: option.flag({ description: 'keep the restored instance until its lifetime ends' }),
    ...databaseOptions,
  },
  examples: [
    { type: '', does: 'restores and proves the newest snapshot' },
    { type: '--at 2026-03-01T09:30:00Z', does: 'restores and proves that point in time' },
    {
      type: '--copy postgres://… --at 2026-03-01T02:00:00Z --database-url postgres://…',
      does: 'proves a copy that you restored, and measures its data loss against production',
    },
    { type: '--keep --json', does: 'keeps the restored instance, so that you can examine it' },
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
      onWaiting: (why) => note(`The copy does not accept connections yet: ${why} …`),
    };
    const begunAt = new Date();
    const drill = await beginDrill(around, wishOf(options), { keep: options.keep, now: begunAt });
    note(
      drill.requestedAt < begunAt
        ? `Drill ${drill.id} of ${drill.requestedAt.toISOString()} has not ended: continuing it.`
        : `Drill ${drill.id}: restoring ${drill.request.snapshot ?? drill.request.source} as of ${drill.request.asOf} …`,
    );
    const { drill: over, waitsFor } = await carryOn(around, note);
    const text = [drillText(over), ...(waitsFor ? [`The drill waits for ${waitText(waitsFor)}.`] : [])].join(
      '\n',
    );
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
    throw new UsageError(
      '--copy excludes --snapshot and --keep',
      'The copy is restored already, and is not deleted.',
    );
  if (options.at === undefined)
    throw new UsageError(
      '--copy needs --at, the point in time of the copy',
      'For a base backup or a dump, that is the time when it began. It decides what the copy must contain.',
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
    throw new UsageError('--snapshot and --at exclude each other', 'Pass one of them.');
  return { kind: 'point-in-time', at };
}

/**
 * Ticks until the drill has ended. When the user interrupts it, the drill is abandoned and torn down, unless another
 * process is proving it: the job and every command continue the same drill.
 */
async function carryOn(around: DrillSurroundings, note: (line: string) => void): Promise<DrillState> {
  let { signal } = around;
  let said: string | undefined;
  for (;;) {
    let isOurs = true;
    try {
      const state = await tickDrill({ ...around, signal });
      if (!state) throw new Error('the record of the drill is gone');
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

/** Waits for the verdict of the process that is proving the drill, but not forever: it may have died. */
async function standBack(id: string, { pollMs, signal }: DrillSurroundings): Promise<void> {
  const until = Date.now() + standBackMs;
  while (Date.now() < until) {
    const drill = await newestDrill();
    if (drill?.id !== id || drill.verdict) return;
    await sleep(pollMs, undefined, { signal });
  }
}
