import { mkdir, mkdtemp, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PortabilityError } from './portability-error.ts';

/** A folder that gets its name only when it is complete. Only the account that created it can read it. */
export interface ExportFolder {
  /** Writes a whole file to the disk. Content that is produced during the writing is never held in memory as a whole. */
  write(name: string, chunks: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<void>;
  /** Gives the folder its name. @throws PortabilityError when that name was taken meanwhile */
  finish(): Promise<void>;
  discard(): Promise<void>;
}

/**
 * Creates a folder beside its final place, as `<to>.partial-…`: if the export is killed, the rest has another name and no
 * manifest.
 * @throws PortabilityError when something with that name already exists
 */
export async function createExportFolder(to: string): Promise<ExportFolder> {
  await refuseOccupied(to);
  await mkdir(dirname(to), { recursive: true });
  const partial = await mkdtemp(join(dirname(to), `${basename(to)}.partial-`));
  return {
    async write(name, chunks) {
      const file = await open(join(partial, name), 'wx', 0o600);
      try {
        for await (const chunk of chunks) await file.writeFile(chunk);
        await file.sync();
      } finally {
        await file.close();
      }
    },
    async finish() {
      await syncFolder(partial);
      await rename(partial, to).catch(async (cause) => {
        await refuseOccupied(to);
        throw cause;
      });
      await syncFolder(dirname(to));
    },
    discard: () => rm(partial, { recursive: true, force: true }),
  };
}

async function refuseOccupied(to: string): Promise<void> {
  const content = await readdir(to).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    if (error.code === 'ENOTDIR') return [basename(to)];
    throw error;
  });
  if (content.length === 0) return;
  throw new PortabilityError(
    `${to} already exists and contains ${content[0]}`,
    'Name a folder that does not exist: an export never overwrites anything.',
  );
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
