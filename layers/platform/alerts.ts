import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { callAws, clientOf, clientSettings } from './aws-call.ts';
import { alertTopicArn, stage } from './config.ts';

/** What whoever is on call is told. */
export interface Alert {
  /** What happened, in PascalCase, such as `BalanceDiscrepancy`: filters and runbooks go by it. */
  readonly name: string;
  readonly severity: 'critical' | 'warning' | 'info';
  /** One line of at most 100 characters: the subject. What does not fit a subject is shortened there, never lost. */
  readonly summary: string;
  /** Plain text: the figures, the cause, what to do. */
  readonly detail: string;
  /** Where the next steps are, such as `docs/runbook/balance-discrepancy.md`. */
  readonly runbook: string;
  /** The same for programs. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** SNS says "less than 100 characters". */
const maxSubjectCharacters = 99;
/** SNS takes 262,144 bytes, attributes included. */
const maxMessageBytes = 260_000;

const sns = clientOf(() => new SNSClient(clientSettings));

/**
 * Publishes an alert to the stage's topic and returns its message id: SNS has it then and delivers it on its own.
 * @throws MissingSetting when no topic is set
 * @throws Unavailable when SNS could not be reached or was too busy; it may have been published all the same
 * @throws AwsRefused when SNS does not take it; it was not published
 */
export async function publishAlert(alert: Alert): Promise<string> {
  const TopicArn = alertTopicArn();
  const attributes = { name: alert.name, severity: alert.severity, stage: stage() };
  const published = await callAws(`SNS Publish of ${alert.name} to ${TopicArn}`, () =>
    sns().send(
      new PublishCommand({
        TopicArn,
        Subject: subjectOf(alert),
        Message: messageOf(alert, attributes.stage),
        MessageAttributes: Object.fromEntries(
          Object.entries(attributes).map(([name, value]) => [
            name,
            { DataType: 'String', StringValue: value },
          ]),
        ),
      }),
    ),
  );
  return published.MessageId ?? '';
}

/** SNS refuses a subject that is empty, longer than a hundred characters or not printable ASCII: an alert must not fail on that. */
function subjectOf({ summary, name }: Alert): string {
  const printable = summary
    .replace(/\s+/g, ' ')
    .replace(/[^ -~]/gu, '?')
    .trim();
  const subject = printable || name;
  return subject.length <= maxSubjectCharacters
    ? subject
    : `${subject.slice(0, maxSubjectCharacters - 3)}...`;
}

function messageOf(alert: Alert, stageName: string): string {
  const { summary, detail, runbook, severity, name } = alert;
  const head = [summary, '', detail, '', `Runbook: ${runbook}`, `${severity} ${name} in ${stageName}`].join(
    '\n',
  );
  const whole = `${head}\n\n${JSON.stringify(alert.facts, writeBigInt, 2)}\n`;
  if (Buffer.byteLength(whole) <= maxMessageBytes) return whole;
  const shortened = Buffer.from(head)
    .subarray(0, maxMessageBytes - 200)
    .toString('utf8')
    .replace(/�+$/, '');
  return `${shortened}\n\nShortened: the alert had ${Buffer.byteLength(whole)} bytes, more than SNS takes.\n`;
}

function writeBigInt(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
