import { type Route, routes } from '#functions/routes.ts';
import { environment } from '#platform/environment.ts';
import { closeDatabase } from '#platform/postgres/database.ts';
import { type Gateway, type LambdaHandler, serveGateway } from '#scripts/local/gateway/server.ts';
import { loadHandler } from '#scripts/local/lambda/handlers.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { recordWire, type WireRecorder } from '../../wire/recorder.ts';

/** The `<env>` part of every key that the proofs of isolation create. */
export const keyEnvironment = 'prove';

export interface ApiOptions {
  /** Routes in addition to those of the product, and their handlers by entry. */
  readonly extra?: {
    readonly routes: readonly Route[];
    readonly handlers: Readonly<Record<string, LambdaHandler>>;
  };
  readonly maxConnections?: number;
  readonly deadlineMs?: number;
}

/** The real handlers behind the real gateway, in this process, over a database. */
export interface Api {
  readonly url: string;
  readonly wire: WireRecorder;
  close(): Promise<void>;
}

/**
 * Serves the API over a database. `adminUrl` is its URL for the superuser. The handlers read their settings from the
 * environment of this process, so only one API runs at a time.
 */
export async function serveApi(adminUrl: string, options: ApiOptions = {}): Promise<Api> {
  const { extra, maxConnections = 1, deadlineMs = 20_000 } = options;
  const wire = await recordWire(adminUrl, { keepAnswers: true });
  process.env[environment.databaseUrl] = wire.through(loginUrl(adminUrl, 'stockade_api'));
  process.env[environment.databaseMaxConnections] = String(maxConnections);
  process.env[environment.databaseDeadlineMs] = String(deadlineMs);
  process.env[environment.keyEnvironment] = keyEnvironment;
  const gateway: Gateway = await serveGateway({
    routes: [...routes, ...(extra?.routes ?? [])],
    load: async (entry) => extra?.handlers[entry] ?? (await loadHandler(entry)),
    onError: () => {},
  });
  return {
    url: gateway.url,
    wire,
    async close() {
      await gateway.close();
      await closeDatabase();
      await wire.close();
    },
  };
}
