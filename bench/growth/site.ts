import { once } from 'node:events';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { environment } from '#platform/environment.ts';
import { closeDatabase } from '#platform/postgres/database.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { keyEnvironment } from '#tests/prove/isolation/api.ts';
import { closing } from '../interruption.ts';
import { callHandlers } from './handlers.ts';
import { type Ground, operations } from './operations.ts';

/** A database and the handlers in a thread of its own, with its own connection. Only one site works at a time. */
export interface Site {
  /** Repeats an operation for this time, or this often. Returns how often. */
  repeat(operation: string, until: Until): Promise<number>;
  close(): Promise<void>;
}

interface Given {
  readonly key: string;
  readonly ground: Ground;
}

type Until = { readonly durationMs: number } | { readonly times: number };

type Order = Until & { readonly operation: string };

type Reply = { readonly times: number } | { readonly failure: string };

/** Opens a site. `adminUrl` is the URL of its database for the superuser. */
export function openSite(adminUrl: string, given: Given): Site {
  const worker = new Worker(new URL(import.meta.url), {
    workerData: given,
    env: {
      ...process.env,
      [environment.databaseUrl]: loginUrl(adminUrl, 'stockade_api'),
      [environment.databaseMaxConnections]: '1',
      [environment.keyEnvironment]: keyEnvironment,
      POWERTOOLS_LOG_LEVEL: 'SILENT',
      POWERTOOLS_METRICS_DISABLED: 'true',
    },
  });
  return {
    async repeat(operation, until) {
      worker.postMessage({ operation, ...until } satisfies Order);
      const [reply] = (await once(worker, 'message')) as [Reply];
      if ('failure' in reply) throw new Error(`${operation}: ${reply.failure}`);
      return reply.times;
    },
    close: closing(() => worker.terminate()),
  };
}

const given = workerData as Given | null;
if (parentPort && given?.ground) {
  const port = parentPort;
  const call = callHandlers(given.key);
  // Further turns go on where the last ones ended, so that a posting is not always of the same balances.
  let turn = 0;
  const repeat = async (order: Order): Promise<number> => {
    const operation = operations.find(({ name }) => name === order.operation);
    if (!operation) throw new Error('there is no such operation');
    const startedAt = performance.now();
    const isOver = (times: number) =>
      'times' in order ? times >= order.times : performance.now() >= startedAt + order.durationMs;
    let times = 0;
    for (; !isOver(times); times += 1) {
      await call(operation.request(given.ground, turn));
      turn += 1;
    }
    return times;
  };
  port.on('message', (order: Order) => {
    repeat(order).then(
      (times) => port.postMessage({ times } satisfies Reply),
      (error: Error) => port.postMessage({ failure: error.message } satisfies Reply),
    );
  });
  port.on('close', () => void closeDatabase());
}
