import { environment } from '#platform/environment.ts';
import { findDatabaseUrl, readPlatformFile } from './database/database-url.ts';
import { CommandError } from './failure.ts';

type Options = { readonly databaseUrl: string | undefined; readonly data: string };

/**
 * Lets this process publish alerts and keep evidence where its database belongs. Call it before the first of either.
 * @see localAwsEnvironment
 */
export async function useLocalAws(options: Options): Promise<void> {
  Object.assign(process.env, await localAwsEnvironment(options));
}

/**
 * The environment by which a command reaches the S3 and SNS of the running local platform. Empty when the environment
 * names a topic or a bucket, which then is meant as it stands, and when the command works on another database than the
 * platform's: what concerns one ledger is not to be told to those who look after another.
 * @throws CommandError like {@link findDatabaseUrl}
 */
export async function localAwsEnvironment(
  options: Options,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Readonly<Record<string, string>>> {
  if (env[environment.alertTopicArn] || env[environment.evidenceBucket]) return {};
  const databaseUrl = await findDatabaseUrl(options, env);
  const platform = await readPlatformFile(options.data).catch((error: unknown) => {
    if (error instanceof CommandError) return undefined;
    throw error;
  });
  const isItsDatabase = platform !== undefined && databaseOf(platform.adminUrl) === databaseOf(databaseUrl);
  return (isItsDatabase && platform.aws) || {};
}

function databaseOf(url: string): string {
  const { host, pathname } = new URL(url.replace('@/', '@localhost/'));
  return host + pathname;
}
