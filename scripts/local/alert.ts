import { styleText } from 'node:util';
import type { Message } from './aws/sns/message.ts';

/** An alert as it arrives: what `publishAlert()` made of it. */
export interface ReceivedAlert {
  readonly messageId: string;
  readonly name: string;
  readonly severity: string;
  readonly stage: string;
  readonly subject: string;
  /** The whole text, the facts included. */
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Reads a message of SNS as an alert; undefined when it is none. */
export function readAlert({ messageId, subject, message, attributes }: Message): ReceivedAlert | undefined {
  const { name, severity, stage } = attributes;
  if (!name || !severity || !stage) return undefined;
  return {
    messageId,
    name: name.value,
    severity: severity.value,
    stage: stage.value,
    subject: subject ?? '',
    message,
    facts: readFacts(message),
  };
}

/** The JSON at the end of the text; empty when the alert had to be shortened. */
function readFacts(message: string): Record<string, unknown> {
  const start = message.lastIndexOf('\n\n{');
  if (start < 0) return {};
  try {
    return JSON.parse(message.slice(start));
  } catch {
    return {};
  }
}

/** An alert as the terminal shows it: one block that cannot be taken for a line of the log. */
export function alertText({ name, severity, subject, message }: ReceivedAlert): string {
  const colour = severity === 'critical' ? 'red' : severity === 'warning' ? 'yellow' : 'cyan';
  const edge = styleText(colour, '│', { stream: process.stderr });
  const title = styleText(['bold', colour], `ALERT ${severity}: ${name}`, { stream: process.stderr });
  // The subject is the first line of the text, shortened.
  const lines = message.startsWith(subject) ? [message] : [subject, '', message];
  const body = lines.join('\n').trimEnd().split('\n');
  return ['', `${edge} ${title}`, ...body.map((line) => `${edge} ${line}`), ''].join('\n');
}
