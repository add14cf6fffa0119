import { Unavailable } from '../errors.ts';
import { printable } from '../text/printable.ts';
import { boundAnswers } from './bounded-answers.ts';

/**
 * Settings of every AWS client. The SDK reads region, credentials and endpoint from the environment, so this code does
 * not know which AWS it calls. Three attempts of at most five seconds fit into the timeout of every function.
 */
export const clientSettings = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
} as const;

/** AWS did not answer, was too busy or failed. The operation may or may not have happened. */
export class AwsUnavailable extends Unavailable {
  override readonly name = 'AwsUnavailable';
}

/** AWS answered with a refusal: the deployment or the request is wrong, and trying again does not help. */
export class AwsRefused extends Error {
  override readonly name = 'AwsRefused';
  /** The SDK's name of the error, such as `AccessDenied` or `NotFoundException`. */
  readonly code: string;

  constructor(operation: string, code: string, detail: string, cause: unknown) {
    super(`${operation} was refused: ${code}: ${detail}`, { cause });
    this.code = code;
  }
}

type Closable = Parameters<typeof boundAnswers>[0] & {
  destroy(): void;
};

const open = new Set<() => void>();

/** Creates a client when it is first needed, and only once. Its answers are bounded. */
export function clientOf<T extends Closable>(make: () => T): () => T {
  let client: T | undefined;
  const close = () => {
    client?.destroy();
    client = undefined;
  };
  return () => {
    client ??= boundAnswers(make());
    open.add(close);
    return client;
  };
}

/** Closes every client. The next call creates a new one from the environment at that time. */
export function closeAwsClients(): void {
  for (const close of open) close();
  open.clear();
}

/**
 * Runs one call of the SDK. `operation` describes it for people, such as `S3 PutObject to s3://bucket/key`.
 * @throws AwsUnavailable when AWS did not answer, was too busy or failed, or when the answer cannot be read; the operation may
 *   or may not have happened
 * @throws AwsRefused when AWS refused; the operation did not happen
 */
export async function callAws<T>(operation: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isSdkError(error)) throw error;
    const status = error.$metadata?.httpStatusCode;
    const code = codeOf(error);
    // With a status of success the error is one of reading the answer.
    if (status === undefined || status < 300 || status >= 500 || status === 429 || busyCodes.includes(code))
      throw new AwsUnavailable(`${operation} did not succeed: ${code}: ${said(error)}`, error);
    throw new AwsRefused(operation, code, said(error), error);
  }
}

/** The code of an error. What has not the form of a code is none: it comes from the answer. */
function codeOf({ code, name }: SdkError): string {
  const given = code ?? name;
  return /^[A-Za-z][\w.:-]{0,99}$/.test(given) ? given : 'Unknown';
}

/** The message of an error, in one line. It comes from the answer, so it may be anything. */
function said({ message }: SdkError): string {
  const [line = ''] = message.split('\n  Deserialization error');
  const text = printable(line.replace(/\s+/g, ' '));
  return text.length > longestMessage ? `${text.slice(0, longestMessage)}…` : text;
}

const longestMessage = 300;

/** Whether a call of AWS has thrown this error: its codes of the operating system look like those of any connection. */
export function isOfAws(error: unknown): boolean {
  return (
    error instanceof AwsUnavailable ||
    error instanceof AwsRefused ||
    (error instanceof Error && '$metadata' in error)
  );
}

/** Codes that mean "try later", although their status says that the request is wrong. */
const busyCodes = ['Throttling', 'ThrottlingException', 'RequestLimitExceeded', 'RequestTimeout'];

interface SdkError extends Error {
  /** The code of the operating system, when AWS did not answer. */
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** Separates answers of AWS, and failed connections, from faults before sending, such as missing credentials. */
function isSdkError(error: unknown): error is SdkError {
  if (!(error instanceof Error)) return false;
  const { $metadata, code } = error as SdkError;
  return $metadata?.httpStatusCode !== undefined || typeof code === 'string' || error.name === 'TimeoutError';
}
