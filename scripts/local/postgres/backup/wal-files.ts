import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, chown, copyFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { Account } from '../account.ts';
import { syncPath } from './copy-files.ts';
import { isSegment, type Segment } from './wal-segment.ts';

export interface FetchOptions {
  /** Who is to own the segments. */
  readonly account?: Account | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Compresses the segments of an archive. What was switched early is mostly zeros: 16 MB become some 75 KB. */
export async function compressSegments(directory: string): Promise<void> {
  const names = await readdir(directory);
  for (const name of names.filter(isSegment)) {
    const draft = join(directory, `compressing-${randomUUID()}`);
    try {
      await pipeline(
        createReadStream(join(directory, name)),
        createGzip({ level: 1 }),
        createWriteStream(draft, { mode: 0o600 }),
      );
      await syncPath(draft);
      await rename(draft, join(directory, `${name}.gz`));
      await syncPath(directory);
      await rm(join(directory, name));
    } finally {
      await rm(draft, { force: true });
    }
  }
}

/** Puts the segments from the first to the last, and the histories of timelines, into a folder. */
export async function fetchSegments(
  directory: string,
  { from, to }: { readonly from: Segment; readonly to: Segment },
  folder: string,
  { account, signal }: FetchOptions,
): Promise<void> {
  for (const name of await readdir(directory)) {
    const plain = name.replace(/\.gz$/, '');
    const isHistory = /^[\dA-F]{8}\.history$/.test(plain);
    if (!isHistory && !(isSegment(plain) && plain >= from && plain <= to)) continue;
    signal?.throwIfAborted();
    const source = join(directory, name);
    const target = join(folder, plain);
    if (name === plain) await copyFile(source, target);
    else await pipeline(createReadStream(source), createGunzip(), createWriteStream(target));
    await chmod(target, 0o600);
    if (account) await chown(target, account.uid, account.gid);
  }
}

/** A segment, compressed or not, or the note that a backup began in it. Histories of timelines belong to none. */
export function belongsToSegment(name: string): boolean {
  return /^[\dA-F]{24}(\.gz|\.[\dA-F]{8}\.backup)?$/.test(name);
}
