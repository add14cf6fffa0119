import { randomUUID } from 'node:crypto';
import { appendFile, mkdir } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { AwsError } from '../aws-error.ts';
import type { Faults } from '../faults.ts';
import type { ServedService } from '../http-service.ts';
import type { QueryParameters } from '../query-parameters.ts';
import { type Action, startQueryService } from '../query-service.ts';
import type { AwsKey } from '../signature.ts';
import type { XmlElements } from '../xml.ts';
import { createDeliverer } from './deliver.ts';
import { Directory, type Subscription, type Topic } from './directory.ts';
import { invalidParameter, type Message, readMessage } from './message.ts';

export interface LocalSns extends ServedService {
  readonly faults: Faults;
  /** Makes a topic when it is not there and returns its ARN. */
  ensureTopic(name: string): Promise<string>;
  /** What has been published since the start, the oldest first. */
  readonly messages: readonly Message[];
  /** Tells of every message once it is published. Returns what ends it. */
  onMessage(listener: (message: Message) => void): () => void;
}

export interface SnsOptions {
  /** Topics and subscriptions are kept there, and every message, one a line, in `messages.jsonl`. */
  readonly directory: string;
  readonly key: AwsKey;
  readonly region: string;
  readonly accountId: string;
}

const namespace = 'http://sns.amazonaws.com/doc/2010-03-31/';
const pageSize = 100;
const maxBatchEntries = 10;

/** Serves topics as SNS. Messages reach in-process listeners, endpoints that have subscribed over HTTP, and files. */
export async function startSns(options: SnsOptions): Promise<LocalSns> {
  await mkdir(options.directory, { recursive: true });
  const directory = await Directory.open(join(options.directory, 'directory.json'));
  const messages: Message[] = [];
  const listeners = new Set<(message: Message) => void>();
  const deliverer = createDeliverer(() => served.url);

  async function ensureTopic(name: string, attributes: Topic['attributes'] = {}): Promise<string> {
    const arn = `arn:aws:sns:${options.region}:${options.accountId}:${name}`;
    if (!directory.topics().some((topic) => topic.arn === arn)) await directory.putTopic({ arn, attributes });
    return arn;
  }

  async function publish(topic: Topic, parameters: QueryParameters): Promise<string> {
    const message: Message = {
      messageId: randomUUID(),
      topicArn: topic.arn,
      ...readMessage(parameters),
      publishedAt: new Date().toISOString(),
    };
    await appendFile(join(options.directory, 'messages.jsonl'), `${JSON.stringify(message)}\n`);
    messages.push(message);
    for (const listener of listeners) listener(message);
    for (const subscription of directory.subscriptions(topic.arn)) {
      if (subscription.token === undefined) deliverer.notify(subscription, message);
    }
    return message.messageId;
  }

  const actions: Readonly<Record<string, Action>> = {
    async CreateTopic(parameters) {
      const name = parameters.text('Name') ?? '';
      if (!/^[\w-]{1,256}$/.test(name)) throw invalidParameter('Topic Name');
      return { TopicArn: await ensureTopic(name, attributesOf(parameters)) };
    },
    async DeleteTopic(parameters) {
      // Deleting what is not there is no error.
      await directory.removeTopic(parameters.text('TopicArn') ?? '');
      return undefined;
    },
    ListTopics: (parameters) =>
      page('Topics', directory.topics(), parameters, ({ arn }) => ({ TopicArn: arn })),
    GetTopicAttributes(parameters) {
      const { arn, attributes } = directory.topic(parameters.text('TopicArn'));
      const subscriptions = directory.subscriptions(arn);
      const pending = subscriptions.filter(({ token }) => token !== undefined).length;
      return mapOf('Attributes', {
        TopicArn: arn,
        Owner: options.accountId,
        DisplayName: '',
        SubscriptionsConfirmed: String(subscriptions.length - pending),
        SubscriptionsPending: String(pending),
        SubscriptionsDeleted: '0',
        ...attributes,
      });
    },
    async SetTopicAttributes(parameters) {
      const topic = directory.topic(parameters.text('TopicArn'));
      const name = parameters.text('AttributeName') ?? '';
      const attributes = { ...topic.attributes, [name]: parameters.text('AttributeValue') ?? '' };
      await directory.putTopic({ ...topic, attributes });
      return undefined;
    },
    async Subscribe(parameters) {
      const topic = directory.topic(parameters.text('TopicArn'));
      const { protocol, endpoint } = await readEndpoint(parameters);
      const attributes = attributesOf(parameters);
      if (attributes.FilterPolicy !== undefined)
        throw invalidParameter('FilterPolicy is not implemented here');
      const wanted = { topicArn: topic.arn, protocol, endpoint, attributes };
      const subscription = await directory.subscribe(wanted, confirmingProtocols.includes(protocol));
      const { token } = subscription;
      if (token !== undefined && protocol.startsWith('http'))
        deliverer.askToConfirm({ ...subscription, token });
      const tellsArn = token === undefined || parameters.text('ReturnSubscriptionArn') === 'true';
      return { SubscriptionArn: tellsArn ? subscription.arn : 'pending confirmation' };
    },
    async ConfirmSubscription(parameters) {
      const { arn } = directory.topic(parameters.text('TopicArn'));
      return { SubscriptionArn: (await directory.confirm(arn, parameters.text('Token'))).arn };
    },
    async Unsubscribe(parameters) {
      await directory.unsubscribe(parameters.text('SubscriptionArn') ?? '');
      return undefined;
    },
    ListSubscriptions: (parameters) =>
      page('Subscriptions', directory.subscriptions(), parameters, (each) =>
        describe(each, options.accountId),
      ),
    ListSubscriptionsByTopic(parameters) {
      const { arn } = directory.topic(parameters.text('TopicArn'));
      return page('Subscriptions', directory.subscriptions(arn), parameters, (each) =>
        describe(each, options.accountId),
      );
    },
    async Publish(parameters) {
      const topic = directory.topic(parameters.text('TopicArn') ?? parameters.text('TargetArn'));
      return { MessageId: await publish(topic, parameters) };
    },
    async PublishBatch(parameters) {
      const topic = directory.topic(parameters.text('TopicArn'));
      const entries = parameters.list('PublishBatchRequestEntries');
      checkBatch(entries.map((entry) => entry.text('Id') ?? ''));
      const [done, failed]: [XmlElements[], XmlElements[]] = [[], []];
      for (const entry of entries) {
        const Id = entry.text('Id');
        try {
          done.push({ Id, MessageId: await publish(topic, entry) });
        } catch (error) {
          if (!(error instanceof AwsError)) throw error;
          failed.push({ Id, Code: error.code, Message: error.message, SenderFault: true });
        }
      }
      return { Successful: { member: done }, Failed: { member: failed } };
    },
  };

  const served = await startQueryService({
    name: 'sns',
    namespace,
    key: options.key,
    actions,
    unsigned: ['ConfirmSubscription', 'Unsubscribe'],
  });
  return {
    ...served,
    ensureTopic,
    messages,
    onMessage(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      deliverer.close();
      await served.close();
    },
  };
}

