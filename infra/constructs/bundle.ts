import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { buildSync } from 'esbuild';

/** The folder of package.json. Its `imports` resolve `#platform/*` and the other layers. */
export const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

/** The `handler` property of every function: the file that `writeBundle` writes, and its export. */
export const bundledHandler = 'index.handler';

/**
 * Bundles one entry into `outputDir` for Lambda: `index.mjs` and its source map.
 * The bundle contains the AWS SDK instead of using the runtime's copy. So the tested version is the version that runs, and a
 * cold start loads only the clients that the entry uses.
 * @param entry path of a `*.lambda.ts` file, from the project's root
 * @param folders folders that the function reads besides its code, from the project's root; they keep their names
 * @throws esbuild's BuildFailure, naming file and line, when the entry does not build
 */
function writeBundle(entry: string, outputDir: string, folders: readonly string[] = []): void {
  const { outputFiles } = buildSync({
    absWorkingDir: projectRoot,
    entryPoints: [entry],
    // esbuild writes nothing here, but paths inside the source map are relative to it. The asset hash must not depend on
    // where the assembly is written.
    outfile: 'cdk.out/bundle/index.mjs',
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // Prefer ES modules when a package has both: only ES modules can be tree-shaken.
    mainFields: ['module', 'main'],
    // `pg` loads its native binding only on request. It is not installed.
    external: ['pg-native'],
    // ES modules have no `require`, but the CommonJS dependencies inside call it for Node's own modules.
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
