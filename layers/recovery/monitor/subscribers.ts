import { ListSubscriptionsByTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { callAws, clientOf, clientSettings } from '#platform/aws/call.ts';
import { alertTopicArn } from '#platform/config.ts';

const sns = clientOf(() => new SNSClient(clientSettings));

export interface Subscriber {
  /** A person receives it. Functions and queues only pass messages on. */
  readonly isPerson: boolean;
  readonly isConfirmed: boolean;
}

/** The protocols that reach a person, directly or through a pager. */
const toPeople = ['email', 'email-json', 'sms', 'http', 'https', 'application'];

/**
 * Lists the subscribers of the alert topic.
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
        // SNS returns PendingConfirmation in place of the ARN until it is confirmed.
        isConfirmed: SubscriptionArn.startsWith('arn:'),
      });
    }
    NextToken = page.NextToken || undefined;
  } while (NextToken !== undefined);
  return subscribers;
}
