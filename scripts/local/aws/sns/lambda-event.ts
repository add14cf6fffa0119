import type { SNSEvent } from 'aws-lambda';
import type { Message } from './message.ts';

/** What SNS gives a function that has subscribed. */
export function lambdaEventOf({
  messageId,
  topicArn,
  subject,
  message,
  attributes,
  publishedAt,
}: Message): SNSEvent {
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
