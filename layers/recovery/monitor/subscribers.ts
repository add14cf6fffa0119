import { ListSubscriptionsByTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { callAws, clientOf, clientSettings } from '#platform/aws/call.ts';
import { everyPage } from '#platform/aws/every-page.ts';
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
  const found = await everyPage(
    `SNS ListSubscriptionsByTopic of ${TopicArn}`,
    async (NextToken, operation) => {
      const page = await callAws(operation, () =>
        sns().send(new ListSubscriptionsByTopicCommand({ TopicArn, NextToken })),
      );
      return { items: page.Subscriptions, marker: page.NextToken };
    },
  );
  return found.map(({ Protocol = '', SubscriptionArn = '' }) => ({
    isPerson: toPeople.includes(Protocol),
    // SNS returns PendingConfirmation in place of the ARN until it is confirmed.
    isConfirmed: SubscriptionArn.startsWith('arn:'),
  }));
}
