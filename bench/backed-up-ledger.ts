import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sealOrganization } from '#audit/seals/seal-organization.ts';
import { closeAwsClients } from '#platform/aws/call.ts';
import { environment } from '#platform/environment.ts';
import { copyUrl } from '#recovery/drill/copy-url.ts';
import type { DrillSurroundings } from '#recovery/drill/surroundings.ts';
import { beat } from '#recovery/heartbeat.ts';
import { recoveryPolicy } from '#recovery/policy.ts';
import { readProofBook } from '#recovery/proofs/book.ts';
import { listSnapshots } from '#recovery/rds/rds.ts';
import { migrate } from '#schema/migrations/migrate.ts';
import { withRole } from '#scripts/cli/database/connect.ts';
import { startLocalAws } from '#scripts/local/aws/loopback.ts';
import { setLogins } from '#scripts/local/logins.ts';
import { startCluster } from '#scripts/local/postgres/cluster.ts';
import { paths } from '#scripts/paths.ts';
import { discard, execute } from './database.ts';
import { connectJobs, makeLedger } from './history.ts';
import { closing } from './interruption.ts';

/** A sealed and anchored ledger on the local RDS, and a snapshot of all of it. */
export interface BackedUpLedger {
  readonly movements: number;
  /** The surroundings that a drill of it needs. */
  readonly around: DrillSurroundings;
  /** The files of the snapshot. */
  readonly snapshotFolder: string;
  /** Production as the superuser. The snapshot has the same password. */
  readonly adminUrl: string;
  /** The folder for copies. */
  readonly directory: string;
  /** Resolves when the local RDS has finished all background work. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

const databaseName = 'stockade';

/** Creates it on its own durable cluster, and sets the environment so that the SDK uses the local AWS. */
export async function openBackedUpLedger(movements: number, items: number): Promise<BackedUpLedger> {
  const directory = await mkdtemp(join(tmpdir(), 'stockade-bench-'));
  // If root runs this, Postgres runs as another user, who needs access.
  await chmod(directory, 0o755);
  const stops: (() => unknown)[] = [() => rm(directory, { recursive: true, force: true })];
  const close = closing(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });
  try {
    const starting = startCluster({ directory: join(directory, 'postgres'), archive: true });
    stops.push(async () => await discard(await starting));
    const cluster = await starting;
    await execute(cluster.url, `create database ${databaseName}`);
    const adminUrl = inDatabase(cluster.url);
    await migrate({ connectionString: adminUrl, directory: paths.migrations });
    await setLogins(adminUrl);
    const ledger = await makeLedger(adminUrl, 'bench', items);
    await ledger.post(movements, items);
    const opening = startLocalAws({
      directory: join(directory, 'aws'),
      database: { identifier: 'stockade', cluster, databaseName },
    });
    stops.push(async () => (await opening).close(), closeAwsClients);
    const aws = await opening;
    process.env[environment.stage] ??= 'test';
    Object.assign(process.env, aws.env);
    const jobs = await connectJobs(adminUrl);
    await sealOrganization(jobs, ledger.orgId);
    await execute(adminUrl, 'vacuum analyze');
    await beat(jobs);
    await jobs.end();
    await aws.rds.round({ snapshotEveryMs: 0 });
    await aws.rds.settled();
    const source = aws.env[environment.dbInstanceIdentifier] ?? '';
    const [snapshot] = await listSnapshots(source);
    return {
      movements,
      directory,
      adminUrl,
      snapshotFolder: aws.rds.folderOf(snapshot?.DBSnapshotIdentifier ?? ''),
      settled: () => aws.rds.settled(),
      around: {
        source,
        network: {},
        production: (work) => withRole(adminUrl, 'stockade_jobs', work),
        urlOf: (address) => copyUrl({ url: adminUrl, maxConnections: 1, deadlineMs: 0 }, address),
        book: await readProofBook(join(paths.root, 'sql')),
        policy: recoveryPolicy,
        time: { remainingMs: () => Number.POSITIVE_INFINITY },
        pollMs: 50,
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The same server, with the database of the benchmark. */
export function inDatabase(url: string): string {
  const inside = new URL(url);
  inside.pathname = databaseName;
  return inside.href;
}
