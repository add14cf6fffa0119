import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sealOrganization } from '#audit/seals/seal-organization.ts';
import { closeAwsClients } from '#platform/aws-call.ts';
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
import { execute } from './database.ts';
import { connectJobs, makeLedger } from './history.ts';

/** A sealed and anchored ledger on the local RDS, with a snapshot that has all of it. */
export interface BackedUpLedger {
  readonly movements: number;
  /** What a drill of it works with. */
  readonly around: DrillSurroundings;
  /** The files of the snapshot. */
  readonly snapshotFolder: string;
  /** Production as the superuser: the password in it is the one in the snapshot too. */
  readonly adminUrl: string;
  /** Where copies may be made. */
  readonly directory: string;
  /** Settles when nothing is under way behind the answers of the local RDS. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

const databaseName = 'stockade';

/** Makes it on a cluster of its own, durable as a real one, and sets the environment with which the SDK finds its AWS. */
export async function openBackedUpLedger(movements: number, items: number): Promise<BackedUpLedger> {
  const directory = await mkdtemp(join(tmpdir(), 'stockade-bench-'));
  // Run by root, Postgres has another user, who must get in.
  await chmod(directory, 0o755);
  const stops: (() => unknown)[] = [() => rm(directory, { recursive: true, force: true })];
  const close = async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  };
  try {
    const cluster = await startCluster({ directory: join(directory, 'postgres'), archive: true });
    stops.push(() => cluster.destroy());
    await execute(cluster.url, `create database ${databaseName}`);
    const adminUrl = inDatabase(cluster.url);
    await migrate({ connectionString: adminUrl, directory: paths.migrations });
    await setLogins(adminUrl);
    const ledger = await makeLedger(adminUrl, 'bench', items);
    await ledger.post(movements, items);
    const aws = await startLocalAws({
      directory: join(directory, 'aws'),
      database: { identifier: 'stockade', cluster, databaseName },
    });
    stops.push(() => aws.close(), closeAwsClients);
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

/** The same server, the database that matters. */
export function inDatabase(url: string): string {
  const inside = new URL(url);
  inside.pathname = databaseName;
  return inside.href;
}
