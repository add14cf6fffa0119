import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { closeAwsClients } from '#platform/aws/call.ts';
import { environment } from '#platform/environment.ts';
import { type ReceivedAlert, readAlert } from '#scripts/local/alert.ts';
import { type LocalAws, startLocalAws } from '#scripts/local/aws/loopback.ts';

/** S3 and SNS of the test file's own, which the real SDK talks to. */
export interface AwsWorld {
  /** S3 and SNS themselves: `s3.faults`, `sns.faults`, `s3.lose()`, `sns.messages`. */
  readonly local: LocalAws;
  /** Where they keep what they hold. */
  readonly directory: string;
  /** The alerts that have arrived, the oldest first. */
  alerts(): ReceivedAlert[];
  /** The next alert, or the next one of a name, from here on. */
  nextAlert(name?: string): Promise<ReceivedAlert>;
  /** The keys of the evidence bucket. */
  evidenceKeys(): string[];
  /** Ends S3 and SNS and starts them again on the same folder, on other ports. */
  restart(): Promise<void>;
}

/** Gives the tests of a file an AWS. Call it at the top of the file and use what it returns inside tests. */
export function openAws(): AwsWorld {
  let directory: string;
  let local: LocalAws;

  async function start(): Promise<void> {
    local = await startLocalAws({ directory });
    Object.assign(process.env, local.env);
  }

  async function stop(): Promise<void> {
    closeAwsClients();
    await local?.close();
  }

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'stockade-aws-'));
    process.env[environment.stage] ??= 'test';
    await start();
  });

  afterAll(async () => {
    await stop();
    await rm(directory, { recursive: true, force: true });
  });

  return {
    get local() {
      return local;
    },
    get directory() {
      return directory;
    },
    alerts: () => local.sns.messages.flatMap((message) => readAlert(message) ?? []),
    nextAlert: (name) =>
      new Promise((resolve) => {
        const end = local.sns.onMessage((message) => {
          const alert = readAlert(message);
          if (!alert || (name !== undefined && alert.name !== name)) return;
          end();
          resolve(alert);
        });
      }),
    evidenceKeys: () => local.s3.keys(local.env[environment.evidenceBucket] ?? ''),
    async restart() {
      await stop();
      await start();
    },
  };
}
