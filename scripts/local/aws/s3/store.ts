import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SortedKeys } from './key-order.ts';

/** A bucket. It keeps every version of its keys. */
export interface Bucket {
  readonly name: string;
  readonly createdAt: string;
  /** Whether versions can be locked. */
  readonly locks: boolean;
}

/** The checksums that the SDK sends: the one that is asked for, and the one it sends unasked. */
export type ChecksumAlgorithm = 'sha256' | 'crc32';

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  /** In base64. */
  readonly value: string;
}

/** A version of an object, or a delete marker. */
export interface Version {
  readonly key: string;
  readonly versionId: string;
  /** Counts up over the whole store: the order in which versions were made. */
  readonly order: number;
  readonly modifiedAt: string;
  readonly deleteMarker?: boolean;
  readonly bytes: number;
  /** MD5 in hex. */
  readonly etag: string;
  readonly checksum?: Checksum | undefined;
  readonly contentType: string;
  /** Until when nobody can delete the version. */
  readonly lockedUntil?: string | undefined;
  /** The file of its bytes, beside its own. */
  readonly content?: string;
}

interface Shelf {
  readonly bucket: Bucket;
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

  bucket(name: string): Bucket | undefined {
    return this.#shelves.get(name)?.bucket;
  }

  async addBucket(bucket: Bucket): Promise<void> {
    await mkdir(join(this.#directory, bucket.name), { recursive: true });
    await this.#writeJson(join(this.#directory, bucket.name, 'bucket.json'), bucket);
    this.#shelves.set(bucket.name, { bucket, keys: new SortedKeys([]), objects: new Map() });
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

  /** Adds a version. `staged` is the file of its bytes. */
  async add(
    bucket: string,
    version: Omit<Version, 'versionId' | 'order' | 'content'>,
    staged?: string,
  ): Promise<Version> {
    const folder = this.#folder(bucket, version.key);
    await mkdir(folder, { recursive: true });
    const content = staged && `${randomBytes(16).toString('hex')}.content`;
    if (staged && content) await rename(staged, join(folder, content));
    this.#order += 1;
    const versionId = randomBytes(24).toString('base64url');
    const added: Version = { ...version, versionId, order: this.#order, ...(content ? { content } : {}) };
    await this.#writeJson(join(folder, `${versionId}.json`), added);
    const shelf = this.#shelves.get(bucket);
    shelf?.objects.set(version.key, [...this.versions(bucket, version.key), added]);
    shelf?.keys.add(version.key);
    return added;
  }

  async remove(bucket: string, { key, versionId, content }: Version): Promise<void> {
    const folder = this.#folder(bucket, key);
    await rm(join(folder, `${versionId}.json`), { force: true });
    const shelf = this.#shelves.get(bucket);
    const kept = this.versions(bucket, key).filter((each) => each.versionId !== versionId);
    if (kept.length > 0) shelf?.objects.set(key, kept);
    else {
      shelf?.objects.delete(key);
      shelf?.keys.remove(key);
    }
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
