import { AwsRefused, AwsUnavailable } from '#platform/aws/call.ts';
import { MissingSetting, Unavailable } from '#platform/errors.ts';

/** The reasons why a check could not run. */
export const blindReasons = [
  'permission_missing',
  'throttled',
  'timeout',
  'unreachable',
  'failing',
  'no_credentials',
  'refused',
  'not_configured',
  'database_unreachable',
  'database_missing',
  'unexpected',
] as const;
export type BlindReason = (typeof blindReasons)[number];

/** The database could not be queried. */
export class DatabaseUnreachable extends Error {
  override readonly name = 'DatabaseUnreachable';
}

/** RDS has no database with that name. The check `database-status` fails then; others could not run. */
export class NoSuchDatabase extends Error {
  override readonly name = 'NoSuchDatabase';

  constructor({ kind, identifier }: { readonly kind: string; readonly identifier: string }) {
    super(`there is no ${kind} ${identifier} in this region and account`);
  }
}

const inWords: Readonly<Record<BlindReason, string>> = {
  permission_missing: 'Permission is missing',
  throttled: 'AWS is throttling',
  timeout: 'There was no answer in time',
  unreachable: 'There was no connection',
  failing: 'AWS is failing',
  no_credentials: 'There are no credentials that AWS accepts',
  refused: 'AWS refused',
  not_configured: 'A setting is missing',
  database_unreachable: 'The database could not be queried',
  database_missing: 'The database was not found',
  unexpected: 'Something unexpected happened',
};

/** Why a check could not run: a reason for programs and a sentence for people. */
export function blindness(error: unknown): { readonly reason: BlindReason; readonly summary: string } {
  const reason = reasonOf(error);
  const detail = error instanceof Error ? error.message : String(error);
  return { reason, summary: `Could not run. ${inWords[reason]}: ${detail}` };
}

function reasonOf(error: unknown): BlindReason {
  if (error instanceof DatabaseUnreachable) return 'database_unreachable';
  if (error instanceof NoSuchDatabase) return 'database_missing';
  if (error instanceof MissingSetting) return 'not_configured';
  if (error instanceof AwsRefused) return refusalOf(error.code);
  if (error instanceof AwsUnavailable) return outageOf(error.options.cause);
  if (error instanceof Unavailable) return 'database_unreachable';
  if (error instanceof Error && error.name === 'CredentialsProviderError') return 'no_credentials';
  return 'unexpected';
}

function refusalOf(code: string): BlindReason {
  if (/^(AccessDenied|AuthorizationError|UnauthorizedOperation|KMSKeyNotAccessible)/.test(code)) {
    return 'permission_missing';
  }
  if (
    /^(ExpiredToken|InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|AuthFailure)/.test(code)
  ) {
    return 'no_credentials';
  }
  return /throttl|RequestLimitExceeded|TooManyRequests/i.test(code) ? 'throttled' : 'refused';
}

/** The reason in the last error of the SDK, after it has given up its attempts. */
function outageOf(cause: unknown): BlindReason {
  if (!(cause instanceof Error)) return 'unreachable';
  const status = (cause as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  if (status === 429 || /throttl|RequestLimitExceeded|TooManyRequests/i.test(cause.name)) return 'throttled';
  const { code } = cause as { code?: unknown };
  // The SDK also calls a closed connection a timeout.
  const isClosed = code === 'ECONNRESET' || code === 'EPIPE';
  if (!isClosed && /^(Request)?Timeout(Error)?$/.test(cause.name)) return 'timeout';
  return status === undefined ? 'unreachable' : 'failing';
}
