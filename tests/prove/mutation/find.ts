import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { changesInSql } from './find-in-sql.ts';
import { changesInTypeScript } from './find-in-typescript.ts';
import { type Change, type Mutant, nameMutants } from './mutant.ts';

/** The folders whose faults the tests must notice. */
export const provenFolders = ['layers', 'functions', 'sql', 'scripts', 'infra'] as const;

const programs = `{layers,functions,scripts,infra}/**/*.ts`;
const statements = 'sql/{*.sql,migrations/*.sql,functions/**/*.sql,lint/*.sql,proofs/*.sql}';

/** Files that do not belong to the product: tests, proofs, declarations, and generated files. */
const left = /\.test\.ts$|\.d\.ts$|^scripts\/prove|^sql\/schema\.sql$/;

/** Every small fault that can be planted in a checkout. */
export async function findMutants(root: string): Promise<Mutant[]> {
  const mutants: Mutant[] = [];
  for (const pattern of [programs, statements]) {
    for (const file of globSync(pattern, { cwd: root }).sort()) {
      if (left.test(file)) continue;
      const text = await readFile(join(root, file), 'utf8');
      mutants.push(...nameMutants(file, text, changesIn(file, text)));
    }
  }
  return mutants;
}

function changesIn(file: string, text: string): Change[] {
  if (!file.endsWith('.sql')) return changesInTypeScript(file, text);
  // The baseline is frozen with a function in it. sql/functions defines it again, so a fault in the first has no effect.
  const living = file.endsWith('/000001_baseline.sql') ? text.indexOf('end\n$migration$;') : 0;
  return changesInSql(text)
    .filter(({ start }) => start >= living)
    .map((change) => ({ ...change, reached: undefined }));
}
