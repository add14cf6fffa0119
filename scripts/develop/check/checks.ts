import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lineDiff } from '#schema/catalog/line-diff.ts';
import { readIsolationRules } from '#schema/lint/isolation-rules.ts';
import { generateReference, readReference, referenceFile } from '#scripts/develop/commands/reference.ts';
import { documentFile, generateDocument, readDocument } from '#scripts/develop/openapi/generate.ts';
import { goldenFile, goldenFromMigrations, readGolden } from '#scripts/migrate/catalog/golden.ts';
import { lintMigrations, rulesFolder } from '#scripts/migrate/isolation/lint-database.ts';
import { isolationFaults } from '#scripts/migrate/isolation/report.ts';
import { circleFaults } from './circles.ts';
import { commandFaults } from './documented-commands.ts';
import { findFiles } from './files.ts';
import { wordFaults } from './forbidden-words.ts';
import { importsOfHouse, layeringFaults } from './layering.ts';
import { lockfileFaults } from './lockfile.ts';
import { migrationFaults } from './migration-faults.ts';
import { englishFaults } from './plain-english.ts';
import { sqlBookFaults } from './sql-book.ts';
import { toolFaults } from './tool.ts';

/** A property that every commit must have. */
export interface Check {
  readonly name: string;
  readonly promise: string;
  /** The faults, most important first; empty when there are none. */
  readonly faults: (root: string, signal: AbortSignal) => Promise<readonly string[]>;
}

/** The checks of `npm run check`, cheapest first. */
export const checks: readonly Check[] = [
  {
    name: 'format',
    promise: 'every file is formatted and free of lint (biome)',
    faults: (root, signal) => toolFaults(root, 'biome', ['ci', '--colors=off', '.'], signal),
  },
  {
    name: 'types',
    promise: 'the types agree (tsc)',
    faults: (root, signal) => toolFaults(root, 'tsc', ['-p', '.', '--pretty', 'false'], signal),
  },
  {
    name: 'layering',
    promise: 'imports follow the direction of the layers, without circles',
    faults: async (root) => {
      const imports = await importsOfHouse(root);
      return [...layeringFaults(imports), ...circleFaults(imports)];
    },
  },
  {
    name: 'lockfile',
    promise: 'the lockfiles have versions and digests, and no download addresses',
    faults: (root) => faultsOfFiles(root, '{package-lock.json,tests/**/package-lock.json}', lockfileFaults),
  },
  {
    name: 'commands',
    promise: `every npm command in a document exists, and ${referenceFile} agrees with the --help of all commands`,
    faults: async (root) => {
      const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
      const names = new Set(Object.keys(scripts));
      const unknown = await faultsOfFiles(root, '{*,docs/**/*}.md', (file, content) =>
        commandFaults(file, content, names),
      );
      const difference = lineDiff((await readReference()) ?? '', await generateReference());
      return difference
        ? [...unknown, `${referenceFile} is out of date: run \`npm run commands\``, difference]
        : unknown;
    },
  },
  {
    name: 'words',
    promise: 'no file has machine paths or unfinished work, and the English is plain',
    faults: (root) =>
      faultsOfFiles(root, '**/*.{ts,js,json,sql,md,yml,yaml,sh,snap}', (file, content) => [
        ...wordFaults(file, content),
        ...englishFaults(file, content),
      ]),
  },
  {
    name: 'openapi',
    promise: `${documentFile} agrees with the route table, the schemas and their documentation`,
    faults: async () => {
      const difference = lineDiff((await readDocument()) ?? '', await generateDocument());
      return difference ? [`${documentFile} is out of date: run \`npm run openapi\``, difference] : [];
    },
  },
  {
    name: 'book',
    promise:
      'each SQL function stands in one file of sql/functions, with its comment, and says what it needs',
    faults: (root) => sqlBookFaults(join(root, 'sql/migrations')),
  },
  {
    name: 'migrations',
    promise: 'no migration stalls or breaks the programs that run meanwhile (docs/migrations/)',
    faults: (root) => migrationFaults(join(root, 'sql/migrations')),
  },
  {
    name: 'schema',
    promise: `${goldenFile} and the digests of the triggers agree with sql/migrations and sql/functions`,
    faults: async (root, signal) => {
      const faults: string[] = [];
      for (const { file, content } of await goldenFromMigrations(join(root, 'sql/migrations'), signal)) {
        const golden = await readGolden(join(root, file));
        if (golden === content) continue;
        faults.push(
          `${file} is out of date: run \`npm run schema\``,
          golden ? lineDiff(golden, content) : '',
        );
      }
      return faults;
    },
  },
  {
    name: 'isolation',
    promise: 'the schema isolates organizations from each other',
    faults: async (root, signal) => {
      const rules = await readIsolationRules(join(root, rulesFolder));
      return isolationFaults(await lintMigrations(join(root, 'sql/migrations'), rules, signal));
    },
  },
];

async function faultsOfFiles(
  root: string,
  pattern: string,
  faults: (file: string, content: string) => string[],
): Promise<string[]> {
  const files = await findFiles(root, pattern);
  const found = await Promise.all(
    files.map(async (file) => faults(file, await readFile(join(root, file), 'utf8'))),
  );
  return found.flat();
}
