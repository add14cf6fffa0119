import { chownSync, statSync } from 'node:fs';
import { chown, constants, copyFile, mkdir, open, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Account } from '../account.ts';

/** A file to copy, by its path below the folder. */
export interface SourceFile {
  readonly path: string;
  readonly bytes: number;
}

/** What is below a folder, as of now. */
export interface Listing {
  /** Parents before what is in them. */
  readonly folders: readonly string[];
  readonly files: readonly SourceFile[];
}

export interface CopyOptions {
  /** The owner of the copies. Default: the account that copies. */
  readonly account?: Account | undefined;
  /** Wait until the copies are on disk. */
  readonly durable: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Told of the bytes of each file that has been copied. */
  readonly onCopied?: (bytes: number) => void;
}

const filesAtOnce = 8;

/** Lists a folder that others may be changing: what goes away meanwhile is left out. */
export async function listFiles(folder: string, isWanted: (path: string) => boolean): Promise<Listing> {
  const folders: string[] = [];
  const files: SourceFile[] = [];
  async function descend(path: string): Promise<void> {
    const entries = await readdir(join(folder, path), { withFileTypes: true }).catch(nothingThere);
    for (const entry of entries ?? []) {
      const below = path === '' ? entry.name : `${path}/${entry.name}`;
      if (!isWanted(below)) continue;
      if (entry.isDirectory()) {
        folders.push(below);
        await descend(below);
      } else if (entry.isFile()) {
        // A cluster has a thousand files: to hand such a question to another thread takes longer than the answer.
        const stats = statSync(join(folder, below), { throwIfNoEntry: false });
        if (stats) files.push({ path: below, bytes: stats.size });
      }
    }
  }
  await descend('');
  return { folders, files };
}

/**
 * Copies what was listed into a folder that is there. Each copy has the mode of its file. Files that are gone by now are
 * passed over. Where the file system can share blocks between copies (APFS, Btrfs, XFS) the copies cost next to nothing.
 */
export async function copyFiles(
  from: string,
  to: string,
  { folders, files }: Listing,
  options: CopyOptions,
): Promise<void> {
  const { account, durable, signal, onCopied } = options;
  for (const folder of folders) {
    await mkdir(join(to, folder), { mode: 0o700 });
    if (account) await chown(join(to, folder), account.uid, account.gid);
  }
  const left = files.values();
  async function copyNext(): Promise<void> {
    for (const { path, bytes } of left) {
      signal?.throwIfAborted();
      const target = join(to, path);
      const copied = await copyFile(join(from, path), target, constants.COPYFILE_FICLONE).then(
        () => true,
        nothingThere,
      );
      if (!copied) continue;
      if (account) chownSync(target, account.uid, account.gid);
      if (durable) await syncPath(target);
      onCopied?.(bytes);
    }
  }
  await Promise.all(Array.from({ length: filesAtOnce }, copyNext));
  if (durable) for (const folder of [...folders].reverse()) await syncPath(join(to, folder));
  if (durable) await syncPath(to);
}

/** Puts a file, or the names in a folder, on disk. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A file with this content, on disk when it returns. */
export async function writeSynced(path: string, content: string): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncPath(dirname(path));
}

function nothingThere(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
