import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { removeUnfinishedBackups } from '../../postgres/backup/base-backup.ts';
import { type Cluster, destroyCluster } from '../../postgres/cluster.ts';
import type { Faults } from '../faults.ts';
import type { ServedService } from '../http-service.ts';
import { startQueryService } from '../query-service.ts';
import type { AwsKey } from '../signature.ts';
import { eventActions } from './actions/event-actions.ts';
import { instanceActions } from './actions/instance-actions.ts';
import { restoreActions } from './actions/restore-actions.ts';
import { snapshotActions } from './actions/snapshot-actions.ts';
import { careFor } from './automated-backups.ts';
import { complain } from './complain.ts';
import { instanceFolder, type Rds, snapshotFolder } from './context.ts';
import { type RdsFault, rdsFaultWords } from './errors.ts';
import { tellOfInstance } from './events.ts';
import { type Attachment, attachCluster, deleteInstance, startInstance } from './instances.ts';
import { deleteSnapshot, failSnapshot } from './snapshots.ts';
import { Store } from './store.ts';
import { createWorks } from './works.ts';

export interface RdsOptions {
  /** Instances, snapshots and what is known of them are kept there. */
  readonly directory: string;
  readonly key: AwsKey;
  /** The region of what the functions below name by an identifier alone. */
  readonly region: string;
  /** False trades safety against power failure for speed: for tests. */
  readonly durable?: boolean;
}

/** How often the local RDS looks after its instances. */
export interface Schedule {
  /** How often what was committed reaches the archive; what a restore to a point in time can lose at most. */
  readonly archiveEveryMs: number;
  readonly snapshotEveryMs: number;
}

/** RDS over clusters of this machine. Any region can be spoken to; each has instances and snapshots of its own. */
export interface LocalRds extends ServedService {
  readonly faults: Faults<RdsFault>;
  /** Makes a running cluster an instance and returns its identifier, which is the one of an earlier start if it had one. */
  attach(attachment: Omit<Attachment, 'region'>): Promise<string>;
  /** Archives, takes snapshots that are due and deletes what is past its retention, once. */
  round(schedule?: Pick<Schedule, 'snapshotEveryMs'>): Promise<void>;
  /** Does that from here on, on a schedule. */
  keepUp(schedule: Schedule): void;
  /** Settles when nothing is under way behind the answers. */
  settled(): Promise<void>;
  /** The cluster of an instance; undefined while there is none. */
  clusterOf(identifier: string): Cluster | undefined;
  /** Where the files of a snapshot are. */
  folderOf(snapshotIdentifier: string): string;
  /** Ends what is under way and stops the clusters that are not somebody else's. */
  close(): Promise<void>;
}

const dayMs = 86_400_000;

/** Serves RDS: instances are embedded clusters, snapshots are base backups, points in time are replayed from WAL. */
export async function startRds(options: RdsOptions): Promise<LocalRds> {
  const { directory, region } = options;
  for (const folder of ['instances', 'snapshots', 'marks']) {
    await mkdir(join(directory, folder), { recursive: true });
  }
  const store = await Store.open(join(directory, 'state.json'));
  const works = createWorks();
  const rds: Rds = {
    directory,
    isDurable: options.durable ?? true,
    store,
    works,
    running: new Map(),
    faults: { strikes: (fault, operation) => served.faults.strikes(fault, operation) },
  };
  await resume(rds);
  const served = await startQueryService<RdsFault>({
    name: 'rds',
    namespace: 'http://rds.amazonaws.com/doc/2014-10-31/',
    key: options.key,
    ownFaultWords: rdsFaultWords,
    actions: {
      ...instanceActions(rds),
      ...restoreActions(rds),
      ...snapshotActions(rds),
      ...eventActions(rds),
    },
  });

  const closing = new AbortController();

  async function round({ snapshotEveryMs } = { snapshotEveryMs: dayMs }): Promise<void> {
    for (const instance of store.instances()) {
      await careFor(rds, instance, snapshotEveryMs, closing.signal).catch((error) => {
        // An instance that is being stopped or deleted has nobody to answer.
        if (!closing.signal.aborted && rds.running.has(instance.resourceId)) {
          complain(instance.identifier, error);
        }
      });
    }
  }

  let rounds: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  return {
    ...served,
    attach: async (attachment) => (await attachCluster(rds, { ...attachment, region })).identifier,
    round,
    keepUp(schedule) {
      const next = () => {
        rounds = round(schedule).then(() => {
          if (!closing.signal.aborted) timer = setTimeout(next, schedule.archiveEveryMs).unref();
        });
      };
      next();
    },
    settled: works.settled,
    clusterOf: (identifier) => rds.running.get(store.instance(region, identifier).resourceId)?.cluster,
    folderOf: (identifier) => snapshotFolder(rds, store.snapshot(region, identifier)),
    async close() {
      closing.abort();
      clearTimeout(timer);
      await served.close();
      await works.close();
      await rounds;
      const ours = store.instances().filter(({ attachedSystem }) => attachedSystem === undefined);
      const clusters = ours.map(({ resourceId }) => rds.running.get(resourceId)?.cluster);
      rds.running.clear();
      await Promise.all(clusters.map((cluster) => cluster?.stop()));
    },
  };
}

/** Goes on where the process before this one ended, however it did. */
async function resume(rds: Rds): Promise<void> {
  const { directory, store, works } = rds;
  await removeUnfinishedBackups(join(directory, 'snapshots'));
  const kept = new Set(store.snapshots().map(({ folder }) => folder));
  for (const folder of await readdir(join(directory, 'snapshots'))) {
    if (!kept.has(folder)) await rm(join(directory, 'snapshots', folder), { recursive: true, force: true });
  }
  for (const snapshot of store.snapshots().filter(({ status }) => status === 'creating')) {
    // The next round takes another automated one.
    await (snapshot.type === 'automated' ? deleteSnapshot(rds, snapshot) : failSnapshot(rds, snapshot));
  }
  for (const instance of store.instances()) {
    const { resourceId, status, attachedSystem } = instance;
    if (attachedSystem !== undefined) {
      await store.changeInstance(resourceId, { status: 'stopped' });
    } else if (status === 'deleting') {
      works.start(resourceId, () => deleteInstance(rds, instance));
    } else if (status === 'creating') {
      await destroyCluster(instanceFolder(rds, instance));
      await store.changeInstance(resourceId, { status: 'failed' });
      await tellOfInstance(rds, instance, 'The DB instance creation failed', 'The platform ended meanwhile.');
    } else if (!/^(failed|incompatible-)/.test(status)) {
      await store.changeInstance(resourceId, { status: 'starting' });
      works.start(resourceId, () => startInstance(rds, instance));
    }
  }
}

/** Deletes the clusters of instances, wherever their data is kept. Nobody may be serving the folder. */
export async function destroyInstances(directory: string): Promise<void> {
  const folder = join(directory, 'instances');
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return [];
  });
  for (const name of names) await destroyCluster(join(folder, name));
}
