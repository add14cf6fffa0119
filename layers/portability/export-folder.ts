import { mkdir, mkdtemp, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PortabilityError } from './portability-error.ts';

/** A folder that takes its name when everything is in it; only the account that made it may read it. */
export interface ExportFolder {
  /** Writes a file whole and to the disk; content that is made while it is written is never held whole. */
  write(name: string, chunks: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<void>;
  /** Gives the folder its name. @throws PortabilityError when somebody else has taken it */
  finish(): Promise<void>;
  discard(): Promise<void>;
}

/**
 * Starts a folder beside the one it will become, as `<to>.partial-…`: what a killed export leaves has another name,
 * and no manifest.
 * @throws PortabilityError when there is something under that name already
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
    `${to} is there already and holds ${content[0]}`,
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
