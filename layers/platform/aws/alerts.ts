import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { alertTopicArn, stage } from '../config.ts';
import { AwsUnavailable, callAws, clientOf, clientSettings } from './call.ts';

/** A message for the person on call. */
export interface Alert {
  /** What happened, in PascalCase, such as `BalanceDiscrepancy`. Filters and runbooks use it. */
  readonly name: string;
  readonly severity: 'critical' | 'warning' | 'info';
  /** One line: the subject. SNS allows 99 characters; a longer subject is shortened, the text keeps the whole line. */
  readonly summary: string;
  /** Plain text: the figures, the cause and the next steps. */
  readonly detail: string;
  /** The page with the next steps, such as `docs/runbook/balance-discrepancy.md`. */
  readonly runbook: string;
  /** The same information for programs. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** The SNS documentation says "less than 100 characters". */
const maxSubjectCharacters = 99;
/** A UUID. */
const messageId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** SNS accepts 262,144 bytes, attributes included. */
const maxMessageBytes = 260_000;

const sns = clientOf(() => new SNSClient(clientSettings));

/**
 * Publishes an alert to the topic of the stage and returns its message id. SNS then delivers it.
 * @throws MissingSetting when no topic is set
 * @throws Unavailable when SNS could not be reached, was too busy or gave an answer that is none; the alert may still have been
 *   published
 * @throws AwsRefused when SNS refuses the alert; it was not published
 */
export async function publishAlert(alert: Alert): Promise<string> {
  const TopicArn = alertTopicArn();
  const attributes = { name: alert.name, severity: alert.severity, stage: stage() };
  const operation = `SNS Publish of ${alert.name} to ${TopicArn}`;
  const { MessageId = '' } = await callAws(operation, () =>
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
  if (!messageId.test(MessageId))
    throw new AwsUnavailable(`${operation} did not succeed: the answer has no message id`);
  return MessageId;
}

/** SNS refuses a subject that is empty, too long or not printable ASCII. An alert must not fail because of its subject. */
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
  return `${shortened}\n\nShortened: the alert has ${Buffer.byteLength(whole)} bytes, more than SNS accepts.\n`;
}

function writeBigInt(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
