import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { routes } from '#functions/routes.ts';
import { buildDocument, type DocumentedOperation } from '#http/openapi/document.ts';
import { paths } from '#scripts/paths.ts';
import { documentation } from './documentation.ts';

/** The document, relative to the root: beside the function that serves it. */
export const documentFile = 'functions/openapi.json';

/**
 * The OpenAPI document of this checkout, formatted by biome like every other file.
 * @throws IncompleteDocumentation when a route has no documentation, or documentation no route
 */
export async function generateDocument(): Promise<string> {
  const document = buildDocument(routes, await readOperations(), documentation);
  return await format(JSON.stringify(document));
}

/** The committed document; undefined when there is none. */
export async function readDocument(): Promise<string | undefined> {
  return await readFile(join(paths.root, documentFile), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

/** The operation of each route, from the handlers of the functions. */
export async function readOperations(): Promise<ReadonlyMap<string, DocumentedOperation>> {
  const operations = new Map<string, DocumentedOperation>();
  for (const entry of new Set(routes.map((route) => route.entry))) {
    const file = pathToFileURL(join(paths.api, `${entry}.lambda.ts`)).href;
    const { handler }: { handler: { operations?: Readonly<Record<string, DocumentedOperation>> } } =
      await import(file);
    for (const [key, operation] of Object.entries(handler.operations ?? {})) operations.set(key, operation);
  }
  return operations;
}

async function format(json: string): Promise<string> {
  const biome = spawn(
    join(paths.root, 'node_modules/.bin/biome'),
    ['format', `--stdin-file-path=${documentFile}`],
    { cwd: paths.root, stdio: ['pipe', 'pipe', 'pipe'] },
  );
  biome.stdin.end(json);
  const [out, err, [code]] = await Promise.all([
    readText(biome.stdout),
    readText(biome.stderr),
    once(biome, 'close'),
  ]);
  if (code === 0) return out;
  throw new Error(`biome could not format the OpenAPI document: ${err}`);
}