/** Those whose owner must say that they want it; nothing is delivered to them before. */
const confirmingProtocols = ['http', 'https', 'email', 'email-json'];
/** AWS has no files to deliver to; here one is what a pager is there. */
const protocols = [...confirmingProtocols, 'sms', 'sqs', 'lambda', 'application', 'firehose', 'file'];

async function readEndpoint(parameters: QueryParameters): Promise<{ protocol: string; endpoint: string }> {
  const protocol = parameters.text('Protocol') ?? '';
  const endpoint = parameters.text('Endpoint') ?? '';
  if (!protocols.includes(protocol)) {
    throw invalidParameter('Amazon SNS does not support this protocol string: '.concat(protocol));
  }
  const isHttp = protocol.startsWith('http');
  if (endpoint === '' || (isHttp && !(URL.canParse(endpoint) && endpoint.startsWith(`${protocol}://`)))) {
    throw invalidParameter('Endpoint must match the specified protocol');
  }
  if (protocol === 'file' && !(isAbsolute(endpoint) && (await isAppendable(endpoint)))) {
    throw invalidParameter('Endpoint must be the absolute path of a file that can be written to');
  }
  return { protocol, endpoint };
}

async function isAppendable(file: string): Promise<boolean> {
  return await appendFile(file, '').then(
    () => true,
    () => false,
  );
}

function checkBatch(ids: readonly string[]): void {
  if (ids.length === 0) {
    throw new AwsError('EmptyBatchRequest', 400, 'The batch request does not contain an entry.');
  }
  if (ids.length > maxBatchEntries) {
    throw new AwsError(
      'TooManyEntriesInBatchRequest',
      400,
      `The batch request contains more entries than permissible: ${ids.length}, at most ${maxBatchEntries}.`,
    );
  }
  if (new Set(ids).size < ids.length) {
    throw new AwsError(
      'BatchEntryIdsNotDistinct',
      400,
      'Two or more batch entries in the request have the same Id.',
    );
  }
}

function describe(
  { arn, topicArn, protocol, endpoint, token }: Subscription,
  accountId: string,
): XmlElements {
  return {
    SubscriptionArn: token === undefined ? arn : 'PendingConfirmation',
    TopicArn: topicArn,
    Protocol: protocol,
    Endpoint: endpoint,
    Owner: accountId,
  };
}

function page<T>(
  name: string,
  all: readonly T[],
  parameters: QueryParameters,
  describeOne: (each: T) => XmlElements,
): XmlElements {
  const start = Number(parameters.text('NextToken') || 0);
  if (!Number.isInteger(start) || start < 0) throw invalidParameter('NextToken');
  return {
    [name]: { member: all.slice(start, start + pageSize).map(describeOne) },
    NextToken: start + pageSize < all.length ? String(start + pageSize) : undefined,
  };
}

function attributesOf(parameters: QueryParameters): Record<string, string> {
  const values = [...parameters.map('Attributes', 'key', 'value')];
  return Object.fromEntries(values.map(([name, value]) => [name, value.text() ?? '']));
}

function mapOf(name: string, values: Readonly<Record<string, string>>): XmlElements {
  return { [name]: { entry: Object.entries(values).map(([key, value]) => ({ key, value })) } };
}
