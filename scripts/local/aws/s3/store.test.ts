import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeScratchFolder } from '../../postgres/scratch-folder.ts';
import { Store } from './store.ts';

test('a bucket that cannot have its folder is none', async () => {
  const folder = makeScratchFolder('s3-store');
  try {
    const store = await Store.open(folder);
    await writeFile(join(folder, 'taken'), 'a file');
    await expect(
      store.addBucket({ name: 'taken', createdAt: '2026-01-01T00:00:00Z', locks: false }),
    ).rejects.toThrow('EEXIST');
    expect(store.bucket('taken')).toBeUndefined();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
