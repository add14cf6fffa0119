import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Alert, publishAlert } from '#platform/aws/alerts.ts';
import { AwsRefused, AwsUnavailable, closeAwsClients } from '#platform/aws/call.ts';
import { listEvidence } from '#platform/aws/evidence.ts';
import { environment } from '#platform/environment.ts';
import { listSubscribers } from '#recovery/monitor/subscribers.ts';
import { describeInstance } from '#recovery/rds/rds.ts';

/** What answers for SNS, S3 and RDS is none of them, or means harm. The SDK is the real one. */

type Answer = (response: ServerResponse) => void;

let server: Server;
let requests: string[];
let answer: Answer;

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(request.url ?? '');
    request.resume();
    request.on('end', () => answer(response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const service of ['S3', 'SNS', 'RDS']) process.env[`AWS_ENDPOINT_URL_${service}`] = url;
  Object.assign(process.env, {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'AKIAHOSTILE',
    AWS_SECRET_ACCESS_KEY: 'hostile',
    [environment.stage]: 'test',
    [environment.alertTopicArn]: 'arn:aws:sns:eu-central-1:000000000000:alerts',
    [environment.evidenceBucket]: 'evidence',
    [environment.evidenceRetentionDays]: '1',
  });
  closeAwsClients();
});
afterAll(() => {
  closeAwsClients();
  server.closeAllConnections();
  server.close();
});

const alert: Alert = {
  ...{ name: 'Drifted', severity: 'info', summary: 'one', detail: 'two' },
  ...{ runbook: 'docs/runbook/none.md', facts: {} },
};
const operations: Readonly<Record<string, () => Promise<unknown>>> = {
  'SNS Publish': () => publishAlert(alert),
  'SNS ListSubscriptionsByTopic': () => listSubscribers(),
  'S3 ListObjectVersions': async () => {
    for await (const key of listEvidence('seals/')) return key;
    return 'an empty list';
  },
  'RDS DescribeDBInstances': () => describeInstance('stockade'),
};

/** The error of each operation; an operation that takes the answer for one returns a value and fails the test. */
async function errorsOf(given: Answer): Promise<Record<string, Error>> {
  answer = given;
  requests = [];
  const errors: Record<string, Error> = {};
  for (const [name, run] of Object.entries(operations)) {
    const outcome = await run().then(
      (value) => new Error(`${name} took the answer: ${JSON.stringify(value)}`),
      (error) => error,
    );
    errors[name] = outcome;
  }
  return errors;
}

const having =
  (status: number, text: string, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(status, headers);
    response.end(text);
  };
const raw =
  (bytes: string): Answer =>
  (response) =>
    void response.socket?.end(bytes);
const entities = Array.from(
  { length: 9 },
  (_, index) => `<!ENTITY e${index + 1} "${`&e${index};`.repeat(10)}">`,
).join('');
const laughs = `<!DOCTYPE x [<!ENTITY e0 "haha">${entities}]><PublishResponse>&e9;</PublishResponse>`;

const noAnswers: readonly (readonly [string, Answer])[] = [
  ['nothing', having(200, '')],
  ['HTML', having(200, '<!doctype html><html><body>Hello<br></body></html>')],
  ['well-formed HTML', having(200, '<html><body>Hello</body></html>')],
  ['text', having(200, 'Hello')],
  ['JSON', having(200, '{"MessageId": "0197b1f2-6c1e-7a30-9d2f-3a5e0c7b1d42"}')],
  [
    'an error with a status of success',
    having(200, '<ErrorResponse><Error><Code>No</Code></Error></ErrorResponse>'),
  ],
  ['XML that is cut', having(200, '<PublishResponse><PublishResult><MessageId>')],
  ['entities that multiply', having(200, laughs)],
  [
    'an element named __proto__',
    having(200, '<PublishResponse><__proto__><a>1</a></__proto__></PublishResponse>'),
  ],
  ['XML of many levels', having(200, `<PublishResponse>${'<a>'.repeat(200_000)}`)],
  ['a connection that is cut within it', raw('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n<PublishResp')],
  ['no HTTP', raw('SSH-2.0-OpenSSH\r\n')],
  ['an unknown status', raw('HTTP/1.1 999 ?\r\ncontent-length: 0\r\n\r\n')],
  ['HTML of a proxy that fails', having(503, '<html><body>Bad gateway</body></html>')],
];

