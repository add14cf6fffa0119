import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { setSourceMapsSupport } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** Loads functions in their newest form. */
export interface Reloader {
  /** The module of a source file, as the files are now; rejects while the code does not build. */
  readonly load: (source: string) => Promise<{ handler?: unknown }>;
  readonly close: () => Promise<void>;
}

/** Source file -> bundle, both absolute. */
type Bundles = ReadonlyMap<string, string>;

const watchedFolders = ['functions', 'layers'];
const functionFolders = ['functions/api', 'functions/jobs'];
/** Holds the connection pool. Each replaced version must close its own. */
const databaseModule = 'layers/platform/postgres/database.ts';

/**
 * Reloads by bundling. Node never forgets an ES module, and a query string on an import renews that one module but
 * none of those it imports; so esbuild bundles every function, as it does for Lambda, into files that carry a hash of
 * their content and of all they import. What changed has a new name and is loaded; what did not is the module
 * that is already there, connection pool included. Worker threads would do as well, but each would need a pool and
 * a copy of every event.
 * Changes are found by asking the file system with each request, so that the request after a save never meets the
 * code before it, as one that outruns a file watcher would.
 */
export function createReloader(root: string): Reloader {
  setSourceMapsSupport(true);
  const home = join(root, '.stockade');
  removeAbandoned(home);
  // Inside the checkout, so that packages are found from there.
  const outdir = join(home, `code-${process.pid}-${randomUUID().slice(0, 8)}`);
  let built: { stamp: string; bundles: Promise<Bundles> } | undefined;
  let poolBundle: string | undefined;
  const retired: Promise<void>[] = [];

  async function load(source: string): Promise<{ handler?: unknown }> {
    const stamp = stampOf(root);
    if (built?.stamp !== stamp) built = { stamp, bundles: bundle(root, outdir) };
    const bundles = await built.bundles;
    const file = bundles.get(source);
    if (!file) throw new Error(`${source} was not there when the functions were built: try again`);
    const usedBefore = poolBundle;
    poolBundle = bundles.get(join(root, databaseModule));
    // Not awaited: requests that are still served by the replaced code hold on to their connections.
    if (usedBefore !== poolBundle) retired.push(closePool(usedBefore));
    return import(pathToFileURL(file).href);
  }

  async function close(): Promise<void> {
    await Promise.all([...retired, closePool(poolBundle)]);
    rmSync(outdir, { recursive: true, force: true });
  }

  return { load, close };
}

async function bundle(root: string, outdir: string): Promise<Bundles> {
  const functions = functionFolders
    .map((folder) => join(root, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((file) => file.endsWith('.lambda.ts'));
  const database = join(root, databaseModule);
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [...functions, ...(existsSync(database) ? [database] : [])],
    outdir,
    entryNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node24',
    sourcemap: 'inline',
    outExtension: { '.js': '.mjs' },
    metafile: true,
    logLevel: 'silent',
  });
  return new Map(
    Object.entries(metafile.outputs).flatMap(([file, { entryPoint }]) =>
      entryPoint ? [[resolve(root, entryPoint), resolve(root, file)]] : [],
    ),
  );
}

/** Changes whenever a file below the watched folders is written, added or removed. */
function stampOf(root: string): string {
  return watchedFolders
    .map((folder) => join(root, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
    )
    .map((file) => {
      const stats = statSync(file, { bigint: true, throwIfNoEntry: false });
      return `${file}:${stats?.mtimeNs}:${stats?.size}`;
    })
    .join('\n');
}

async function closePool(file: string | undefined): Promise<void> {
  if (!file) return;
  const module: { closeDatabase?: () => Promise<void> } = await import(pathToFileURL(file).href);
  await module.closeDatabase?.();
}

/** A process that was killed leaves its bundles behind. */
function removeAbandoned(home: string): void {
  if (!existsSync(home)) return;
  for (const name of readdirSync(home)) {
    const pid = /^code-(\d+)-/.exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) rmSync(join(home, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
