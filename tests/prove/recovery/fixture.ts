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
import { createFixture } from '../reconciliation/fixture.ts';
import { type BackedUp, databaseName, goodDrill, instance, startBackedUp } from './backed-up.ts';
import { type Drilling, openDrilling } from './drilling.ts';

/** The ground of every sabotage: a sealed, anchored and backed-up ledger, with working drills, monitor and proofs. */
export interface RecoveryFixture extends AsyncDisposable, Drilling {
  readonly world: BackedUp;
  /** A new database in a restored instance, with the contents of the backup. */
  copy(): Promise<Clone>;
  /** A new cluster, restored from the backup. `damage` may change its files while it is stopped. */
  restore(damage?: Damage): Promise<RestoredCopy>;
  /** Proves a copy of the first backup of the fixture. */
  prove(databaseUrl: string, more?: Partial<ProveOptions>): Promise<ProofReport>;
  /** Runs every check of the monitor. By default the last drill passed. */
  look(options?: Partial<MonitorOptions>): Promise<CheckResult[]>;
  /** Records a heartbeat and takes an automated snapshot of production. */
  backUp(): Promise<void>;
}

export interface Damage {
  /** Asks the undamaged database something for `damage`. */
  readonly ask: (databaseUrl: string) => Promise<string>;
  /** Changes the files of the stopped server. `answer` is the result of `ask`. */
  readonly damage: (dataDirectory: string, answer: string) => Promise<void>;
  /** The settings for the next start of the server. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface RestoredCopy extends AsyncDisposable {
  readonly databaseUrl: string;
}

const restored = 'restored';
/** The proofs assume a restored time this long after the backup, by which every movement was sealed and anchored. */
const agedMs = 120_000;

/** Sets up the fixture. A seed contains the files of a migrated cluster for production. */
export async function createRecoveryFixture(seed?: MigratedSeed): Promise<RecoveryFixture> {
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

async function fill(world: BackedUp, folder: string, dispose: () => Promise<void>): Promise<RecoveryFixture> {
  const local = world.aws.rds;
  const drilling = await openDrilling(instance, world.adminUrl, local);
  const book = await readProofBook(join(paths.root, 'sql'));
  const client = world.client();

  async function backUp(): Promise<void> {
    await drilling.beat();
    await local.round({ snapshotEveryMs: 0 });
    await local.settled();
  }

  await createFixture(world.adminUrl);
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
