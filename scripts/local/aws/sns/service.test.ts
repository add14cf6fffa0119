import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as sns from '@aws-sdk/client-sns';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAwsKey } from '../signature.ts';
import { type LocalSns, startSns } from './service.ts';

const options = { key: createAwsKey(), region: 'eu-central-1', accountId: '000000000000' };
let directory: string;
let local: LocalSns;
let client: sns.SNSClient;
let TopicArn: string;

const clientOf = (credentials = options.key) =>
  new sns.SNSClient({ endpoint: local.url, region: options.region, credentials });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stockade-sns-'));
  local = await startSns({ ...options, directory });
  client = clientOf();
  TopicArn = local.ensureTopic('alerts');
});
afterAll(async () => {
  client.destroy();
  await local.close();
  await rm(directory, { recursive: true, force: true });
});

const publish = (more: Partial<sns.PublishCommandInput>) =>
  client.send(new sns.PublishCommand({ TopicArn, Message: 'text', ...more }));
const refusal = (name: string, status: number) => ({ name, $metadata: { httpStatusCode: status } });

test('listeners get a message, and the disk keeps it, with its attributes', async () => {
  const heard: unknown[] = [];
  const end = local.onMessage((message) => heard.push(message));
  const { MessageId } = await publish({
    Message: 'zwei\nZeilen ü 📦',
    Subject: 'Subject, 100% & more',
    MessageAttributes: { severity: { DataType: 'String', StringValue: 'critical' } },
  });
  end();
  const expected = {
    messageId: MessageId,
    topicArn: TopicArn,
    subject: 'Subject, 100% & more',
    message: 'zwei\nZeilen ü 📦',
    attributes: { severity: { type: 'String', value: 'critical' } },
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

test('it takes the longest that is allowed, no attribute but a text, and no topic that there is not', async () => {
  await publish({ Message: 'x'.repeat(262_144), Subject: 'x'.repeat(100) });
  for (const name of [
    { DataType: 'String', StringValue: '' },
    { DataType: 'Number', StringValue: '1' },
  ]) {
    const refused = publish({ MessageAttributes: { name } });
    await expect(refused).rejects.toMatchObject(refusal('InvalidParameterValueException', 400));
  }
  const unknown = publish({ TopicArn: `${TopicArn}-unknown` });
  await expect(unknown).rejects.toMatchObject(refusal('NotFoundException', 404));
});

test('who has subscribed is listed, once, and whether they have confirmed, until they leave', async () => {
  const subscribe = async (Protocol: string, ReturnSubscriptionArn = false) => {
    const input = { TopicArn, Protocol, Endpoint: 'on-call', ReturnSubscriptionArn };
    return (await client.send(new sns.SubscribeCommand(input))).SubscriptionArn;
  };
  const list = async () =>
    (await client.send(new sns.ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions?.map((each) => [
      each.Protocol,
      each.SubscriptionArn,
    ]);
  const byText = await subscribe('sms');
  expect(byText).toContain(`${TopicArn}:`);
  expect(await subscribe('sms')).toBe(byText);
  expect(await subscribe('email')).toBe('pending confirmation');
  const byMail = await subscribe('email', true);
  local.subscribe(TopicArn, { protocol: 'application', endpoint: 'a terminal' });
  expect(await list()).toEqual([
    ['sms', byText],
    ['email', 'PendingConfirmation'],
    ['application', expect.stringContaining(`${TopicArn}:`)],
  ]);
  for (const SubscriptionArn of [byText, byMail])
    await client.send(new sns.UnsubscribeCommand({ SubscriptionArn }));
  expect(await list()).toEqual([['application', expect.anything()]]);
  await expect(subscribe('pigeon')).rejects.toMatchObject(refusal('InvalidParameterException', 400));
});

test('who has not signed, or with another key, publishes nothing', async () => {
  const before = [...local.messages];
  const body = new URLSearchParams({ Action: 'Publish', TopicArn, Message: 'x' });
  const anonymous = await fetch(local.url, { method: 'POST', body });
  expect([anonymous.status, await anonymous.text()]).toEqual([
    403,
    expect.stringContaining('<Code>MissingAuthenticationToken</Code>'),
  ]);
  const refusals = [
    [createAwsKey(), 'InvalidClientTokenId'],
    [{ ...options.key, secretAccessKey: 'x' }, 'SignatureDoesNotMatch'],
  ] as const;
  for (const [key, name] of refusals) {
    const stranger = clientOf(key);
    const refused = stranger.send(new sns.PublishCommand({ TopicArn, Message: 'x' }));
    await expect(refused).rejects.toMatchObject({ name });
    stranger.destroy();
  }
  expect(local.messages).toEqual(before);
});

test('an action it does not have is refused', async () => {
  const phone = client.send(new sns.ListPhoneNumbersOptedOutCommand({}));
  await expect(phone).rejects.toMatchObject({ name: 'InvalidAction', $metadata: { httpStatusCode: 400 } });
});
