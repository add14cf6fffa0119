import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { makeScratchFolder } from './scratch-folder.ts';

test('a process with nothing else to do waits for the server that it stops', async () => {
  const folder = makeScratchFolder('server');
  const program = `
    import { startCluster } from ${JSON.stringify(new URL('./cluster.ts', import.meta.url).href)};
    const cluster = await startCluster({ directory: ${JSON.stringify(join(folder, 'pg'))}, durable: false });
    await cluster.stop();
    console.log('stopped');`;
  try {
    // Node ends with code 13 when nothing is left that could settle the promise that it awaits.
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
    expect(stdout).toBe('stopped\n');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
