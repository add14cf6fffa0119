import { environment } from '#platform/environment.ts';
import { findDatabaseUrl, readPlatformFile } from './database/database-url.ts';
import { CommandError } from './failure.ts';

type Options = { readonly databaseUrl: string | undefined; readonly data: string };

/**
 * Points this process at the SNS and the S3 that belong to its database. Call it before the first alert or evidence.
 * @see localAwsEnvironment
 */
export async function useLocalAws(options: Options): Promise<void> {
  Object.assign(process.env, await localAwsEnvironment(options));
}

/**
 * The environment by which a command reaches the S3 and SNS of the running local platform. Empty in two cases: the
 * environment names a topic or a bucket already, or the command works on another database than the platform's. Alerts
 * about that database are not for the operators of this one.
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
