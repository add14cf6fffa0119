import { Logger } from '@aws-lambda-powertools/logger';

/**
 * The process' structured log. Values are written as given, so no credential is ever passed to it.
 * The level comes from `POWERTOOLS_LOG_LEVEL`.
 */
export const log = new Logger({ serviceName: 'stockade' });
