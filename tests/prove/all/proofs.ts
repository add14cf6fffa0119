import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { paths } from '#scripts/paths.ts';

/** A command `prove:<name>` of package.json. */
export interface Proof {
  readonly name: string;
  readonly file: string;
}

const prefix = 'prove:';

/** All proofs, by name. */
export const proofs: readonly Proof[] = Object.entries(scriptsOfPackage())
  .filter(([script]) => script.startsWith(prefix))
  .map(([script, line]) => ({
    name: script.slice(prefix.length),
    file: join(paths.root, line.replace(/^node /, '')),
  }))
  .sort((a, b) => a.name.localeCompare(b.name));

function scriptsOfPackage(): Readonly<Record<string, string>> {
  return JSON.parse(readFileSync(join(paths.root, 'package.json'), 'utf8')).scripts;
}
