import { once } from 'node:events';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import type { Api } from '../api.ts';

/**
 * Serves the API in a new thread. Several databases can be served at once, each with its own connections and its own
 * settings: `env`, in addition to those of this process.
 */
export async function serveApiInThread(adminUrl: string, env: NodeJS.ProcessEnv): Promise<Omit<Api, 'wire'>> {
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { adminUrl },
    env: { ...process.env, ...env },
  });
  const [url] = (await once(worker, 'message')) as [string];
  return {
    url,
    async close() {
      const exited = once(worker, 'exit');
      worker.postMessage('close');
      await exited;
    },
  };
}

const given = workerData as { readonly adminUrl?: string } | null;
if (parentPort && given?.adminUrl) {
  const port = parentPort;
  await import('../../quiet.ts');
  const { serveApi } = await import('../api.ts');
  const api = await serveApi(given.adminUrl);
  port.once('message', () => api.close().then(() => port.close()));
  port.postMessage(api.url);
}
