import type { MoveOptions } from '#portability/moving-in/move.ts';
import type { Context } from '../cli/command.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import * as option from '../cli/option.ts';
import { paths } from '../paths.ts';
import { showEvents } from './run/show-events.ts';

/** The options of the commands that move an inventory in. */
export const movingInOptions = {
  ...databaseOptions,
  lockTimeoutMs: option.duration({
    flag: 'lock-timeout',
    description: 'the longest wait for a lock',
    default: 200,
    // To Postgres, 0 means no timeout.
    minMs: 1,
    maxMs: 3_600_000,
  }),
};

/** What a part of the move is given, from the options of its command. */
export async function moveOptions(
  options: {
    readonly databaseUrl: string | undefined;
    readonly data: string;
    readonly lockTimeoutMs: number;
  },
  { signal, note, progress }: Pick<Context<unknown, unknown>, 'signal' | 'note' | 'progress'>,
): Promise<MoveOptions & { readonly connectionString: string }> {
  return {
    connectionString: await findDatabaseUrl(options),
    directory: paths.migrations,
    lockTimeoutMs: options.lockTimeoutMs,
    signal,
    onProgress: showEvents(note, progress),
  };
}
