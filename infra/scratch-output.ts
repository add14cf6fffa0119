import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/**
 * Returns a function that makes a new output folder for each app of a test file. All are deleted at the end of the file: an
 * app without a folder of its own leaves one in the temporary directory.
 */
export function scratchOutput(): () => string {
  const scratch = mkdtempSync(join(tmpdir(), 'stockade-synth-'));
  afterAll(() => rmSync(scratch, { recursive: true }));
  return () => mkdtempSync(join(scratch, 'out-'));
}
