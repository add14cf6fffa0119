import { Unavailable } from './errors.ts';

/**
 * How every client of AWS is made. Region, credentials and endpoint come from the environment, as the SDK reads them,
 * so nothing here knows which AWS it talks to. Three attempts of at most five seconds fit into any function's time.
 */
export const clientSettings = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
} as const;

/** AWS answered and said no: a fault of the deployment or of the request, which trying again does not mend. */
export class AwsRefused extends Error {
  override readonly name = 'AwsRefused';
  /** The name that the SDK gives the error, such as `AccessDenied` or `NotFoundException`. */
  readonly code: string;

  constructor(operation: string, code: string, detail: string, cause: unknown) {
    super(`${operation} was refused: ${code}: ${detail}`, { cause });
    this.code = code;
  }
}

interface Closable {
  destroy(): void;
}

const open = new Set<() => void>();

/** Makes a client when it is first asked for, and only once. */
export function clientOf<T extends Closable>(make: () => T): () => T {
  let client: T | undefined;
  const close = () => {
    client?.destroy();
    client = undefined;
  };
  return () => {
    client ??= make();
    open.add(close);
    return client;
  };
}

/** Closes every client; the next call makes a new one, with the environment as it is then. */
export function closeAwsClients(): void {
  for (const close of open) close();
  open.clear();
}

/**
 * Runs one call of the SDK. `operation` is for people, such as `S3 PutObject to s3://bucket/key`.
 * @throws Unavailable when AWS did not answer, was too busy or failed: what was asked may or may not have happened
 * @throws AwsRefused when AWS refused: it has not happened
 */
export async function callAws<T>(operation: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isSdkError(error)) throw error;
    const status = error.$metadata?.httpStatusCode;
    if (status === undefined || status >= 500 || status === 429 || busyCodes.includes(error.name)) {
      throw new Unavailable(
        `${operation} did not succeed: ${error.code ?? error.name}: ${error.message}`,
        error,
      );
    }
    throw new AwsRefused(operation, error.name, error.message, error);
  }
}

/** Codes that mean "later" although their status says that the request was wrong. */
const busyCodes = ['Throttling', 'ThrottlingException', 'RequestLimitExceeded', 'RequestTimeout'];

interface SdkError extends Error {
  /** Of the operating system, when there was no answer. */
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** Tells an answer of AWS and a failure to get one from faults before sending, such as missing credentials. */
function isSdkError(error: unknown): error is SdkError {
  if (!(error instanceof Error)) return false;
  const { $metadata, code } = error as SdkError;
  return $metadata?.httpStatusCode !== undefined || typeof code === 'string' || error.name === 'TimeoutError';
}
