import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { paths } from '#scripts/paths.ts';
import type { LambdaHandler } from './invoke.ts';
import { createReloader } from './reload.ts';

/** Finds the handlers of functions by their entries in the route table. */
export interface HandlerLoader {
  readonly load: (entry: string) => Promise<LambdaHandler>;
  /** Gives back what reloading holds: database connections of replaced code, and files. */
  readonly close: () => Promise<void>;
}

export interface HandlerLoaderOptions {
  /** Take up changes below `functions/` and `layers/` with the next request. */
  readonly watch: boolean;
  /** The folder that holds `functions/` and `layers/`; the checkout when absent. */
  readonly root?: string;
}

/**
 * Makes a loader. Without `watch` the handlers are part of this process: they share its modules, its environment and
 * its database connections.
 */
export function createHandlerLoader({ watch, root = paths.root }: HandlerLoaderOptions): HandlerLoader {
  if (watch) {
    const reloader = createReloader(root);
    return {
      load: async (entry) => handlerOf(await reloader.load(sourceOf(root, entry)), entry),
      close: reloader.close,
    };
  }
  const load = async (entry: string) =>
    handlerOf(await import(pathToFileURL(sourceOf(root, entry)).href), entry);
  return { load, close: async () => {} };
}

/** The handler of `functions/api/<entry>.lambda.ts` in this checkout. */
export const loadHandler: HandlerLoader['load'] = createHandlerLoader({ watch: false }).load;

function sourceOf(root: string, entry: string): string {
  const file = join(root, 'functions/api', `${entry}.lambda.ts`);
  if (existsSync(file)) return file;
  throw new Error(`the route table names the entry "${entry}", but there is no ${file}`);
}

function handlerOf(module: { handler?: unknown }, entry: string): LambdaHandler {
  if (typeof module.handler === 'function') return module.handler as LambdaHandler;
  throw new Error(`functions/api/${entry}.lambda.ts exports no function named handler`);
}
