import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import * as sns from '@aws-sdk/client-sns';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createAwsKey } from '../signature.ts';
import { type LocalSns, startSns } from './service.ts';

const options = { key: createAwsKey(), region: 'eu-central-1', accountId: '000000000000' };
let directory: string;
let local: LocalSns;
let client: sns.SNSClient;
let TopicArn: string | undefined;

const clientOf = (credentials = options.key) =>
  new sns.SNSClient({ endpoint: local.url, region: options.region, credentials });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stockade-sns-'));
  local = await startSns({ ...options, directory });
  client = clientOf();
  ({ TopicArn } = await client.send(new sns.CreateTopicCommand({ Name: 'alerts' })));
});
afterAll(async () => {
  client.destroy();
  await local.close();
  await rm(directory, { recursive: true, force: true });
});
afterEach(() => local.faults.clear());

const publish = (more: Partial<sns.PublishCommandInput>) =>
  client.send(new sns.PublishCommand({ TopicArn, Message: 'text', ...more }));
const refusal = (name: string, status: number) => ({ name, $metadata: { httpStatusCode: status } });

/** An endpoint that subscribes: what is posted to it, in order. */
async function listen(): Promise<{
  url: string;
  next: () => Promise<Record<string, string>>;
  server: Server;
}> {
  const server = createServer(async (request, response) => {
    const body = JSON.parse(await text(request));
    response.end();
    posted.enqueue({ type: request.headers['x-amz-sns-message-type'], ...body });
  });
  let posted: ReadableStreamDefaultController<Record<string, string>>;
  const reader = new ReadableStream<Record<string, string>>({
    start: (controller) => {
      posted = controller;
    },
  }).getReader();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    next: async () => (await reader.read()).value ?? {},
  };
}

test('topics: made once, listed, described, deleted', async () => {
  const again = await client.send(new sns.CreateTopicCommand({ Name: 'alerts' }));
  expect(again.TopicArn).toBe('arn:aws:sns:eu-central-1:000000000000:alerts');
  const created = await client.send(
    new sns.CreateTopicCommand({ Name: 'other', Attributes: { DisplayName: 'Other' } }),
  );
  const other = { TopicArn: created.TopicArn ?? '' };
  const { Topics } = await client.send(new sns.ListTopicsCommand({}));
  expect(Topics?.map((topic) => topic.TopicArn)).toEqual([TopicArn, other.TopicArn]);
  const { Attributes } = await client.send(new sns.GetTopicAttributesCommand(other));
  expect(Attributes).toMatchObject({
    TopicArn: other.TopicArn,
    DisplayName: 'Other',
    SubscriptionsConfirmed: '0',
  });
  await client.send(new sns.DeleteTopicCommand(other));
  await client.send(new sns.DeleteTopicCommand(other));
  const gone = client.send(new sns.GetTopicAttributesCommand(other));
  await expect(gone).rejects.toMatchObject(refusal('NotFoundException', 404));
  const bad = client.send(new sns.CreateTopicCommand({ Name: 'no spaces' }));
  await expect(bad).rejects.toMatchObject(refusal('InvalidParameterException', 400));
});

test('a message is told to listeners and kept on disk, with its attributes', async () => {
  const heard: unknown[] = [];
  const end = local.onMessage((message) => heard.push(message));
  const { MessageId } = await publish({
    Message: 'zwei\nZeilen ü 📦',
    Subject: 'Subject, 100% & more',
    MessageAttributes: {
      severity: { DataType: 'String', StringValue: 'critical' },
      digest: { DataType: 'Binary', BinaryValue: Buffer.from('hi') },
    },
  });
  end();
  const expected = {
    messageId: MessageId,
    topicArn: TopicArn,
    subject: 'Subject, 100% & more',
    message: 'zwei\nZeilen ü 📦',
    attributes: {
      severity: { type: 'String', value: 'critical' },
      digest: { type: 'Binary', value: 'aGk=' },
    },
  };
  expect(heard).toMatchObject([expected]);
  const lines = (await readFile(join(directory, 'messages.jsonl'), 'utf8')).trimEnd().split('\n');
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject(expected);
});

