import { ListSubscriptionsByTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { callAws, clientOf, clientSettings } from '#platform/aws-call.ts';
import { alertTopicArn } from '#platform/config.ts';

const sns = clientOf(() => new SNSClient(clientSettings));

export interface Subscriber {
  /** Somebody is told; functions and queues only pass on. */
  readonly isPerson: boolean;
  readonly isConfirmed: boolean;
}

/** Those that tell somebody by themselves, or lead to a pager. */
const toPeople = ['email', 'email-json', 'sms', 'http', 'https', 'application'];

/**
 * Who is to get the alerts.
 * @throws MissingSetting when no topic is set
 * @throws Unavailable, AwsRefused like every call of AWS
 */
export async function listSubscribers(): Promise<Subscriber[]> {
  const TopicArn = alertTopicArn();
  const subscribers: Subscriber[] = [];
  let NextToken: string | undefined;
  do {
    const page = await callAws(`SNS ListSubscriptionsByTopic of ${TopicArn}`, () =>
      sns().send(new ListSubscriptionsByTopicCommand({ TopicArn, NextToken })),
    );
    for (const { Protocol = '', SubscriptionArn = '' } of page.Subscriptions ?? []) {
      subscribers.push({
        isPerson: toPeople.includes(Protocol),
        // Before that it says PendingConfirmation there.
        isConfirmed: SubscriptionArn.startsWith('arn:'),
      });
    }
    NextToken = page.NextToken || undefined;
  } while (NextToken !== undefined);
  return subscribers;
}
