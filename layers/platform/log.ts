import { Logger } from '@aws-lambda-powertools/logger';
import { loggable } from './loggable.ts';
import { showSourceLines } from './source-lines.ts';

showSourceLines();

/**
 * The structured log of the process. It writes plain data, and of errors the fields that `loggable.ts` lists: by itself,
 * Powertools writes every field of an error. Never pass it a credential. `POWERTOOLS_LOG_LEVEL` sets the level.
 */
export const log = new Logger({
  serviceName: 'stockade',
  // A replacer is first given the whole line, under no name.
  jsonReplacerFn: (name, value) => (name === '' ? loggable(value) : value),
});