test.each([
  ['an empty message', { Message: '' }],
  ['a message that is too long', { Message: 'x'.repeat(262_145) }],
  [
    'a message that is too long with its attributes',
    {
      Message: 'x'.repeat(262_140),
      MessageAttributes: { name: { DataType: 'String', StringValue: 'value' } },
    },
  ],
  ['a subject of more than a hundred characters', { Subject: 'x'.repeat(101) }],
  ['a subject of two lines', { Subject: 'two\nlines' }],
  ['a subject that is not ASCII', { Subject: 'ü' }],
  ['a subject that starts with a space', { Subject: ' x' }],
  ['a topic that is no ARN', { TopicArn: 'alerts' }],
] as [string, Partial<sns.PublishCommandInput>][])('it refuses %s', async (_, input) => {
  const before = [...local.messages];
  await expect(publish(input)).rejects.toMatchObject(refusal('InvalidParameterException', 400));
  expect(local.messages).toEqual(before);
});

test('it takes the longest that is allowed, and no attribute without a value', async () => {
  await publish({ Message: 'x'.repeat(262_144), Subject: 'x'.repeat(100) });
  const empty = publish({ MessageAttributes: { name: { DataType: 'String', StringValue: '' } } });
  await expect(empty).rejects.toMatchObject(refusal('InvalidParameterValueException', 400));
  const unknown = publish({ TopicArn: `${TopicArn}-unknown` });
  await expect(unknown).rejects.toMatchObject(refusal('NotFoundException', 404));
});

test('a batch: each entry for itself, and the rules of the batch', async () => {
  const batch = (entries: sns.PublishBatchRequestEntry[]) =>
    client.send(new sns.PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: entries }));
  const { Successful, Failed } = await batch([
    { Id: 'a', Message: 'one' },
    { Id: 'b', Message: 'two', Subject: 'ü' },
  ]);
  expect(Successful).toMatchObject([{ Id: 'a', MessageId: local.messages.at(-1)?.messageId }]);
  expect(Failed).toMatchObject([{ Id: 'b', Code: 'InvalidParameter', SenderFault: true }]);
  const twice = batch([
    { Id: 'a', Message: 'x' },
    { Id: 'a', Message: 'y' },
  ]);
  await expect(twice).rejects.toMatchObject(refusal('BatchEntryIdsNotDistinctException', 400));
  const many = batch(Array.from({ length: 11 }, (_, index) => ({ Id: String(index), Message: 'x' })));
  await expect(many).rejects.toMatchObject(refusal('TooManyEntriesInBatchRequestException', 400));
  await expect(batch([])).rejects.toMatchObject(refusal('EmptyBatchRequestException', 400));
  const unknown = new sns.PublishBatchCommand({
    TopicArn: `${TopicArn}-unknown`,
    PublishBatchRequestEntries: [{ Id: 'a', Message: 'x' }],
  });
  await expect(client.send(unknown)).rejects.toMatchObject(refusal('NotFoundException', 404));
  const most = Array.from({ length: 10 }, (_, index) => ({ Id: String(index), Message: 'x' }));
  expect((await batch(most)).Successful).toHaveLength(10);
});

test.each([
  ['a protocol that SNS does not have', { Protocol: 'pigeon', Endpoint: 'loft' }],
  ['no endpoint', { Protocol: 'email', Endpoint: '' }],
  ['an endpoint of another protocol', { Protocol: 'https', Endpoint: 'http://127.0.0.1/' }],
  ['an endpoint that is no URL', { Protocol: 'http', Endpoint: 'http://' }],
  [
    'a filter, which is not done here',
    { Protocol: 'email', Endpoint: 'a@example.com', Attributes: { FilterPolicy: '{}' } },
  ],
  ['a topic that is no ARN', { Protocol: 'email', Endpoint: 'a@example.com', TopicArn: 'alerts' }],
] as [string, Partial<sns.SubscribeCommandInput>][])('it does not subscribe %s', async (_, input) => {
  const subscribing = new sns.SubscribeCommand({ TopicArn, Protocol: 'email', ...input });
  await expect(client.send(subscribing)).rejects.toMatchObject(refusal('InvalidParameterException', 400));
  const { Subscriptions } = await client.send(new sns.ListSubscriptionsCommand({}));
  expect(Subscriptions).toEqual([]);
});

test.each([
  ['name', { 'aws.name': { DataType: 'String', StringValue: 'x' } }],
  ['name', { 'two..dots': { DataType: 'String', StringValue: 'x' } }],
  ['type', { name: { DataType: 'Text', StringValue: 'x' } }],
  ['value', { name: { DataType: 'String' } }],
] as [string, sns.PublishCommandInput['MessageAttributes']][])(
  'it takes no attribute of a bad %s: %j',
  async (_, MessageAttributes) => {
    const publishing = publish({ MessageAttributes });
    await expect(publishing).rejects.toMatchObject(refusal('InvalidParameterValueException', 400));
  },
);

