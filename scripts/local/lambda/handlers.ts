import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { paths } from '#scripts/paths.ts';
import type { LambdaHandler } from './invoke.ts';
import { createReloader } from './reload.ts';

/** Finds the handlers of functions by the names that the route table and the schedule table give them. */
export interface HandlerLoader {
  /** The handler of an entry of the route table. */
  readonly load: (entry: string) => Promise<LambdaHandler>;
  /** The handler of a job. */
  readonly loadJob: (job: string) => Promise<LambdaHandler<unknown>>;
  /** Gives back what reloading holds: database connections of replaced code, and files. */
  readonly close: () => Promise<void>;
}

export interface HandlerLoaderOptions {
  /** Take up changes below `functions/` and `layers/` with the next call. */
  readonly watch: boolean;
  /** The folder that holds `functions/` and `layers/`; the checkout when absent. */
  readonly root?: string;
}

/**
 * Makes a loader. Without `watch` the handlers are part of this process: they share its modules, its environment and
 * its database connections.
 */
export function createHandlerLoader({ watch, root = paths.root }: HandlerLoaderOptions): HandlerLoader {
  const reloader = watch ? createReloader(root) : undefined;
  // Without `watch` a module is what it was at the first call, as in a function on Lambda.
  const loaded = new Map<string, Promise<LambdaHandler>>();
  const load = async (folder: string, name: string): Promise<LambdaHandler> => {
    const source = sourceOf(root, folder, name);
    const module = reloader ? await reloader.load(source) : await import(pathToFileURL(source).href);
    return handlerOf(module, source);
  };
  const loadOnce = (folder: string, name: string): Promise<LambdaHandler> => {
    if (reloader) return load(folder, name);
    const key = `${folder}/${name}`;
    const handler = loaded.get(key) ?? load(folder, name);
    loaded.set(key, handler);
    // A failure is tried again: only what has been loaded is kept.
    handler.catch(() => loaded.delete(key));
    return handler;
  };
  return {
    load: (entry) => loadOnce('api', entry),
    loadJob: (job) => loadOnce('jobs', job) as Promise<LambdaHandler<unknown>>,
    close: async () => reloader?.close(),
  };
}

/** The handler of `functions/api/<entry>.lambda.ts` in this checkout. */
export const loadHandler: HandlerLoader['load'] = createHandlerLoader({ watch: false }).load;

function sourceOf(root: string, folder: string, name: string): string {
  const file = join(root, 'functions', folder, `${name}.lambda.ts`);
  if (existsSync(file)) return file;
  throw new Error(`a table in functions/ names "${name}", but there is no ${file}`);
}

function handlerOf(module: { handler?: unknown }, source: string): LambdaHandler {
  if (typeof module.handler === 'function') return module.handler as LambdaHandler;
  throw new Error(`${source} exports no function named handler`);
}
