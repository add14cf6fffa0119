import { appendFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';
import { openSourceFile } from './source-file.ts';

const text = 'sku,quantity\nBOLT,1\n';

/** Reads a file after a change that is made once it is open. */
async function readAfter(content: string | Buffer, change: (path: string) => Promise<void>): Promise<string> {
  const folder = makeScratchFolder('source');
  const path = join(folder, 'file.csv');
  await writeFile(path, content);
  const source = await openSourceFile(path);
  try {
    await change(path);
    const chunks: Buffer[] = [];
    for await (const chunk of source.read()) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  } finally {
    await source.close();
    await rm(folder, { recursive: true });
  }
}

test('a file is read as it was when it was opened', async () => {
  for (const content of [text, gzipSync(text)]) expect(await readAfter(content, async () => {})).toBe(text);
});

test.each<[string, (path: string) => Promise<void>]>([
  ['has become longer', (path) => appendFile(path, 'NUT,2\n')],
  ['was written again', (path) => utimes(path, new Date(), new Date(0))],
])('a file that %s during the import fails, and what was applied stays', async (_, change) => {
  await expect(readAfter(text, change)).rejects.toMatchObject({
    message: expect.stringMatching(/file\.csv changed during the import$/),
    remedy: 'The applied lines stay. Compare the file with the ledger before you import it again.',
  });
});
