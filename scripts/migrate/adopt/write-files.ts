import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CommandError } from '../../cli/failure.ts';

/**
 * Writes files into a folder that holds nothing yet, so that no file of an earlier proposal stays among them.
 * @throws CommandError when there is something in it
 */
export async function writeFiles(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  const there = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (there.length > 0) {
    throw new CommandError(
      `${folder} is not empty`,
      'Pass another folder with --out, or remove that one if none of its files was applied.',
    );
  }
  for (const [name, content] of files) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
}
