import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as rds from '@aws-sdk/client-rds';
import { sendAlertProbe } from '#recovery/monitor/alert-probe.ts';
import type { CheckResult } from '#recovery/monitor/check.ts';
import { checkBackups, type MonitorOptions } from '#recovery/monitor/monitor.ts';
import { configuredSource } from '#recovery/monitor/source-of.ts';
import { recoveryPolicy } from '#recovery/policy.ts';
import { readProofBook } from '#recovery/proofs/book.ts';
import { type ProofReport, type ProveOptions, proveCopy } from '#recovery/proofs/prove-copy.ts';
import type { MigratedSeed } from '#scripts/local/migrated-seed.ts';
import { restoreCluster } from '#scripts/local/postgres/backup/restored-cluster.ts';
import { startCluster } from '#scripts/local/postgres/cluster.ts';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';
import { paths } from '#scripts/paths.ts';
import { inJobs } from '#tenancy/jobs.ts';
import { type Clone, cloneDatabase } from '../clone.ts';
import { setStage } from '../reconciliation/stage.ts';
import { type BackedUp, databaseName, goodDrill, instance, startBackedUp } from './backed-up.ts';
import { type Drilling, openDrilling } from './drilling.ts';

/**
 * A ledger that is sealed, anchored and backed up as it must be, with drills, monitor and proofs that work on it: what
 * is sabotaged.
 */
export interface RecoveryStage extends AsyncDisposable, Drilling {
  readonly world: BackedUp;
  /** A database of the caller's own in a restored instance, as the backup has it. */
  copy(): Promise<Clone>;
  /** A cluster of the caller's own, restored from the backup, whose files `damage` may change while it is stopped. */
  restore(damage?: Damage): Promise<RestoredCopy>;
  /** Proves a copy of the backup that the stage began with. */
  prove(databaseUrl: string, more?: Partial<ProveOptions>): Promise<ProofReport>;
  /** What every check of the monitor says; the log has just been archived, and a drill has passed. */
  look(options?: Partial<MonitorOptions>): Promise<CheckResult[]>;
  /** Takes an automated snapshot of production as it is, with a heartbeat in it. */
  backUp(): Promise<void>;
}

export interface Damage {
  /** Asked of the database while it is whole, for `damage`. */
  readonly ask: (databaseUrl: string) => Promise<string>;
  /** Changes the files of the stopped server. `answer` is what was asked. */
  readonly damage: (dataDirectory: string, answer: string) => Promise<void>;
  /** What the server is started with again. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface RestoredCopy extends AsyncDisposable {
  readonly databaseUrl: string;
}

const restored = 'restored';
/** The proof is of an instant at which everything had long been sealed. */
const agedMs = 120_000;

/** Sets it up; production is made from the files of a migrated cluster when there are some. */
export async function setRecoveryStage(seed?: MigratedSeed): Promise<RecoveryStage> {
  const world = await startBackedUp(seed);
  const folder = makeScratchFolder('restored');
  const dispose = async () => {
    await world[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return await fill(world, folder, dispose);
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function fill(world: BackedUp, folder: string, dispose: () => Promise<void>): Promise<RecoveryStage> {
  const local = world.aws.rds;
  const drilling = await openDrilling(instance, world.adminUrl, local);
  const book = await readProofBook(join(paths.root, 'sql'));
  const client = world.client();

  async function backUp(): Promise<void> {
    await drilling.beat();
    await local.round({ snapshotEveryMs: 0 });
    await local.settled();
  }

  await setStage(world.adminUrl);
  await inJobs((jobs) => sendAlertProbe(jobs, recoveryPolicy, new Date()));
  await world.received();
  await drilling.beat();
  const backedUpAt = new Date();
  const snapshot = 'whole';
  await world.takeSnapshot(snapshot);
  await backUp();
  await client.send(
    new rds.RestoreDBInstanceFromDBSnapshotCommand({
      DBInstanceIdentifier: restored,
      DBSnapshotIdentifier: snapshot,
      BackupRetentionPeriod: 0,
    }),
  );
  await local.settled();
  let copies = 0;

  return {
    ...drilling,
    world,
    backUp,
    async copy() {
      const cluster = local.clusterOf(restored);
      if (!cluster) throw new Error(`the instance ${restored} was not restored`);
      return await cloneDatabase(cluster.url, databaseName);
    },
    async restore(damage) {
      copies += 1;
      const directory = join(folder, `restored-${copies}`);
      const password = decodeURIComponent(new URL(world.cluster.url).password);
      const backup = local.folderOf(snapshot);
      let cluster = await restoreCluster({ backup, directory, password, durable: false });
      if (damage) {
        try {
          const answer = await damage.ask(inDatabase(cluster.url));
          await cluster.stop();
          await damage.damage(cluster.dataDirectory, answer);
          cluster = await startCluster({ directory, durable: false, settings: damage.settings });
        } catch (error) {
          await cluster.destroy();
          throw error;
        }
      }
      return { databaseUrl: inDatabase(cluster.url), [Symbol.asyncDispose]: () => cluster.destroy() };
    },
    prove: (databaseUrl, more = {}) =>
      proveCopy({
        connectionString: databaseUrl,
        book,
        asOf: new Date(backedUpAt.getTime() + agedMs),
        requestedAt: new Date(),
        ...more,
      }),
    look: async (options = {}) =>
      await checkBackups({
        rds: configuredSource(),
        inJobs,
        lastDrill: async () => goodDrill(options.now),
        ...options,
      }),
    [Symbol.asyncDispose]: dispose,
  };
}

function inDatabase(clusterUrl: string): string {
  const url = new URL(clusterUrl);
  url.pathname = databaseName;
  return url.href;
}
