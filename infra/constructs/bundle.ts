import { cpSync, globSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { buildSync } from 'esbuild';

/** The folder of package.json. Its `imports` resolve `#platform/*` and the other layers. */
export const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

/** The `handler` property of every function: the file that `writeBundle` writes, and its export. */
export const bundledHandler = 'index.handler';

/** What is deployed of one entry. */
export interface Bundle {
  readonly files: readonly { readonly name: string; readonly contents: Uint8Array }[];
  /** The source files whose code is in it, from the project's root. */
  readonly modules: readonly string[];
}

/** Every entry's bundle, by the entry. */
let bundles: ReadonlyMap<string, Bundle> | undefined;

/**
 * The bundle of one entry.
 * @param entry path of a `*.lambda.ts` file, from the project's root
 */
export function bundleOf(entry: string): Bundle {
  bundles ??= bundleAll();
  const bundle = bundles.get(entry);
  if (!bundle) throw new Error(`${entry} is no entry: name the file functions/….lambda.ts`);
  return bundle;
}

/**
 * Bundles all entries for Lambda, each as `index.cjs` and its source map. Together they take less time than one by one, because
 * esbuild reads a file that several of them use once.
 * A bundle contains the AWS SDK instead of using the runtime's copy. So the tested version is the version that runs, and a
 * cold start loads only the clients that the entry uses.
 * The output is CommonJS: an ES module that imports one name of `node:http` or `node:crypto` makes Node load all that they can
 * export, `WebSocket` and its HTTP client included. That is a fifth of a cold start.
 * @throws esbuild's BuildFailure, naming file and line, when an entry does not build
 */
function bundleAll(): ReadonlyMap<string, Bundle> {
  const entries = globSync('functions/**/*.lambda.ts', { cwd: projectRoot }).map((entry) =>
    entry.replaceAll('\\', '/'),
  );
  const folderOf = (entry: string) => entry.replaceAll('/', '_');
  const { outputFiles, metafile } = buildSync({
    absWorkingDir: projectRoot,
    entryPoints: entries.map((entry) => ({ in: entry, out: `${folderOf(entry)}/index` })),
    // esbuild writes nothing here, but paths inside the source map are relative to it. The asset hash must not depend on
    // where the assembly is written.
    outdir: 'cdk.out',
    outExtension: { '.js': '.cjs' },
    write: false,
    metafile: true,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    // Prefer ES modules when a package has both: only ES modules can be tree-shaken.
    mainFields: ['module', 'main'],
    // `pg` loads its native binding only on request. It is not installed.
    external: ['pg-native'],
    define: { 'import.meta.filename': '__filename' },
    minify: true,
    // Errors keep their class names in logs.
    keepNames: true,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'warning',
  });
  const modulesOf = (entry: string) =>
    Object.values(metafile.outputs)
      .filter(({ entryPoint }) => entryPoint === entry)
      .flatMap(({ inputs }) => Object.entries(inputs))
      .flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : []));
  const filesOf = (entry: string) =>
    outputFiles
      .filter(({ path }) => basename(dirname(path)) === folderOf(entry))
      .map(({ path, contents }) => ({ name: basename(path), contents }));
  return new Map(entries.map((entry) => [entry, { files: filesOf(entry), modules: modulesOf(entry) }]));
}

/**
 * Writes the bundle of one entry into `outputDir`.
 * @param entry path of a `*.lambda.ts` file, from the project's root
 * @param folders folders that the function reads besides its code, from the project's root; they keep their names
 */
function writeBundle(entry: string, outputDir: string, folders: readonly string[] = []): void {
  const { files } = bundleOf(entry);
  mkdirSync(outputDir, { recursive: true });
  for (const { name, contents } of files) writeFileSync(join(outputDir, name), contents);
  for (const folder of folders) {
    cpSync(join(projectRoot, folder), join(outputDir, folder), {
      recursive: true,
      filter: (path) => !/\.test\.ts$|\/faults$/.test(path),
    });
  }
}

/** The code of a function: a bundle named after the hash of its content. It is built here, never in a container. */
export function bundledCode(entry: string, folders: readonly string[] = []): Code {
  return Code.fromAsset(join(projectRoot, dirname(entry)), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // The type requires an image. It is never pulled, because `tryBundle` either succeeds or throws.
      image: DockerImage.fromRegistry('unused'),
      // CDK distinguishes assets by folder and options before they are built. Without the entry, all would share one.
      command: [entry, ...folders],
      local: {
        tryBundle: (outputDir) => {
          writeBundle(entry, outputDir, folders);
          return true;
        },
      },
    },
  });
}
