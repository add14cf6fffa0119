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
  // The last migration first: when it defines a function again, the earlier definition has no effect.
  const routines = new Set<string>();
  for (const pattern of [programs, statements]) {
    const files = globSync(pattern, { cwd: root });
    for (const file of files
      .filter((each) => !left.test(each))
      .sort()
      .reverse()) {
      const text = await readFile(join(root, file), 'utf8');
      const found = file.endsWith('.sql') ? livingChanges(text, routines) : changesInTypeScript(file, text);
      mutants.push(...nameMutants(file, text, found));
    }
  }
  return mutants;
}

/** The changes of a SQL file, except in functions that a later file defines again. Remembers the functions it defines. */
function livingChanges(text: string, later: Set<string>): Change[] {
  const definitions = [
    ...text.matchAll(/^create (?:or replace )?(?:function|procedure) ([\w.]+)[\s\S]*?^\$\$;/gm),
  ];
  const dead = definitions.filter(([, name = '']) => later.has(name));
  for (const [, name = ''] of definitions) later.add(name);
  return changesInSql(text)
    .filter(({ start }) => !dead.some(({ index, 0: all }) => start >= index && start < index + all.length))
    .map((change) => ({ ...change, reached: undefined }));
}
