import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';

/**
 * A secret of the local platform: made at the first start, kept in a file that only its owner may read.
 * Of two processes that make it at once, both get the one that was there first.
 */
export async function keepSecret(file: string, make: () => string | Promise<string>): Promise<string> {
  const kept = await readSecret(file);
  if (kept !== undefined) return kept;
  // Linked when it is whole, so that nobody reads half of it; a link never replaces a file.
  const draft = `${file}.${randomUUID()}`;
  try {
    await writeFile(draft, await make(), { mode: 0o600 });
    await link(draft, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
  return await readFile(file, 'utf8');
}

/** A kept secret; undefined when there is none yet. */
export async function readSecret(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
