import type { Client } from 'pg';
import type { Step } from '../book/book.ts';
import type { IsolationReport } from '../lint/isolation-lint.ts';
import { watchWall } from '../lint/wall-watch.ts';
import { applyMigration } from './apply-migration.ts';
import type { BackfillProgress } from './backfill/apply-backfill.ts';
import { defaultBatchLimits } from './backfill/batch-size.ts';
import { defaultPauseLimits } from './backfill/throttle.ts';
import { applyFunctions } from './functions/apply-functions.ts';
import type { MigrateOptions, MigrationReport } from './options.ts';

/** What a run has applied, in order. */
export interface StepsDone {
  readonly migrations: MigrationReport['applied'];
  readonly functions: MigrationReport['functions']['applied'];
  /** Set when the run has stopped because the wall was opened. */
  readonly opened?: { readonly after: readonly string[]; readonly isolation: IsolationReport };
}

export interface StepsOptions extends Omit<MigrateOptions, 'directory'> {
  /** Whether a migration that is still to be applied drops the routine `schema.name`. */
  readonly isDropped: (routine: string) => boolean;
}

/**
 * Runs the steps of a plan. With rules, it looks at the wall after each migration, and before it after the function files that
 * ran since: what one of them opens is seen before the next migration runs.
 */
export async function runSteps(
  client: Client,
  steps: readonly Step[],
  options: StepsOptions,
): Promise<StepsDone> {
  const { rules = [], onProgress: report = () => {} } = options;
  await report({ kind: 'planned', pending: steps.map(({ file: { name } }) => name) });
  const migrations: StepsDone['migrations'][number][] = [];
  const functions: StepsDone['functions'][number][] = [];
  const wall = rules.length > 0 && steps.length > 0 ? await watchWall(client, rules) : undefined;
  let unseen: string[] = [];
  for (const [index, step] of steps.entries()) {
    options.signal?.throwIfAborted();
    const { name } = step.file;
    unseen.push(name);
    if (step.kind === 'functions') {
      await report({ kind: 'applying', name });
      const durationMs = await applyFunctions(client, step.file, contextOf(name, options));
      await report({ kind: 'applied', name, durationMs });
      functions.push({ name, durationMs });
    } else {
      if (step.file.isContract) await options.beforeContract?.(step.file, client, { dryRun: false });
      await report({ kind: 'applying', name });
      const applied = await applyMigration(client, step.file, contextOf(name, options));
      await report({ kind: 'applied', name, durationMs: applied.durationMs });
      migrations.push({ number: step.file.number, name, ...applied });
    }
    if (step.kind === 'functions' && steps[index + 1]?.kind === 'functions') continue;
    const isolation = await wall?.look();
    if (isolation) return { migrations, functions, opened: { after: unseen, isolation } };
    unseen = [];
  }
  return { migrations, functions };
}

function contextOf(name: string, options: StepsOptions) {
  const report = options.onProgress ?? (() => {});
  return {
    lockTimeoutMs: options.lockTimeoutMs ?? 200,
    lockAttempts: options.lockAttempts ?? 60,
    backfillBatch: options.backfillBatch ?? defaultBatchLimits.backfillBatch,
    batchTimeMs: options.batchTimeMs ?? defaultBatchLimits.batchTimeMs,
    maxReplicaLagMs: options.maxReplicaLagMs ?? defaultPauseLimits.maxReplicaLagMs,
    maxReplicaLagBytes: options.maxReplicaLagBytes ?? defaultPauseLimits.maxReplicaLagBytes,
    maxTransactionAgeMs: options.maxTransactionAgeMs ?? defaultPauseLimits.maxTransactionAgeMs,
    maxPauseMs: options.maxPauseMs ?? defaultPauseLimits.maxPauseMs,
    signal: options.signal,
    isDropped: options.isDropped,
    onRetry: (attempt: number, error: Error) =>
      report({ kind: 'retrying', name, attempt, reason: error.message }),
    onBatch: (progress: BackfillProgress) => report({ kind: 'filling', name, ...progress }),
    onPause: (reason: string, pausedMs: number) => report({ kind: 'pausing', name, reason, pausedMs }),
    onBlind: () => report({ kind: 'blind', name }),
  };
}
