import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { migrate } from '#platform/migrations/migrate.ts';
import { beat } from '#recovery/heartbeat.ts';
import { readProofBook } from '#recovery/proofs/book.ts';
import { type ProofReport, proveCopy } from '#recovery/proofs/prove-copy.ts';
import { setLogins } from '#scripts/local/logins.ts';
import { takeBaseBackup } from '#scripts/local/postgres/base-backup.ts';
import { type Cluster, startCluster } from '#scripts/local/postgres/cluster.ts';
import { restoreCluster } from '#scripts/local/postgres/restored-cluster.ts';
import { paths } from '#scripts/paths.ts';
import { asJobs, setStage } from '#scripts/prove/reconciliation/stage.ts';
import { type AwsWorld, openAws } from '#tests/aws.ts';

/** A physical backup of a ledger, sealed and anchored, and copies that are restored from it. */
export interface RestoredStage {
  readonly aws: AwsWorld;
  /** A restored cluster of the caller's own; what is asked of it once it was stopped and started again is `settings`. */
  restore(settings?: Readonly<Record<string, string>>): Promise<{ cluster: Cluster; databaseUrl: string }>;
  /** A database of the caller's own in a restored cluster, as the backup has it, for breaking. */
  copy(): Promise<string>;
  prove(databaseUrl: string): Promise<ProofReport>;
}

const database = 'stock';
/** The proof is of an instant at which everything had long been sealed. */
const agedMs = 120_000;

export function openRestoredStage(): RestoredStage {
  const aws = openAws();
  let folder: string;
  let password: string;
  let backedUpAt: Date;
  let shared: { cluster: Cluster; databaseUrl: string };
  const clusters: Cluster[] = [];
  const book = readProofBook(join(paths.root, 'sql'));

  beforeAll(async () => {
    folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'stockade-proofs-'));
    await chmod(folder, 0o755);
    const source = await startCluster({ directory: join(folder, 'source'), durable: false });
    try {
      await execute(source.url, `create database ${database}`);
      const url = inDatabase(source.url, database);
      await migrate({ connectionString: url, directory: paths.migrations });
      await setLogins(url);
      await setStage(url);
      await asJobs(url, beat);
      backedUpAt = new Date();
      password = decodeURIComponent(new URL(source.url).password);
      await takeBaseBackup({ ...source, target: join(folder, 'backup'), durable: false });
    } finally {
      await source.destroy();
    }
    shared = await restore();
  }, 120_000);

  afterAll(async () => {
    await Promise.all(clusters.map((cluster) => cluster.destroy()));
    await rm(folder, { recursive: true, force: true });
  });

  async function restore(settings: Readonly<Record<string, string>> = {}) {
    const directory = join(folder, `restored-${clusters.length}`);
    const backup = join(folder, 'backup');
    const cluster = await restoreCluster({ backup, directory, password, settings, durable: false });
    clusters.push(cluster);
    return { cluster, databaseUrl: inDatabase(cluster.url, database) };
  }

  async function prove(databaseUrl: string): Promise<ProofReport> {
    return await proveCopy({
      connectionString: databaseUrl,
      book: await book,
      asOf: new Date(backedUpAt.getTime() + agedMs),
      requestedAt: new Date(),
    });
  }

  return {
    aws,
    restore,
    async copy() {
      const name = `copy_${randomUUID().replaceAll('-', '')}`;
      await execute(shared.cluster.url, `create database ${name} template ${database}`);
      const url = inDatabase(shared.cluster.url, name);
      // A clone has the objects of its template but not the privileges of the database itself.
      await migrate({ connectionString: url, directory: paths.migrations });
      return url;
    },
    prove,
  };
}

/** Runs SQL as the superuser, one statement after another. */
export async function execute(url: string, sql: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function inDatabase(clusterUrl: string, name: string): string {
  const url = new URL(clusterUrl);
  url.pathname = name;
  return url.href;
}
