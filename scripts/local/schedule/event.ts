import { randomUUID } from 'node:crypto';
import type { EventBridgeEvent } from 'aws-lambda';
import { accountId, region } from '../aws/account.ts';

/** What EventBridge Scheduler sends a function whose schedule names no input: `detail` is the text of an empty object. */
export function scheduledEvent(job: string, at: Date): EventBridgeEvent<'Scheduled Event', string> {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.scheduler',
    account: accountId,
    time: at.toISOString().replace(/\.\d+Z$/, 'Z'),
    region,
    resources: [`arn:aws:scheduler:${region}:${accountId}:schedule/default/${job}`],
    detail: '{}',
  };
}
