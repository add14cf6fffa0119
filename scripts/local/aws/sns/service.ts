import { randomUUID } from 'node:crypto';
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AwsError } from '../aws-error.ts';
import type { Faults } from '../faults.ts';
import type { ServedService } from '../http-service.ts';
import type { QueryParameters } from '../query-parameters.ts';
import { type Action, startQueryService } from '../query-service.ts';
import type { AwsKey } from '../signature.ts';
import { invalidParameter, type Message, readMessage } from './message.ts';

export interface LocalSns extends ServedService {
  readonly faults: Faults;
  /** Makes a topic when it is not there and returns its ARN. */
  ensureTopic(name: string): string;
  /** Subscribes somebody to a topic, once. */
  subscribe(topicArn: string, subscriber: Subscriber): void;
  /** What has been published since the start, the oldest first. */
  readonly messages: readonly Message[];
  /** Calls the listener with every message after it is published. Returns the function that ends it. */
  onMessage(listener: (message: Message) => void): () => void;
}

export interface SnsOptions {
  /** Every message is kept there, one a line, in `messages.jsonl`. */
  readonly directory: string;
  readonly key: AwsKey;
  readonly region: string;
  readonly accountId: string;
}

export interface Subscriber {
  readonly protocol: string;
  readonly endpoint: string;
}

interface Subscription extends Subscriber {
  readonly arn: string;
}

const namespace = 'http://sns.amazonaws.com/doc/2010-03-31/';
const protocols = ['email', 'sms', 'application'];
/** The one whose owner must say that they want it; here nobody ever does. */
const unconfirmedProtocol = 'email';

/** Serves topics as SNS. Messages reach the listeners of this process; subscriptions can be listed. */
export async function startSns(options: SnsOptions): Promise<LocalSns> {
  await mkdir(options.directory, { recursive: true });
  const topics = new Map<string, Subscription[]>();
  const messages: Message[] = [];
  const listeners = new Set<(message: Message) => void>();

  /** @throws AwsError InvalidParameter, NotFound */
  function topicOf(parameters: QueryParameters): { topicArn: string; subscriptions: Subscription[] } {
    const topicArn = parameters.text('TopicArn') ?? '';
    if (!/^arn:aws:sns:[^:]*:\d*:.+$/.test(topicArn)) throw invalidParameter('TopicArn');
    const subscriptions = topics.get(topicArn);
    if (!subscriptions) throw new AwsError('NotFound', 404, 'Topic does not exist');
    return { topicArn, subscriptions };
  }

  function subscribe(topicArn: string, { protocol, endpoint }: Subscriber): Subscription {
    const subscriptions = topics.get(topicArn) ?? [];
    const there = subscriptions.find((each) => each.protocol === protocol && each.endpoint === endpoint);
    if (there) return there;
    const added = { arn: `${topicArn}:${randomUUID()}`, protocol, endpoint };
    subscriptions.push(added);
    return added;
  }

  const actions: Readonly<Record<string, Action>> = {
    Subscribe(parameters) {
      const { topicArn } = topicOf(parameters);
      const protocol = parameters.text('Protocol') ?? '';
      if (!protocols.includes(protocol)) {
        throw invalidParameter(`the local SNS does not support this protocol string: ${protocol}`);
      }
      const { arn } = subscribe(topicArn, { protocol, endpoint: parameters.text('Endpoint') ?? '' });
      const isTold = protocol !== unconfirmedProtocol || parameters.text('ReturnSubscriptionArn') === 'true';
      return { SubscriptionArn: isTold ? arn : 'pending confirmation' };
    },
    Unsubscribe(parameters) {
      const arn = parameters.text('SubscriptionArn');
      for (const [topic, all] of topics) {
        topics.set(
          topic,
          all.filter((each) => each.arn !== arn),
        );
      }
      return undefined;
    },
    ListSubscriptionsByTopic(parameters) {
      const { topicArn, subscriptions } = topicOf(parameters);
      const member = subscriptions.map(({ arn, protocol, endpoint }) => ({
        SubscriptionArn: protocol === unconfirmedProtocol ? 'PendingConfirmation' : arn,
        TopicArn: topicArn,
        Protocol: protocol,
        Endpoint: endpoint,
        Owner: options.accountId,
      }));
      return { Subscriptions: { member } };
    },
    async Publish(parameters) {
      const message: Message = {
        messageId: randomUUID(),
        topicArn: topicOf(parameters).topicArn,
        ...readMessage(parameters),
        publishedAt: new Date().toISOString(),
      };
      await appendFile(join(options.directory, 'messages.jsonl'), `${JSON.stringify(message)}\n`);
      messages.push(message);
      for (const listener of listeners) listener(message);
      return { MessageId: message.messageId };
    },
  };

  return {
    ...(await startQueryService({ name: 'sns', namespace, key: options.key, actions })),
    ensureTopic(name) {
      const arn = `arn:aws:sns:${options.region}:${options.accountId}:${name}`;
      if (!topics.has(arn)) topics.set(arn, []);
      return arn;
    },
    subscribe: (topicArn, subscriber) => void subscribe(topicArn, subscriber),
    messages,
    onMessage(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
