import { glob } from 'node:fs/promises';

const notOurs = ['node_modules', '.git', '.stockade', 'cdk.out', 'coverage'];

/** The matching files of the checkout, relative to its root with forward slashes, in order. Skips installed and generated files. */
export async function findFiles(root: string, pattern: string): Promise<string[]> {
  const found: string[] = [];
  const entries = glob(pattern, { cwd: root, withFileTypes: false, exclude: (path) => isNotOurs(path) });
  for await (const path of entries) found.push(path.replaceAll('\\', '/'));
  return found.sort();
}

function isNotOurs(path: string): boolean {
  return path.split(/[\\/]/).some((part) => notOurs.includes(part));
}
