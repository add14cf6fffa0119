import { AwsError } from '../aws-error.ts';
import type { QueryParameters } from '../query-parameters.ts';

export interface MessageAttribute {
  readonly type: string;
  readonly value: string;
}

/** A message that has been published. */
export interface Message {
  readonly messageId: string;
  readonly topicArn: string;
  readonly subject: string | undefined;
  readonly message: string;
  readonly attributes: Readonly<Record<string, MessageAttribute>>;
  readonly publishedAt: string;
}

const maxMessageBytes = 262_144;
const maxSubjectCharacters = 100;

/**
 * Reads what is to be published and refuses what SNS refuses.
 * @throws AwsError InvalidParameter, ParameterValueInvalid
 */
export function readMessage(
  parameters: QueryParameters,
): Pick<Message, 'subject' | 'message' | 'attributes'> {
  const message = parameters.text('Message') ?? '';
  const subject = parameters.text('Subject');
  if (message === '') throw invalidParameter('Empty message');
  const isSubject = (text: string) => text.length <= maxSubjectCharacters && /^[!-~][ -~]*$/.test(text);
  if (subject !== undefined && !isSubject(subject)) throw invalidParameter('Subject');
  const attributes = Object.fromEntries(
    [...parameters.map('MessageAttributes', 'Name', 'Value')].map(([name, value]) => [
      name,
      readAttribute(name, value),
    ]),
  );
  if (bytesOf(message, attributes) > maxMessageBytes) throw invalidParameter('Message too long');
  return { subject, message, attributes };
}

/** What counts towards the limit: the message, and of every attribute the name, the type and the value. */
function bytesOf(message: string, attributes: Message['attributes']): number {
  return Object.entries(attributes)
    .flatMap(([name, { type, value }]) => [name, type, value])
    .reduce((sum, text) => sum + Buffer.byteLength(text), Buffer.byteLength(message));
}

function readAttribute(name: string, value: QueryParameters): MessageAttribute {
  const type = value.text('DataType') ?? '';
  const text = value.text('StringValue') ?? '';
  if (type === 'String' && text !== '') return { type, value: text };
  throw new AwsError(
    'ParameterValueInvalid',
    400,
    `The message attribute '${name}' must contain a non-empty value of the type String, the one that the local SNS takes.`,
  );
}

export function invalidParameter(what: string): AwsError {
  return new AwsError('InvalidParameter', 400, `Invalid parameter: ${what}`);
}
