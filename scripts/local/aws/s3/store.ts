import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChecksumAlgorithm } from './checksums.ts';
import { compareKeys, SortedKeys } from './key-order.ts';

export type LockMode = 'COMPLIANCE' | 'GOVERNANCE';

/** A bucket and how it is set up. */
export interface Bucket {
  readonly name: string;
  readonly createdAt: string;
  readonly versioning?: 'Enabled' | 'Suspended' | undefined;
  readonly objectLock?: ObjectLock | undefined;
}

export interface ObjectLock {
  /** What a new version gets that brings no retention of its own. */
  readonly defaultRetention?:
    | { readonly mode: LockMode; readonly days?: number | undefined; readonly years?: number | undefined }
    | undefined;
}

export interface Retention {
  readonly mode: LockMode;
  /** Until when nobody can delete the version. */
  readonly until: string;
}

/** A version of an object, or a delete marker. */
export interface Version {
  readonly key: string;
  /** `null` (the word) in a bucket that keeps no versions. */
  readonly versionId: string;
  /** Counts up over the whole store: the order in which versions were made. */
  readonly order: number;
  readonly modifiedAt: string;
  readonly deleteMarker?: boolean;
  readonly bytes: number;
  /** MD5 in hex. */
  readonly etag: string;
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined;
  /** What is given back with the object: Content-Type and the like, and `x-amz-meta-*`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly retention?: Retention | undefined;
  readonly legalHold?: boolean;
  /** The file of its bytes, beside its own. */
  readonly content?: string;
}

interface Shelf {
  bucket: Bucket;
  readonly keys: SortedKeys;
  /** The versions of every key, the oldest first. */
  readonly objects: Map<string, Version[]>;
}

/**
 * Buckets and objects in a folder. The file of a version appears by one rename, behind the file of its bytes: a
 * process that is killed leaves each version whole or absent. One process at a time may use a folder.
 *
 *     <folder>/<bucket>/bucket.json
 *     <folder>/<bucket>/objects/<escaped key>~<hash>/<version>.json, <random>.content
 */
