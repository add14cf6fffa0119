import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'pg';
import { afterAll, afterEach, beforeEach, expect, vi } from 'vitest';
import { type Cluster, type ClusterOptions, startCluster } from '#scripts/local/postgres/cluster.ts';
import { isPostmasterOf } from '#scripts/local/postgres/postmaster.ts';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';

/** A cluster that another Node process holds. */
export interface HeldElsewhere {
  readonly child: ChildProcess;
  readonly nextLine: () => Promise<string>;
  readonly pid: number;
  readonly url: string;
  readonly data: string;
}

/** Clusters in a folder that is new for each test. All of them are stopped after the test. */
export interface Clusters {
  readonly folder: string;
  /** Where `start` and `startElsewhere` make or find a cluster. */
  directory: string;
  /** Processes that are killed after the test. */
  readonly children: ChildProcess[];
  start(options?: Partial<ClusterOptions>): Promise<Cluster>;
  /**
   * From here on the directory is one in which a cluster was made earlier: initdb takes most of a first start, and runs once
   * for all tests of a file.
   */
  useMadeCluster(): Promise<void>;
  /** Another platform: a Node process in a group of its own that holds a cluster until it is killed. */
  startElsewhere(then?: string, account?: { uid?: number; gid?: number }): Promise<HeldElsewhere>;
}

/** Gives the tests of a file clusters. Call it at the top of the file and use what it returns inside tests. */
export function openClusters(): Clusters {
  let template: string | undefined;
  let folder: string;
  let directory: string;
  const clusters: Cluster[] = [];
  const children: ChildProcess[] = [];
  const heldElsewhere: HeldElsewhere[] = [];

  beforeEach(() => {
    folder = makeScratchFolder('cluster');
    directory = join(folder, 'new');
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await Promise.all(heldElsewhere.splice(0).map(({ pid, data }) => gone(pid, data)));
    await Promise.all(clusters.splice(0).map((cluster) => cluster.stop()));
    rmSync(folder, { recursive: true, force: true });
  });
  afterAll(() => {
    if (template) rmSync(template, { recursive: true, force: true });
  });

  async function makeTemplate(): Promise<string> {
    template = makeScratchFolder('template');
    const cluster = await startCluster({ directory: join(template, 'pg'), durable: false });
    await cluster.stop();
    return template;
  }

  return {
    children,
    get folder() {
      return folder;
    },
    get directory() {
      return directory;
    },
    set directory(other) {
      directory = other;
    },
    async start(options = {}) {
      const cluster = await startCluster({
        directory,
        durable: false,
        sharedPlaces: [join(folder, 'shared')],
        ...options,
      });
      clusters.push(cluster);
      return cluster;
    },
    async useMadeCluster() {
      directory = join(folder, 'pg');
      execFileSync('cp', ['-a', join(template ?? (await makeTemplate()), 'pg'), directory]);
    },
    async startElsewhere(then = '', account = {}) {
      const module = import.meta.resolve('#scripts/local/postgres/cluster.ts');
      const script = `import { startCluster } from ${JSON.stringify(module)};
        const keepAlive = setInterval(() => {}, 60_000);
        const cluster = await startCluster({ directory: ${JSON.stringify(directory)}, durable: false });
        console.log(JSON.stringify({ pid: cluster.pid, url: cluster.url, data: cluster.dataDirectory }));
        ${then}`;
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
        ...account,
        cwd: '/',
        detached: true,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      children.push(child);
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const nextLine = async () => String((await lines.next()).value);
      const said = JSON.parse(await nextLine()) as { pid: number; url: string; data: string };
      const held = { child, nextLine, ...said };
      heldElsewhere.push(held);
      return held;
    },
  };
}

export async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Waits for the end of a server. */
export async function gone(pid: number, data: string): Promise<void> {
  await vi.waitFor(() => expect(isPostmasterOf(pid, data)).toBe(false), { timeout: 20_000, interval: 20 });
}
