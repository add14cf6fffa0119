import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { buildSync } from 'esbuild';

/** The folder of package.json, whose `imports` resolve `#platform/*` and the other layers. */
export const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

/** The `handler` property of every function: the file that `writeBundle` writes, and what it exports. */
export const bundledHandler = 'index.handler';

/**
 * Bundles one entry into `outputDir` as what Lambda loads: `index.mjs` and its source map.
 * The AWS SDK is bundled too, not taken from the runtime: the version that was tested is the version that
 * runs, and only the clients an entry uses are loaded at a cold start.
 * @param entry path of a `*.lambda.ts` file, from the project's root
 * @param folders what the function reads beside its code, from the project's root; they keep their names
 * @throws esbuild's BuildFailure, naming file and line, when the entry does not build
 */
function writeBundle(entry: string, outputDir: string, folders: readonly string[] = []): void {
  const { outputFiles } = buildSync({
    absWorkingDir: projectRoot,
    entryPoints: [entry],
    // Nothing is written here; but paths inside the source map are relative to it, and the asset hash must not
    // depend on where the assembly is put.
    outfile: 'cdk.out/bundle/index.mjs',
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // Packages that publish both are taken as ES modules: only those can be tree-shaken.
    mainFields: ['module', 'main'],
    // `pg` asks for its native binding only when told to use it; it is not installed.
    external: ['pg-native'],
    // An ES module has no `require`; the CommonJS dependencies inside it call one for Node's own modules.
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
    minify: true,
    // Errors keep their class names in logs.
    keepNames: true,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'warning',
  });
  mkdirSync(outputDir, { recursive: true });
  for (const file of outputFiles) writeFileSync(join(outputDir, basename(file.path)), file.contents);
  for (const folder of folders) {
    cpSync(join(projectRoot, folder), join(outputDir, folder), {
      recursive: true,
      filter: (path) => !/\.test\.ts$|\/faults$/.test(path),
    });
  }
}

/** The code of a function: its bundle, named by the hash of what is in it, built here and never in a container. */
export function bundledCode(entry: string, folders: readonly string[] = []): Code {
  return Code.fromAsset(join(projectRoot, dirname(entry)), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // The type asks for an image; `tryBundle` either succeeds or throws, so it is never pulled.
      image: DockerImage.fromRegistry('unused'),
      // Assets are told apart by folder and options before they are built: without the entry all would share one.
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