export class Store {
  readonly #directory: string;
  readonly #shelves = new Map<string, Shelf>();
  readonly #turns = new Map<string, Promise<unknown>>();
  #order = 0;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Opens a folder, making it when it is not there, and reads what it holds. */
  static async open(directory: string): Promise<Store> {
    const store = new Store(directory);
    await rm(store.#staging, { recursive: true, force: true });
    await mkdir(store.#staging, { recursive: true });
    for (const name of readdirSync(directory)) store.#load(name);
    return store;
  }

  buckets(): Bucket[] {
    return [...this.#shelves.values()]
      .map(({ bucket }) => bucket)
      .sort((a, b) => compareKeys(a.name, b.name));
  }

  bucket(name: string): Bucket | undefined {
    return this.#shelves.get(name)?.bucket;
  }

  /** Makes a bucket, or changes how it is set up. */
  async putBucket(bucket: Bucket): Promise<void> {
    await mkdir(join(this.#directory, bucket.name), { recursive: true });
    await this.#writeJson(join(this.#directory, bucket.name, 'bucket.json'), bucket);
    const shelf = this.#shelves.get(bucket.name);
    if (shelf) shelf.bucket = bucket;
    else this.#shelves.set(bucket.name, { bucket, keys: new SortedKeys([]), objects: new Map() });
  }

  async removeBucket(name: string): Promise<void> {
    this.#shelves.delete(name);
    await rm(join(this.#directory, name), { recursive: true, force: true });
  }

  /** The keys of a bucket that have any version and start with `prefix`, in order, from `from` on. */
  keys(bucket: string, prefix = '', from = ''): Iterable<string> {
    return this.#shelves.get(bucket)?.keys.matching(prefix, from) ?? [];
  }

  /** The versions of a key, the oldest first. */
  versions(bucket: string, key: string): readonly Version[] {
    return this.#shelves.get(bucket)?.objects.get(key) ?? [];
  }

  /** A place to write bytes to that are to become a version. */
  newContent(): string {
    return join(this.#staging, randomBytes(16).toString('hex'));
  }

  /** Where the bytes of a version are. */
  contentPath(bucket: string, { key, content = '' }: Version): string {
    return join(this.#folder(bucket, key), content);
  }

  /** Adds a version, in place of one with the same id. `staged` is the file of its bytes. */
  async add(bucket: string, version: Omit<Version, 'order' | 'content'>, staged?: string): Promise<Version> {
    const folder = this.#folder(bucket, version.key);
    await mkdir(folder, { recursive: true });
    const content = staged && `${randomBytes(16).toString('hex')}.content`;
    if (staged && content) await rename(staged, join(folder, content));
    this.#order += 1;
    const added: Version = { ...version, order: this.#order, ...(content ? { content } : {}) };
    await this.#writeJson(join(folder, `${version.versionId}.json`), added);
    const replaced = this.#replace(bucket, version.key, version.versionId, added);
    if (replaced?.content) await rm(join(folder, replaced.content), { force: true });
    return added;
  }

  /** Changes what is kept with a version. */
  async update(bucket: string, version: Version): Promise<void> {
    await this.#writeJson(join(this.#folder(bucket, version.key), `${version.versionId}.json`), version);
    const changed = this.versions(bucket, version.key).map((each) =>
      each.versionId === version.versionId ? version : each,
    );
    this.#shelves.get(bucket)?.objects.set(version.key, changed);
  }

  async remove(bucket: string, { key, versionId, content }: Version): Promise<void> {
    const folder = this.#folder(bucket, key);
    await rm(join(folder, `${versionId}.json`), { force: true });
    this.#replace(bucket, key, versionId, undefined);
    if (content) await rm(join(folder, content), { force: true });
  }

  /** Does the work that looks at the versions of a key and then changes them; one at a time. */
  async inTurn<T>(bucket: string, key: string, work: () => Promise<T>): Promise<T> {
    const name = `${bucket}/${key}`;
    const before = this.#turns.get(name) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.catch(() => {});
    this.#turns.set(name, settled);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(name) === settled) this.#turns.delete(name);
    }
  }

  get #staging(): string {
    return join(this.#directory, '.staging');
  }

  #folder(bucket: string, key: string): string {
    // Readable for people; the hash keeps apart what a file system that ignores case would take for one.
    const hash = createHash('sha256').update(key).digest('hex').slice(0, 16);
    return join(this.#directory, bucket, 'objects', `${encodeURIComponent(key).slice(0, 120)}~${hash}`);
  }

  #replace(bucket: string, key: string, versionId: string, by: Version | undefined): Version | undefined {
    const shelf = this.#shelves.get(bucket);
    if (!shelf) return undefined;
    const { keys, objects } = shelf;
    const list = objects.get(key) ?? [];
    const kept = list.filter((each) => each.versionId !== versionId);
    if (by) kept.push(by);
    if (kept.length > 0) objects.set(key, kept);
    else objects.delete(key);
    if (list.length === 0 && by) keys.add(key);
    else if (kept.length === 0) keys.remove(key);
    return list.find((each) => each.versionId === versionId);
  }

  #load(name: string): void {
    const folder = join(this.#directory, name);
    const bucket = readJson<Bucket>(join(folder, 'bucket.json'));
    if (!bucket) return;
    const objects = new Map<string, Version[]>();
    for (const object of listFolder(join(folder, 'objects'))) {
      const files = listFolder(join(folder, 'objects', object)).filter((each) => each.endsWith('.json'));
      const versions = files.flatMap(
        (file) => readJson<Version>(join(folder, 'objects', object, file)) ?? [],
      );
      versions.sort((a, b) => a.order - b.order);
      const newest = versions.at(-1);
      if (!newest) continue;
      objects.set(newest.key, versions);
      this.#order = Math.max(this.#order, newest.order);
    }
    this.#shelves.set(name, { bucket, keys: new SortedKeys(objects.keys()), objects });
  }

  async #writeJson(file: string, content: unknown): Promise<void> {
    const draft = this.newContent();
    await writeFile(draft, JSON.stringify(content));
    await rename(draft, file);
  }
}

// Read at the start and at once: thousands of small files are read several times faster than one after the other.
function readJson<T>(file: string): T | undefined {
  return ifThere(() => JSON.parse(readFileSync(file, 'utf8')) as T);
}

function listFolder(folder: string): string[] {
  return ifThere(() => readdirSync(folder)) ?? [];
}

function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
