import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as rds from '@aws-sdk/client-rds';
import * as sns from '@aws-sdk/client-sns';
import { handler as receive } from '#functions/jobs/alert-receipt.lambda.ts';
import { closeAwsClients } from '#platform/aws/call.ts';
import { environment } from '#platform/environment.ts';
import { closeDatabase } from '#platform/postgres/database.ts';
import type { DrillVerdict } from '#recovery/monitor/check.ts';
import { type LocalAws, startLocalAws } from '#scripts/local/aws/loopback.ts';
import { lambdaEventOf } from '#scripts/local/aws/sns/lambda-event.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { type MigratedSeed, makeDatabase } from '#scripts/local/migrated-seed.ts';
import { type Cluster, startCluster } from '#scripts/local/postgres/cluster.ts';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';

export const instance = 'stockade';
export const region = 'eu-central-1';
export const otherRegion = 'eu-west-1';

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

export const databaseName = 'stockade';
/** The manual snapshot. Its copy in the other region has the same name with `-copy` at the end. */
export const byHand = 'by-hand';

/** A durable cluster that is an instance of the local RDS and passes every check. */
export interface BackedUp extends AsyncDisposable {
  readonly aws: LocalAws;
  readonly cluster: Cluster;
  /** The database as the superuser. */
  readonly adminUrl: string;
  /** A folder for anything else. */
  readonly folder: string;
  /** A client of the local RDS with the permissions of an administrator. */
  client(of?: string): rds.RDSClient;
  sns(): sns.SNSClient;
  /** Archives the log, takes the snapshot that is due and waits for it. */
  round(): Promise<void>;
  takeSnapshot(identifier: string): Promise<void>;
  /** Copies a snapshot to the other region. */
  copyElsewhere(identifier: string): Promise<void>;
  /** Whether published alerts reach the function that records test alerts, as the subscription on AWS does. */
  deliver(isDelivered: boolean): void;
  /** Waits until every delivered alert is recorded. */
  received(): Promise<void>;
}

/** Starts it, from the files of a seed if there is one, and sets process.env so that functions and commands find it. */
export async function startBackedUp(seed?: MigratedSeed): Promise<BackedUp> {
  const folder = makeScratchFolder('backed-up');
  const ends: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })];
  const dispose = async () => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const cluster = await startCluster({
      directory: join(folder, 'source'),
      archive: true,
      seed,
      settings: { shared_buffers: '32MB', archive_timeout: '60s' },
    });
    ends.push(() => cluster.destroy());
    const adminUrl = await makeDatabase(cluster, databaseName, seed);
    const aws = await startLocalAws({
      directory: join(folder, 'aws'),
      database: {
        identifier: instance,
        cluster,
        databaseName,
        settings: { BackupRetentionPeriod: 14 },
        kmsKeyId: `arn:aws:kms:${region}:000000000000:key/local`,
      },
      durable: false,
    });
    ends.push(() => aws.close(), closeDatabase, closeAwsClients);
    Object.assign(process.env, aws.env, {
      [environment.stage]: 'test',
      [environment.backupCopyRegion]: otherRegion,
      [environment.jobsDatabaseUrl]: loginUrl(adminUrl, 'stockade_jobs'),
    });
    const started = around({ aws, cluster, adminUrl, folder }, ends, dispose);
    const TopicArn = aws.env[environment.alertTopicArn];
    const someone = { Protocol: 'sms', Endpoint: '+493012345678' };
    await started.sns().send(new sns.SubscribeCommand({ TopicArn, ...someone }));
    await started.round();
    await started.takeSnapshot(byHand);
    await started.copyElsewhere(byHand);
    return started;
  } catch (error) {
    await dispose();
    throw error;
  }
}

type Parts = Pick<BackedUp, 'aws' | 'cluster' | 'adminUrl' | 'folder'>;

function around(parts: Parts, ends: (() => unknown)[], dispose: () => Promise<void>): BackedUp {
  const { aws } = parts;
  let isDelivered = true;
  let receiving: Promise<unknown> = Promise.resolve();
  aws.sns.onMessage((message) => {
    if (isDelivered) receiving = Promise.all([receiving, receive(lambdaEventOf(message))]);
  });
  const kept = <Client extends { destroy(): void }>(client: Client): Client => {
    ends.push(() => client.destroy());
    return client;
  };
  const client = (of = region) => kept(new rds.RDSClient({ region: of }));
  return {
    ...parts,
    client,
    sns: () => kept(new sns.SNSClient()),
    async round() {
      await aws.rds.round();
      await aws.rds.settled();
    },
    async takeSnapshot(identifier) {
      const input = { DBSnapshotIdentifier: identifier, DBInstanceIdentifier: instance };
      await client().send(new rds.CreateDBSnapshotCommand(input));
      await aws.rds.settled();
    },
    async copyElsewhere(identifier) {
      await client(otherRegion).send(
        new rds.CopyDBSnapshotCommand({
          SourceDBSnapshotIdentifier: `arn:aws:rds:${region}:000000000000:snapshot:${identifier}`,
          TargetDBSnapshotIdentifier: `${identifier}-copy`,
          KmsKeyId: `arn:aws:kms:${otherRegion}:000000000000:key/local`,
        }),
      );
      await aws.rds.settled();
    },
    deliver(yes) {
      isDelivered = yes;
    },
    async received() {
      await receiving;
    },
    [Symbol.asyncDispose]: dispose,
  };
}

/** A drill that passed an hour ago, within the promised time. */
export const goodDrill = (now = new Date(), source = instance): DrillVerdict => ({
  id: 'd-good',
  request: { source },
  passed: true,
  at: new Date(now.getTime() - hourMs),
  provenAfterMs: 20 * minuteMs,
  brokenLinks: [],
  unreadableSince: [],
});
