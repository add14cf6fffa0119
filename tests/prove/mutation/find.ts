import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { changesInSql } from './find-in-sql.ts';
import { changesInTypeScript } from './find-in-typescript.ts';
import { type Mutant, nameMutants } from './mutant.ts';

/** The folders whose faults the tests have to notice. */
export const provenFolders = ['layers', 'functions', 'sql', 'scripts', 'infra'] as const;

const programs = `{layers,functions,scripts,infra}/**/*.ts`;
const statements = 'sql/{*.sql,migrations/*.sql,functions/**/*.sql,lint/*.sql,proofs/*.sql}';

/** What is no product: tests, what proves the product, declarations, and what a command writes. */
const left = /\.test\.ts$|\.d\.ts$|^scripts\/prove|^sql\/schema\.sql$/;

/** Every small fault that can be planted in a checkout. */
export async function findMutants(root: string): Promise<Mutant[]> {
  const mutants: Mutant[] = [];
  for (const pattern of [programs, statements]) {
    for await (const file of glob(pattern, { cwd: root })) {
      if (left.test(file)) continue;
      const text = await readFile(join(root, file), 'utf8');
      const changes = file.endsWith('.sql')
        ? changesInSql(text).map((change) => ({ ...change, reached: undefined }))
        : changesInTypeScript(file, text);
      mutants.push(...nameMutants(file, text, changes));
    }
  }
  return mutants;
}
