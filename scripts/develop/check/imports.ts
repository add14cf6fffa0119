import { readFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';

/** One import, export-from or dynamic import of a file. Paths are relative to the root, with forward slashes. */
export interface ImportLine {
  readonly file: string;
  readonly line: number;
  readonly specifier: string;
}

/**
 * Reads the imports of files. esbuild parses them, so strings and comments do not count. `import type` counts too, because
 * a type that crosses a boundary couples the two sides.
 */
export async function readImports(root: string, files: readonly string[]): Promise<ImportLine[]> {
  const found: ImportLine[] = [];
  const sources = new Map<string, string>();
  const collect: Plugin = {
    name: 'collect-imports',
    setup: ({ onLoad, onResolve }) => {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const source = await readFile(path, 'utf8');
        sources.set(path, source);
        return { contents: withoutTypeKeyword(source), loader: 'ts' };
      });
      onResolve({ filter: /.*/ }, ({ path, importer, kind }) => {
        if (kind === 'entry-point') return undefined;
        const line = lineOf(sources.get(importer) ?? '', path);
        found.push({ file: relative(root, importer).replaceAll('\\', '/'), line, specifier: path });
        return { path, external: true };
      });
    },
  };
  await build({
    absWorkingDir: root,
    entryPoints: files.map((file) => resolve(root, file)),
    outdir: resolve(root, 'not-written'),
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    logLevel: 'silent',
    plugins: [collect],
    // Otherwise esbuild drops imports that are used only as types.
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  });
  return found.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line));
}

/** Turns type imports into plain ones, because esbuild drops type imports. Lines keep their numbers. */
function withoutTypeKeyword(source: string): string {
  return source.replace(/^(\s*(?:import|export)\s)type(?=\s+(?:[{*]|\w+\s*(?:,|from\b)))/gm, '$1    ');
}

function lineOf(source: string, specifier: string): number {
  const lines = source.split('\n');
  const quoted = [`'${specifier}'`, `"${specifier}"`];
  const isImport = (line: string) =>
    /\b(from|import)\b/.test(line) && quoted.some((text) => line.includes(text));
  return lines.findIndex(isImport) + 1;
}