test('a place in a list that there is not is refused', async () => {
  for (const NextToken of ['x', '-1', '1.5']) {
    const listing = client.send(new sns.ListTopicsCommand({ NextToken }));
    await expect(listing).rejects.toMatchObject(refusal('InvalidParameterException', 400));
  }
});

test('an endpoint is asked first, then notified, and can leave by a link', async () => {
  const endpoint = await listen();
  try {
    const subscribed = await client.send(
      new sns.SubscribeCommand({ TopicArn, Protocol: 'http', Endpoint: endpoint.url }),
    );
    expect(subscribed.SubscriptionArn).toBe('pending confirmation');
    const asked = await endpoint.next();
    expect(asked).toMatchObject({ type: 'SubscriptionConfirmation', TopicArn });
    const list = async () =>
      (await client.send(new sns.ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions ?? [];
    expect(await list()).toMatchObject([{ SubscriptionArn: 'PendingConfirmation', Endpoint: endpoint.url }]);
    await publish({ Message: 'nobody hears this' });

    const { SubscribeURL = '' } = asked;
    expect((await fetch(SubscribeURL)).status).toBe(200);
    expect(await list()).toMatchObject([{ SubscriptionArn: expect.stringContaining(`${TopicArn}:`) }]);
    const { MessageId } = await publish({ Message: 'heard', Subject: 'Hear' });
    const notified = await endpoint.next();
    expect(notified).toMatchObject({
      type: 'Notification',
      MessageId,
      TopicArn,
      Subject: 'Hear',
      Message: 'heard',
    });
    expect((await fetch(notified.UnsubscribeURL ?? '')).status).toBe(200);
    expect(await list()).toEqual([]);
    expect((await fetch(SubscribeURL)).status).toBe(400);
  } finally {
    endpoint.server.close();
    endpoint.server.closeAllConnections();
  }
});

test('who has not signed, or with another key, publishes nothing', async () => {
  const before = [...local.messages];
  const body = new URLSearchParams({ Action: 'Publish', TopicArn: TopicArn ?? '', Message: 'x' });
  const anonymous = await fetch(local.url, { method: 'POST', body });
  expect([anonymous.status, await anonymous.text()]).toEqual([
    403,
    expect.stringContaining('<Code>MissingAuthenticationToken</Code>'),
  ]);
  const stranger = clientOf(createAwsKey());
  const refused = stranger.send(new sns.PublishCommand({ TopicArn, Message: 'x' }));
  await expect(refused).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
  stranger.destroy();
  expect(local.messages).toEqual(before);
});

test('an action it does not have is refused', async () => {
  const phone = client.send(new sns.ListPhoneNumbersOptedOutCommand({}));
  await expect(phone).rejects.toMatchObject({ name: 'InvalidAction', $metadata: { httpStatusCode: 400 } });
});

test('topics and subscriptions are there after a restart', async () => {
  await client.send(new sns.SubscribeCommand({ TopicArn, Protocol: 'email', Endpoint: 'ops@example.com' }));
  await local.close();
  local = await startSns({ ...options, directory });
  client.destroy();
  client = clientOf();
  const { Subscriptions } = await client.send(new sns.ListSubscriptionsCommand({}));
  expect(Subscriptions).toMatchObject([{ TopicArn, Protocol: 'email', Endpoint: 'ops@example.com' }]);
  await publish({});
});

test('a file that has subscribed gets every message, one a line, in their order', async () => {
  const file = join(directory, 'pager.jsonl');
  const subscribe = (Endpoint: string) =>
    client.send(new sns.SubscribeCommand({ TopicArn, Protocol: 'file', Endpoint }));
  const { SubscriptionArn } = await subscribe(file);
  const texts = Array.from({ length: 20 }, (_, index) => `line ${index}\n💡`);
  for (const Message of texts) await publish({ Message });
  const written = async () => (await readFile(file, 'utf8')).split('\n').slice(0, -1);
  await expect.poll(written).toHaveLength(texts.length);
  expect((await written()).map((line) => JSON.parse(line).Message)).toEqual(texts);
  await client.send(new sns.UnsubscribeCommand({ SubscriptionArn }));
  await publish({ Message: 'after' });
  expect((await written()).map((line) => JSON.parse(line).Message)).toEqual(texts);

  for (const none of ['pager.jsonl', directory, join(directory, 'no/such/folder')])
    await expect(subscribe(none)).rejects.toMatchObject(refusal('InvalidParameterException', 400));
});
