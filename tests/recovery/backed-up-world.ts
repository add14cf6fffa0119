import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as rds from '@aws-sdk/client-rds';
import * as sns from '@aws-sdk/client-sns';
import { Client } from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { handler as receive } from '#functions/jobs/alert-receipt.lambda.ts';
import { closeAwsClients } from '#platform/aws-call.ts';
import { closeDatabase } from '#platform/database.ts';
import { environment } from '#platform/environment.ts';
import { migrate } from '#platform/migrations/migrate.ts';
import type { DrillVerdict } from '#recovery/monitor/check.ts';
import { type ReceivedAlert, readAlert } from '#scripts/local/alert.ts';
import { type LocalAws, startLocalAws } from '#scripts/local/aws/loopback.ts';
import type { Message } from '#scripts/local/aws/sns/message.ts';
import { loginUrl, setLogins } from '#scripts/local/logins.ts';
import { type Cluster, startCluster } from '#scripts/local/postgres/cluster.ts';
import { paths } from '#scripts/paths.ts';

export const instance = 'stockade';
export const region = 'eu-central-1';
export const otherRegion = 'eu-west-1';

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** A durable cluster of the test file's own that is an instance of the local RDS, with all that a healthy one has. */
export interface BackedUpWorld {
  readonly aws: LocalAws;
  readonly adminUrl: string;
  /** A client of the local RDS, as an administrator has it. */
  client(of?: string): rds.RDSClient;
  sns(): sns.SNSClient;
  /** Archives, takes the snapshot that is due and waits for it. */
  round(): Promise<void>;
  takeSnapshot(identifier: string): Promise<void>;
  /** The alerts that have arrived, the oldest first. */
  alerts(): ReceivedAlert[];
  /** Whether what is published reaches the function that notes it, as its subscription does on AWS. */
  deliver(isDelivered: boolean): void;
  /** Waits until everything that was delivered has been noted. */
  received(): Promise<void>;
}

export function openBackedUp(): BackedUpWorld {
  let folder: string;
  let cluster: Cluster;
  let aws: LocalAws;
  let adminUrl: string;
  let isDelivered = true;
  let receiving: Promise<unknown> = Promise.resolve();
  const clients: { destroy(): void }[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stockade-backed-up-'));
    await chmod(folder, 0o755);
    cluster = await startCluster({
      directory: join(folder, 'source'),
      archive: true,
      settings: { shared_buffers: '32MB', archive_timeout: '60s' },
    });
    const admin = new Client(cluster.url);
    await admin.connect();
    await admin.query('create database stockade');
    await admin.end();
    const url = new URL(cluster.url);
    url.pathname = 'stockade';
    adminUrl = url.href;
    await migrate({ connectionString: adminUrl, directory: paths.migrations });
    await setLogins(adminUrl);
    aws = await startLocalAws({
      directory: join(folder, 'aws'),
      database: {
        identifier: instance,
        cluster,
        databaseName: 'stockade',
        settings: { BackupRetentionPeriod: 14 },
        kmsKeyId: `arn:aws:kms:${region}:000000000000:key/local`,
      },
      durable: false,
    });
    Object.assign(process.env, aws.env, {
      [environment.stage]: 'test',
      [environment.backupCopyRegion]: otherRegion,
      [environment.jobsDatabaseUrl]: loginUrl(adminUrl, 'stockade_jobs'),
    });
    aws.sns.onMessage((message) => {
      if (isDelivered) receiving = Promise.all([receiving, receive(eventOf(message))]);
    });
    await opened.sns().send(
      new sns.SubscribeCommand({
        TopicArn: aws.env[environment.alertTopicArn],
        Protocol: 'sms',
        Endpoint: '+493012345678',
      }),
    );
    await opened.round();
    await opened.takeSnapshot('by-hand');
    await copyTo(opened, 'by-hand');
  }, 120_000);

  afterAll(async () => {
    for (const client of clients) client.destroy();
    closeAwsClients();
    await closeDatabase();
    await aws?.close();
    await cluster?.destroy();
    await rm(folder, { recursive: true, force: true });
  });

  const opened: BackedUpWorld = {
    get aws() {
      return aws;
    },
    get adminUrl() {
      return adminUrl;
    },
    client(of = region) {
      const client = new rds.RDSClient({ region: of });
      clients.push(client);
      return client;
    },
    sns() {
      const client = new sns.SNSClient();
      clients.push(client);
      return client;
    },
    async round() {
      await aws.rds.round();
      await aws.rds.settled();
    },
    async takeSnapshot(identifier) {
      const input = { DBSnapshotIdentifier: identifier, DBInstanceIdentifier: instance };
      await opened.client().send(new rds.CreateDBSnapshotCommand(input));
      await aws.rds.settled();
    },
    alerts: () => aws.sns.messages.flatMap((message) => readAlert(message) ?? []),
    deliver(yes) {
      isDelivered = yes;
    },
    async received() {
      await receiving;
    },
  };
  return opened;
}

async function copyTo({ client, aws }: BackedUpWorld, identifier: string): Promise<void> {
  await client(otherRegion).send(
    new rds.CopyDBSnapshotCommand({
      SourceDBSnapshotIdentifier: `arn:aws:rds:${region}:000000000000:snapshot:${identifier}`,
      TargetDBSnapshotIdentifier: `${identifier}-copy`,
      KmsKeyId: `arn:aws:kms:${otherRegion}:000000000000:key/local`,
    }),
  );
  await aws.rds.settled();
}

/** What SNS gives a function that has subscribed. */
function eventOf({ messageId, topicArn, subject, message, attributes, publishedAt }: Message) {
  return {
    Records: [
      {
        EventVersion: '1.0',
        EventSubscriptionArn: `${topicArn}:receipt`,
        EventSource: 'aws:sns',
        Sns: {
          SignatureVersion: '1',
          Timestamp: publishedAt,
          Signature: '',
          SigningCertUrl: '',
          MessageId: messageId,
          Message: message,
          MessageAttributes: Object.fromEntries(
            Object.entries(attributes).map(([name, { type, value }]) => [name, { Type: type, Value: value }]),
          ),
          Type: 'Notification',
          UnsubscribeUrl: '',
          TopicArn: topicArn,
          ...(subject !== undefined && { Subject: subject }),
        },
      },
    ],
  };
}

/** A drill that has passed an hour ago, as fast as one does. */
export const goodDrill = (now = new Date()): DrillVerdict => ({
  id: 'd-good',
  passed: true,
  at: new Date(now.getTime() - hourMs),
  provenAfterMs: 20 * minuteMs,
});
