import { afterAll, beforeAll, inject } from 'vitest';
import { type ReceivedAlert, readAlert } from '#scripts/local/alert.ts';
import { seedOf } from '#tests/prepared-cluster.ts';
import { type BackedUp, startBackedUp } from '../prove/recovery/backed-up.ts';

export * from '../prove/recovery/backed-up.ts';

/** An instance of the test file's own that passes every check, and the alerts about it. */
export interface BackedUpWorld extends Omit<BackedUp, keyof AsyncDisposable> {
  /** The alerts that have arrived, the oldest first. */
  alerts(): ReceivedAlert[];
}

export function openBackedUp(): BackedUpWorld {
  let started: BackedUp;
  beforeAll(async () => {
    started = await startBackedUp(seedOf(inject('preparedCluster')));
  }, 120_000);
  afterAll(() => started?.[Symbol.asyncDispose]());
  return {
    get aws() {
      return started.aws;
    },
    get cluster() {
      return started.cluster;
    },
    get adminUrl() {
      return started.adminUrl;
    },
    get folder() {
      return started.folder;
    },
    client: (of) => started.client(of),
    sns: () => started.sns(),
    round: () => started.round(),
    takeSnapshot: (identifier) => started.takeSnapshot(identifier),
    copyElsewhere: (identifier) => started.copyElsewhere(identifier),
    deliver: (isDelivered) => started.deliver(isDelivered),
    received: () => started.received(),
    alerts: () => started.aws.sns.messages.flatMap((message) => readAlert(message) ?? []),
  };
}
