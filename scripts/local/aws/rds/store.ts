import { readFile, rename, writeFile } from 'node:fs/promises';
import { instanceNotFound, snapshotNotFound } from './errors.ts';
import type { Content, Instance, RdsEvent, Snapshot } from './records.ts';

const maxEventAgeMs = 14 * 86_400_000;

/** Instances, snapshots and events of all regions, kept in a file. It holds passwords: only its owner may read it. */
export class Store {
  readonly #file: string;
  readonly #instances = new Map<string, Instance>();
  readonly #snapshots = new Map<string, Snapshot>();
  #events: RdsEvent[];
  #saving: Promise<void> = Promise.resolve();
  #waiting: Promise<void> | undefined;

  private constructor(file: string, { instances, snapshots, events }: Content) {
    this.#file = file;
    for (const instance of instances) this.#instances.set(instance.resourceId, instance);
    for (const snapshot of snapshots) this.#snapshots.set(snapshot.folder, snapshot);
    this.#events = [...events];
  }

  static async open(file: string): Promise<Store> {
    try {
      return new Store(file, JSON.parse(await readFile(file, 'utf8')));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return new Store(file, { instances: [], snapshots: [], events: [] });
    }
  }

  /** By identifier, as lists show them. */
  instances(): Instance[] {
    return [...this.#instances.values()].sort(byIdentifier);
  }

  snapshots(): Snapshot[] {
    return [...this.#snapshots.values()].sort(byIdentifier);
  }

  /** The oldest first. */
  events(): readonly RdsEvent[] {
    return this.#events;
  }

  /** @throws AwsError DBInstanceNotFound */
  instance(region: string, identifier: string): Instance {
    const found = this.instances().find((each) => each.region === region && each.identifier === identifier);
    if (!found) throw instanceNotFound(identifier);
    return found;
  }

  /** @throws AwsError DBSnapshotNotFound */
  snapshot(region: string, identifier: string): Snapshot {
    const found = this.snapshots().find((each) => each.region === region && each.identifier === identifier);
    if (!found) throw snapshotNotFound(identifier);
    return found;
  }

  /** An instance as it is now; undefined when it has been deleted. */
  current(resourceId: string): Instance | undefined {
    return this.#instances.get(resourceId);
  }

  /** The automated snapshots from which an instance can be brought to a point in time. */
  bases(resourceId: string): (Snapshot & { readonly startSegment: string })[] {
    return this.snapshots().flatMap((each) =>
      each.resourceId === resourceId &&
      each.type === 'automated' &&
      each.status === 'available' &&
      each.startSegment !== undefined
        ? [{ ...each, startSegment: each.startSegment }]
        : [],
    );
  }

  async putInstance(instance: Instance): Promise<void> {
    this.#instances.set(instance.resourceId, instance);
    await this.#save();
  }

  /** Changes an instance, unless it has been deleted. */
  async changeInstance(resourceId: string, change: Partial<Instance>): Promise<void> {
    const instance = this.#instances.get(resourceId);
    if (instance) await this.putInstance({ ...instance, ...change });
  }

  async removeInstance(resourceId: string): Promise<void> {
    this.#instances.delete(resourceId);
    await this.#save();
  }

  async putSnapshot(snapshot: Snapshot): Promise<void> {
    this.#snapshots.set(snapshot.folder, snapshot);
    await this.#save();
  }

  /** Changes a snapshot, unless it has been deleted. */
  async changeSnapshot(folder: string, change: Partial<Snapshot>): Promise<void> {
    const snapshot = this.#snapshots.get(folder);
    if (snapshot) await this.putSnapshot({ ...snapshot, ...change });
  }

  /** How far a snapshot has come; not worth a write to the disk. */
  showPercent(folder: string, percent: number): void {
    const snapshot = this.#snapshots.get(folder);
    if (snapshot) this.#snapshots.set(folder, { ...snapshot, percent });
  }

  async removeSnapshot(folder: string): Promise<void> {
    this.#snapshots.delete(folder);
    await this.#save();
  }

  async addEvent(event: RdsEvent): Promise<void> {
    const oldest = new Date(Date.now() - maxEventAgeMs).toISOString();
    this.#events = [...this.#events.filter(({ at }) => at >= oldest), event];
    await this.#save();
  }

  /** One after the other, and what comes while one waits goes with it. */
  async #save(): Promise<void> {
    const before = this.#saving.catch(() => {});
    this.#waiting ??= before.then(async () => {
      this.#waiting = undefined;
      const content: Content = {
        instances: this.instances(),
        snapshots: this.snapshots(),
        events: this.#events,
      };
      const draft = `${this.#file}.draft`;
      await writeFile(draft, JSON.stringify(content), { mode: 0o600 });
      await rename(draft, this.#file);
    });
    this.#saving = this.#waiting;
    await this.#waiting;
  }
}

function byIdentifier(a: { readonly identifier: string }, b: { readonly identifier: string }): number {
  return a.identifier < b.identifier ? -1 : a.identifier > b.identifier ? 1 : 0;
}
