import { Logger } from '@aws-lambda-powertools/logger';

/**
 * The structured log of the process. It writes values as given, so never pass it a credential.
 * `POWERTOOLS_LOG_LEVEL` sets the level.
 */
export const log = new Logger({ serviceName: 'stockade' });
