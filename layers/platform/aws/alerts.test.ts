import { afterEach, expect, test } from 'vitest';
import { openAws } from '#tests/aws.ts';
import { environment } from '../environment.ts';
import { MissingSetting, Unavailable } from '../errors.ts';
import { type Alert, publishAlert } from './alerts.ts';
import { AwsRefused } from './call.ts';

const aws = openAws();
afterEach(() => aws.local.sns.faults.clear());

const alert: Alert = {
  name: 'BalanceDiscrepancy',
  severity: 'critical',
  summary: '3 balances of acme differ from their history',
  detail: 'Stored 12, computed 11.\nPreview: npm run reconcile:balances -- --org acme --dry-run',
  runbook: 'docs/runbook/balance-discrepancy.md',
  facts: { organization: 'acme', discrepancies: 3, bytes: 12n },
};

test('an alert arrives with its subject, text, runbook and facts, and with attributes for filters', async () => {
  const arriving = aws.nextAlert();
  const id = await publishAlert(alert);
  expect(await arriving).toMatchObject({
    messageId: id,
    name: 'BalanceDiscrepancy',
    severity: 'critical',
    stage: 'test',
    subject: alert.summary,
    facts: { organization: 'acme', discrepancies: 3, bytes: '12' },
  });
  const { message } = await arriving;
  expect(message).toContain(alert.detail);
  expect(message).toContain('Runbook: docs/runbook/balance-discrepancy.md');
});

test.each([
  ['an umlaut', 'Lager Köln weicht ab', 'Lager K?ln weicht ab'],
  ['a line break', 'two\nlines', 'two lines'],
  ['a hundred characters', 'x'.repeat(100), `${'x'.repeat(96)}...`],
  ['nothing', ' ', 'BalanceDiscrepancy'],
  ['a pair of surrogates', 'box 📦', 'box ?'],
])('a summary with %s does not lose the alert', async (_, summary, subject) => {
  const arriving = aws.nextAlert();
  await publishAlert({ ...alert, summary });
  expect(await arriving).toMatchObject({ subject, message: expect.stringContaining(summary) });
});

test('an alert that is too large for SNS is shortened and says so', async () => {
  const arriving = aws.nextAlert();
  await publishAlert({ ...alert, detail: '€'.repeat(200_000) });
  expect((await arriving).message).toMatch(/^3 balances.*€\n\nShortened: the alert has 6\d{5} bytes/s);
});

test('a call that SNS throttles once is repeated', async () => {
  aws.local.sns.faults.inject('throttled', { times: 2 });
  const arriving = aws.nextAlert();
  expect(await publishAlert(alert)).toBe((await arriving).messageId);
});

test.each(['throttled', 'failing', 'down'] as const)(
  'when SNS stays %s, that is Unavailable',
  async (fault) => {
    aws.local.sns.faults.inject(fault);
    const before = aws.alerts().length;
    await expect(publishAlert(alert)).rejects.toThrow(Unavailable);
    expect(aws.alerts()).toHaveLength(before);
  },
);

test('a refusal differs from an outage, and names the topic and the reason', async () => {
  aws.local.sns.faults.inject('denied');
  const refused = await publishAlert(alert).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(AwsRefused);
  expect(refused).toMatchObject({
    code: 'AuthorizationErrorException',
    message: expect.stringContaining('SNS Publish of BalanceDiscrepancy to arn:aws:sns:'),
  });
});

test('a missing topic, and a topic that is not set, are faults of the deployment', async () => {
  const arn = process.env[environment.alertTopicArn];
  try {
    process.env[environment.alertTopicArn] = `${arn}-gone`;
    await expect(publishAlert(alert)).rejects.toMatchObject({
      name: 'AwsRefused',
      code: 'NotFoundException',
    });
    delete process.env[environment.alertTopicArn];
    await expect(publishAlert(alert)).rejects.toThrow(MissingSetting);
  } finally {
    process.env[environment.alertTopicArn] = arn;
  }
});
