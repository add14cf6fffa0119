import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { environment } from '#platform/environment.ts';
import { lockDirectory } from '../postgres/lock.ts';
import { keepSecret } from '../secrets.ts';
import { accountId, region } from './account.ts';
import type { Attachment } from './rds/instances.ts';
import { type LocalRds, startRds } from './rds/service.ts';
import { type LocalS3, startS3 } from './s3/service.ts';
import { type AwsKey, createAwsKey } from './signature.ts';
import { type LocalSns, startSns } from './sns/service.ts';

const evidenceBucket = 'stockade-evidence';
const alertTopic = 'stockade-alerts';
const evidenceRetentionDays = 1;

/** AWS as far as Stockade uses it, on this machine. */
export interface LocalAws {
  readonly s3: LocalS3;
  readonly sns: LocalSns;
  readonly rds: LocalRds;
  /** What makes the AWS SDK, and with it the functions, talk to this AWS and to no other. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export interface LocalAwsOptions {
  /** What the services hold is kept there, as is the one key that may use them. */
  readonly directory: string;
  /** The cluster that is the instance of the platform's database; without it RDS has no instance. */
  readonly database?: Omit<Attachment, 'region'> | undefined;
  /** False trades safety of the clusters of RDS against power failure for speed: for tests. */
  readonly durable?: boolean;
}

/**
 * Starts S3, SNS and RDS on free ports of 127.0.0.1, with the bucket for evidence and the topic for alerts in them.
 * @throws StartFailure when another process has the folder
 */
export async function startLocalAws({ directory, database, durable }: LocalAwsOptions): Promise<LocalAws> {
  await mkdir(directory, { recursive: true });
  const lock = lockDirectory(directory, join(directory, 'lock'));
  const stops: (() => Promise<void> | void)[] = [() => lock.release()];
  const close = async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  };
  try {
    const key: AwsKey = JSON.parse(
      await keepSecret(join(directory, 'key.json'), () => JSON.stringify(createAwsKey())),
    );
    const s3 = await startS3({ directory: join(directory, 's3'), key, region });
    stops.push(() => s3.close());
    const sns = await startSns({ directory: join(directory, 'sns'), key, region, accountId });
    stops.push(() => sns.close());
    const rds = await startRds({ directory: join(directory, 'rds'), key, region, durable: durable ?? true });
    stops.push(() => rds.close());
    const instance = database && (await rds.attach(database));
    await s3.ensureBucket({ name: evidenceBucket, locks: true });
    const topicArn = sns.ensureTopic(alertTopic);
    const env = {
      ...sdkEnvironment(key),
      AWS_ENDPOINT_URL_S3: s3.url,
      AWS_ENDPOINT_URL_SNS: sns.url,
      AWS_ENDPOINT_URL_RDS: rds.url,
      [environment.evidenceBucket]: evidenceBucket,
      [environment.evidenceRetentionDays]: String(evidenceRetentionDays),
      [environment.alertTopicArn]: topicArn,
      ...(instance !== undefined && { [environment.dbInstanceIdentifier]: instance }),
    };
    return { s3, sns, rds, env, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Region and credentials, and the end of whatever a person has set for the real AWS that would win over them. */
function sdkEnvironment({ accessKeyId, secretAccessKey }: AwsKey): Record<string, string> {
  return {
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: '',
    AWS_PROFILE: '',
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'false',
    AWS_USE_FIPS_ENDPOINT: 'false',
    AWS_USE_DUALSTACK_ENDPOINT: 'false',
  };
}
