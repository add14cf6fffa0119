/**
 * The names of the environment variables that functions read.
 * The stack sets them by these names and `config.ts` reads them by these names, so that neither can drift.
 */
export const environment = {
  /** A whole connection URL. Local platforms and tests set it; on AWS the parts below are set instead. */
  databaseUrl: 'STOCKADE_DATABASE_URL',
  databaseHost: 'STOCKADE_DATABASE_HOST',
  databasePort: 'STOCKADE_DATABASE_PORT',
  databaseName: 'STOCKADE_DATABASE_NAME',
  databaseUser: 'STOCKADE_DATABASE_USER',
  /** Connections one process may hold. A Lambda instance serves one request at a time: 1. */
  databaseMaxConnections: 'STOCKADE_DATABASE_MAX_CONNECTIONS',
  /** The `<env>` part of API keys (`sk_<env>_…`), so that a key of one stage is refused by another unseen. */
  keyEnvironment: 'STOCKADE_KEY_ENVIRONMENT',
  stage: 'STOCKADE_STAGE',
} as const;
