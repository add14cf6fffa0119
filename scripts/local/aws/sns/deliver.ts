import { randomUUID } from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Subscription } from './directory.ts';
import type { Message } from './message.ts';

const attempts = 3;
const retryDelayMs = 1_000;
const answerTimeoutMs = 15_000;

/** Brings messages to endpoints that have subscribed over HTTP, and to files. */
export interface Deliverer {
  /** Sends a message, when it is by HTTP or to a file that one has subscribed; nobody waits for it. */
  notify(subscription: Subscription, message: Message): void;
  /** Asks an endpoint to confirm that it wants to be notified. */
  askToConfirm(subscription: Subscription & { readonly token: string }): void;
  /** Gives up what has not been delivered. */
  close(): void;
}

/** `url` says where the service is, for the links in messages. */
export function createDeliverer(url: () => string): Deliverer {
  const ended = new AbortController();

  async function post(
    subscription: Subscription,
    type: string,
    messageId: string,
    body: string,
  ): Promise<void> {
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      try {
        const response = await fetch(subscription.endpoint, {
          method: 'POST',
          headers: {
            'content-type': 'text/plain; charset=UTF-8',
            'x-amz-sns-message-type': type,
            'x-amz-sns-message-id': messageId,
            'x-amz-sns-topic-arn': subscription.topicArn,
            'x-amz-sns-subscription-arn': subscription.arn,
          },
          body,
          signal: AbortSignal.any([ended.signal, AbortSignal.timeout(answerTimeoutMs)]),
        });
        await response.arrayBuffer();
        if (response.ok) return;
      } catch {
        if (ended.signal.aborted) return;
      }
      if (attempt < attempts) await delay(retryDelayMs, undefined, { signal: ended.signal, ref: false });
    }
    console.error(`local SNS: ${subscription.endpoint} did not take message ${messageId}`);
  }

  const send = (subscription: Subscription, type: string, messageId: string, body: string) => {
    post(subscription, type, messageId, body).catch(() => {});
  };

  // In the order of their publication, although nobody waits for them.
  let writing = Promise.resolve();
  const write = ({ endpoint }: Subscription, messageId: string, body: string) => {
    writing = writing
      .then(() => appendFile(endpoint, `${body}\n`))
      .catch(() => console.error(`local SNS: ${endpoint} did not take message ${messageId}`));
  };

  const link = (action: string, parameters: Record<string, string>) =>
    `${url()}/?${new URLSearchParams({ Action: action, ...parameters })}`;

  return {
    notify(subscription, message) {
      const { messageId, topicArn, subject, message: text, publishedAt } = message;
      const isRaw = subscription.attributes.RawMessageDelivery === 'true';
      const attributes = Object.entries(message.attributes).map(([name, { type, value }]) => [
        name,
        { Type: type, Value: value },
      ]);
      const envelope = {
        Type: 'Notification',
        MessageId: messageId,
        TopicArn: topicArn,
        Subject: subject,
        Message: text,
        Timestamp: publishedAt,
        UnsubscribeURL: link('Unsubscribe', { SubscriptionArn: subscription.arn }),
        MessageAttributes: attributes.length === 0 ? undefined : Object.fromEntries(attributes),
      };
      const body = isRaw ? text : JSON.stringify(envelope);
      if (subscription.protocol === 'file') write(subscription, messageId, body);
      else if (subscription.protocol.startsWith('http')) send(subscription, 'Notification', messageId, body);
    },
    askToConfirm(subscription) {
      const { topicArn, token } = subscription;
      const messageId = randomUUID();
      const envelope = {
        Type: 'SubscriptionConfirmation',
        MessageId: messageId,
        TopicArn: topicArn,
        Token: token,
        Message: `You have chosen to subscribe to the topic ${topicArn}.\nTo confirm the subscription, visit the SubscribeURL included in this message.`,
        SubscribeURL: link('ConfirmSubscription', { TopicArn: topicArn, Token: token }),
        Timestamp: new Date().toISOString(),
      };
      send(subscription, 'SubscriptionConfirmation', messageId, JSON.stringify(envelope));
    },
    close: () => ended.abort(),
  };
}
