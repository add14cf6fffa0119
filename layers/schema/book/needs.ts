import { MigrationError } from '../migration-error.ts';
import type { FunctionFile } from './function-files.ts';
import type { Migration } from './migration-files.ts';

/**
 * The function files, each after those it needs, otherwise by name.
 * @throws MigrationError when a file needs what is not there, or itself in a circle
 */
export function inOrderOfNeeds(
  migrations: readonly Migration[],
  functions: readonly FunctionFile[],
): FunctionFile[] {
  refuseUnknown(migrations, functions);
  const byName = new Map(functions.map((file) => [file.name, file]));
  const ordered = new Set<FunctionFile>();
  const visit = (file: FunctionFile, path: readonly string[]) => {
    if (ordered.has(file)) return;
    if (path.includes(file.name)) throw circle([...path.slice(path.indexOf(file.name)), file.name]);
    for (const need of file.needs) {
      const needed = byName.get(need);
      if (needed) visit(needed, [...path, file.name]);
    }
    ordered.add(file);
  };
  for (const file of functions) visit(file, []);
  refuseNeedsOfLater(migrations, functions);
  refuseNeedsOfDropped(migrations, functions);
  return [...ordered];
}

/** The number of the last migration that a function file needs, by itself or through other function files; 0 for none. */
export function reachOf(
  migrations: readonly Migration[],
  functions: readonly FunctionFile[],
): (name: string) => number {
  const numbers = new Map(migrations.map(({ name, number }) => [name, number]));
  const needs = new Map(functions.map((file) => [file.name, file.needs]));
  const reaches = new Map<string, number>();
  const reach = (name: string): number => {
    const found = numbers.get(name) ?? reaches.get(name);
    if (found !== undefined) return found;
    const reached = Math.max(0, ...(needs.get(name) ?? []).map(reach));
    reaches.set(name, reached);
    return reached;
  };
  return reach;
}

function refuseUnknown(migrations: readonly Migration[], functions: readonly FunctionFile[]): void {
  const known = new Set([...migrations, ...functions].map(({ name }) => name));
  for (const { file, needs, until } of [...migrations, ...functions]) {
    const unknown = [...needs, ...(until ? [until] : [])].find((need) => !known.has(need));
    if (!unknown) continue;
    throw new MigrationError(
      `${file} needs ${unknown}, and there is no such file`,
      'Name a function file as <schema>/<family>, a migration as its file without .sql.',
    );
  }
}

/** A migration may only need what can be there before it. */
function refuseNeedsOfLater(migrations: readonly Migration[], functions: readonly FunctionFile[]): void {
  const byName = new Map(functions.map((file) => [file.name, file]));
  const reach = reachOf(migrations, functions);
  for (const migration of migrations) {
    for (const need of migration.needs) {
      if (reach(need) < migration.number) continue;
      throw circle([migration.name, ...wayTo(need, migration.number)]);
    }
  }

  function wayTo(name: string, number: number): string[] {
    const next = byName.get(name)?.needs.find((need) => reach(need) >= number);
    return next ? [name, ...wayTo(next, number)] : [name];
  }
}

/** What lives only until a migration may be needed by that migration, by earlier ones, and by what is gone as well then. */
function refuseNeedsOfDropped(migrations: readonly Migration[], functions: readonly FunctionFile[]): void {
  const numbers = new Map(migrations.map(({ name, number }) => [name, number]));
  const untils = new Map(functions.map(({ name, until }) => [name, until && numbers.get(until)]));
  const ends = [
    ...migrations.map(({ file, needs, number }) => ({ file, needs, end: number })),
    ...functions.map(({ file, needs, name }) => ({ file, needs, end: untils.get(name) ?? Infinity })),
  ];
  for (const { file, needs, end } of ends) {
    const dropped = needs.find((need) => (untils.get(need) ?? Infinity) < end);
    if (!dropped) continue;
    throw new MigrationError(
      `${file} needs ${dropped}, which is gone by then`,
      'Move what it needs to a file that stays, or give the file the same "--! until".',
    );
  }
}

function circle(names: readonly string[]): MigrationError {
  const [first, ...others] = names;
  return new MigrationError(
    `${first} needs itself, or what comes later: ${first} needs ${others.join(', which needs ')}`,
    'Split the file: what is needed early stands in a file of its own, which needs nothing that comes later.',
  );
}