test.each(noAnswers)('%s is no answer: nobody knows whether the operation happened', async (_, given) => {
  for (const [name, error] of Object.entries(await errorsOf(given))) {
    expect(error).toBeInstanceOf(AwsUnavailable);
    expect(error.message).toMatch(new RegExp(`^${name}.* did not succeed: .{1,310}$`));
  }
  expect(Object.keys(Object.prototype)).toEqual([]);
});

test.each([
  ['no id', ''],
  ['an id that is none', '<MessageId>\u001b[31mred</MessageId>'],
  [
    'an id within another element',
    '<Other><MessageId>0197b1f2-6c1e-7a30-9d2f-3a5e0c7b1d42</MessageId></Other>',
  ],
])('a message with %s may not have been published', async (_, inner) => {
  answer = having(200, `<PublishResponse><PublishResult>${inner}</PublishResult></PublishResponse>`);
  await expect(publishAlert(alert)).rejects.toMatchObject({
    name: 'AwsUnavailable',
    message: expect.stringMatching(/did not succeed: the answer has no message id$/),
  });
});

test.each([301, 302, 307, 308])('a redirection (%i) is not followed', async (status) => {
  const location = 'http://169.254.169.254/latest/meta-data/';
  for (const error of Object.values(await errorsOf(having(status, '', { location }))))
    expect(error).toBeInstanceOf(AwsRefused);
  expect(requests).toHaveLength(Object.keys(operations).length);
});

test('what a refusal says is one short line without control characters', async () => {
  const said = `\u001b]0;title\u0007\u009b2J\n\u202e${'x'.repeat(100_000)}`;
  const errors = await errorsOf(
    having(
      400,
      `<ErrorResponse><Error><Code>\u001b[2J</Code><Message>${said}</Message></Error></ErrorResponse>`,
    ),
  );
  for (const error of Object.values(errors)) {
    expect(error).toMatchObject({ name: 'AwsRefused', code: 'Unknown' });
    expect(error.message.length).toBeLessThan(500);
    expect(error.message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(error.message).toContain('was refused: Unknown: \\u001b]0;title\\u0007\\u009b2J \\u202exxx');
  }
});

test('an answer that never ends, fast or slow, ends the call and not the process', async () => {
  const endless =
    (pauseMs: number, chunk: Buffer): Answer =>
    (response) => {
      response.write('<PublishResponse>');
      const timer = setInterval(() => response.write(chunk), pauseMs);
      response.on('close', () => clearInterval(timer));
    };
  answer = endless(0, Buffer.alloc(1024 * 1024, ' '));
  await expect(publishAlert(alert)).rejects.toMatchObject({
    name: 'AwsUnavailable',
    message: expect.stringContaining('AnswerTooLarge'),
  });
  answer = endless(200, Buffer.from(' '));
  await expect(publishAlert(alert)).rejects.toMatchObject({
    name: 'AwsUnavailable',
    message: expect.stringContaining('AnswerTooSlow: the answer did not end within 5 s'),
  });
}, 30_000);

test('a list of subscribers whose pages repeat themselves ends', async () => {
  answer = having(
    200,
    '<ListSubscriptionsByTopicResponse><ListSubscriptionsByTopicResult><Subscriptions/><NextToken>again</NextToken>' +
      '</ListSubscriptionsByTopicResult></ListSubscriptionsByTopicResponse>',
  );
  await expect(listSubscribers()).rejects.toMatchObject({ name: 'AwsRefused', code: 'SamePage' });
});
