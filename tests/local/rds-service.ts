import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as rds from '@aws-sdk/client-rds';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { type LocalRds, startRds } from '#scripts/local/aws/rds/service.ts';
import { createAwsKey } from '#scripts/local/aws/signature.ts';
import { type Cluster, startCluster } from '#scripts/local/postgres/cluster.ts';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';

export const region = 'eu-central-1';
export const DBInstanceIdentifier = 'stockade';

/** A cluster with the table `line`, which is an instance of a local RDS with one automated snapshot. */
export interface RdsService {
  readonly folder: string;
  readonly cluster: Cluster;
  readonly local: LocalRds;
  /** A client with the right key, in the region of the instance. */
  readonly client: rds.RDSClient;
  /** The cluster's database as the superuser. */
  readonly database: Client;
  clientOf(region: string, credentials?: ReturnType<typeof createAwsKey>): rds.RDSClient;
  /** Starts RDS again from its files. Close it first. */
  startAgain(): Promise<void>;
  /** How long and how often the SDK asks when it waits for an instance or a snapshot. */
  waiting(): { client: rds.RDSClient; maxWaitTime: number; minDelay: number; maxDelay: number };
  instance(identifier?: string): Promise<rds.DBInstance>;
  snapshot(identifier: string, of?: rds.RDSClient): Promise<rds.DBSnapshot>;
  takeSnapshot(identifier: string): Promise<rds.DBSnapshot>;
  /** Restores the snapshot `first`. */
  restore(input: Partial<rds.RestoreDBInstanceFromDBSnapshotCommandInput>): Promise<rds.DBInstance>;
  remove(identifier: string): Promise<rds.DBInstance | undefined>;
  /** The messages of the events of an instance or a snapshot. */
  newsOf(identifier: string, type: rds.SourceType): Promise<(string | undefined)[] | undefined>;
  /** The lines in the database of an instance. */
  linesOf(instance: rds.DBInstance, user?: string, password?: string): Promise<number[]>;
  /** Adds a line to the cluster's database. */
  add(id: number): Promise<unknown>;
  /** The database's time, more than a millisecond after the statement before and before the statement after. */
  clock(): Promise<Date>;
}

/** Gives the tests of a file such an RDS. Call it at the top of the file and use what it returns inside tests. */
export function openRdsService(): RdsService {
  const key = createAwsKey();
  let folder: string;
  let cluster: Cluster;
  let local: LocalRds;
  let client: rds.RDSClient;
  let database: Client;
  const clients: rds.RDSClient[] = [];

  beforeAll(async () => {
    folder = makeScratchFolder('rds');
    cluster = await startCluster({
      directory: join(folder, 'source'),
      durable: false,
      archive: true,
      settings: { shared_buffers: '16MB' },
    });
    database = new Client(cluster.url);
    await database.connect();
    await database.query(
      "create table line (id int primary key); create role teller login password 'teller'",
    );
    await service.startAgain();
    await local.round();
    await local.settled();
  });
  afterEach(() => local.faults.clear());
  afterAll(async () => {
    for (const each of clients) each.destroy();
    await local.close();
    await database.end();
    await cluster.destroy();
    await rm(folder, { recursive: true, force: true });
  });

  const service: RdsService = {
    get folder() {
      return folder;
    },
    get cluster() {
      return cluster;
    },
    get local() {
      return local;
    },
    get client() {
      return client;
    },
    get database() {
      return database;
    },
    clientOf(of, credentials = key) {
      const made = new rds.RDSClient({ endpoint: local.url, region: of, credentials, maxAttempts: 1 });
      clients.push(made);
      return made;
    },
    async startAgain() {
      local = await startRds({ directory: join(folder, 'rds'), key, region, durable: false });
      await local.attach({
        identifier: DBInstanceIdentifier,
        cluster,
        databaseName: 'postgres',
        tags: { environment: 'production' },
      });
      client = service.clientOf(region);
    },
    waiting: () => ({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }),
    async instance(identifier = DBInstanceIdentifier) {
      const command = new rds.DescribeDBInstancesCommand({ DBInstanceIdentifier: identifier });
      return (await client.send(command)).DBInstances?.[0] ?? {};
    },
    async snapshot(identifier, of = client) {
      const command = new rds.DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: identifier });
      return (await of.send(command)).DBSnapshots?.[0] ?? {};
    },
    async takeSnapshot(identifier) {
      const input = { DBSnapshotIdentifier: identifier, DBInstanceIdentifier };
      return (await client.send(new rds.CreateDBSnapshotCommand(input))).DBSnapshot ?? {};
    },
    async restore(input) {
      const command = new rds.RestoreDBInstanceFromDBSnapshotCommand({
        DBInstanceIdentifier: 'restored',
        DBSnapshotIdentifier: 'first',
        BackupRetentionPeriod: 0,
        ...input,
      });
      return (await client.send(command)).DBInstance ?? {};
    },
    async remove(identifier) {
      const input = { DBInstanceIdentifier: identifier, SkipFinalSnapshot: true };
      const { DBInstance } = await client.send(new rds.DeleteDBInstanceCommand(input));
      await rds.waitUntilDBInstanceDeleted(service.waiting(), { DBInstanceIdentifier: identifier });
      return DBInstance;
    },
    async newsOf(SourceIdentifier, SourceType) {
      const command = new rds.DescribeEventsCommand({ SourceIdentifier, SourceType });
      return (await client.send(command)).Events?.map(({ Message }) => Message);
    },
    async linesOf({ Endpoint }, user = 'postgres', password) {
      const url = new URL(cluster.url);
      url.host = `${Endpoint?.Address}:${Endpoint?.Port}`;
      url.username = user;
      if (password !== undefined) url.password = password;
      const reader = new Client(url.href);
      await reader.connect();
      try {
        const { rows } = await reader.query<{ id: number }>('select id from line order by id');
        return rows.map(({ id }) => id);
      } finally {
        await reader.end();
      }
    },
    add: (id) => database.query('insert into line values ($1)', [id]),
    async clock() {
      const { rows } = await database.query<{ now: Date }>(
        'select pg_sleep(0.002), clock_timestamp() as now',
      );
      await database.query('select pg_sleep(0.002)');
      return rows[0]?.now ?? new Date(Number.NaN);
    },
  };
  return service;
}

/** The error with which the SDK reports a refusal of RDS. */
export function refusal(name: string, httpStatusCode: number, message?: RegExp) {
  return {
    name,
    $metadata: { httpStatusCode },
    ...(message && { message: expect.stringMatching(message) }),
  };
}
