import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';

/**
 * Runs an installed tool in a checkout.
 * @returns its output when it failed, nothing when it succeeded
 */
export async function toolFaults(
  root: string,
  tool: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const child = spawn(join(root, 'node_modules', '.bin', tool), args, {
    cwd: root,
    signal,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err, [code]] = await Promise.all([
    readText(child.stdout),
    readText(child.stderr),
    once(child, 'close'),
  ]);
  return code === 0 ? [] : [`${out}${err}`.trim() || `${tool} exited with code ${code}`];
}
