import { DatabaseError } from 'pg';
import { AwsRefused, AwsUnavailable, isOfAws } from '#platform/aws/call.ts';
import { OutcomeUnknown, Problem } from '#platform/errors.ts';
import { JobFailed } from '#platform/job.ts';
import { isConnectionFailure } from '#platform/postgres/connection-failures.ts';
import { isOutage } from '#platform/postgres/sqlstate.ts';
import { Refusal } from '#platform/refusal.ts';
import { hideSecrets } from '#platform/text/secrets-in-text.ts';

/** The command cannot do its work, for a reason that the user can act on. */
export class CommandError extends Refusal {
  override readonly name: string = 'CommandError';
}

/** The command line is wrong: exit code 2, and the message points to `--help`. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError';
}

/** A failure as the user sees it: text for people, JSON for programs. `stack` is set only for unexpected errors. */
export interface Failure {
  readonly message: string;
  readonly remedy?: string | undefined;
  readonly code?: string | undefined;
  readonly stack?: string | undefined;
}

/** Separates an expected failure (message and remedy) from a bug (stack). */
export function describeFailure(error: unknown): Failure {
  if (error instanceof JobFailed) return describeFailure(error.original);
  if (!(error instanceof Error)) return { message: String(error), stack: new Error('thrown here').stack };
  const ofAws = findInCauses(error, isOfAws);
  const unreachable = findInCauses(error, isUnreachable);
  if (unreachable) return describeUnreachable(unreachable, ofAws ? '' : 'the database at ');
  if (error instanceof OutcomeUnknown)
    return {
      message:
        'the connection to the database was lost at the end of the command: its work may be stored or not',
      remedy: 'Check that the server is up, and look at what is stored before you run it again.',
      code: error.code,
    };
  const ofConnection = ofAws ? undefined : (describeUnopened(error) ?? describeLost(error));
  if (ofConnection) return ofConnection;
  if (error instanceof AwsRefused)
    return { message: error.message, remedy: awsRemedy(error.code), code: error.code };
  if (error instanceof AwsUnavailable)
    return { message: error.message, remedy: 'AWS may answer later: run again.', code: error.code };
  const unsent = findInCauses(error, isUnsentToAws);
  if (unsent) return { message: `cannot call AWS: ${unsent.message}`, remedy: awsLogin };
  if (error instanceof Problem) return describeProblem(error);
  if (error instanceof DatabaseError) return describeDatabaseError(error);
  if (isOfNetwork(error)) return { message: error.message, code: (error as NodeJS.ErrnoException).code };
  if (isOfFiles(error)) return { message: error.message, code: (error as NodeJS.ErrnoException).code };
  if (error instanceof Refusal) return { message: error.message, remedy: error.remedy };
  return { message: error.message, stack: error.stack };
}

/** The failure as lines for a terminal. */
export function failureText({ message, remedy, stack }: Failure): string {
  return [`error: ${message}`, remedy && `  ${remedy}`, stack && `\nThis is a bug in Stockade:\n${stack}`]
    .filter(Boolean)
    .join('\n');
}

/** A file error that the user can fix: permissions, space, a path they typed. A missing file of our own is a bug. */
function isOfFiles(error: NodeJS.ErrnoException): boolean {
  const { code = '', path, syscall } = error;
  if (syscall === undefined) return false;
  if (/^(EACCES|EPERM|EROFS|ENOSPC|EDQUOT|ENOTDIR|EISDIR|ENAMETOOLONG)$/.test(code)) return true;
  return code === 'ENOENT' && !!path && process.argv.slice(2).some((typed) => typed.includes(path));
}

/** The failure as a log may keep it. Messages repeat what the user typed, and that may be a URL with its password. */
export function withoutPasswords(failure: Failure): Failure {
  const { message, remedy, stack } = failure;
  return {
    ...failure,
    message: hideSecrets(message),
    remedy: remedy && hideSecrets(remedy),
    stack: stack && hideSecrets(stack),
  };
}

function findInCauses(error: unknown, matches: (error: Error) => boolean): Error | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (matches(current)) return current;
    // An address with several IPs fails with one error per IP.
    const inner = current instanceof AggregateError ? current.errors.find(matches) : undefined;
    if (inner) return inner;
  }
  return undefined;
}

const awsLogin =
  'Log in (aws sso login, or AWS_PROFILE), and set AWS_REGION to the region of the database. Locally, `npm start` must be running.';

/** The SDK could not send the request: no credentials, or no region. */
function isUnsentToAws(error: Error): boolean {
  return error.name === 'CredentialsProviderError' || error.message === 'Region is missing';
}

function awsRemedy(code: string): string | undefined {
  if (
    /^(Expired|InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|InvalidAccessKeyId)/.test(code)
  )
    return awsLogin;
  return /^(AccessDenied|Unauthorized)/.test(code)
    ? 'Your AWS login may not make this call. docs/BACKUP_RECOVERY.md, "Before you need it", lists what it needs.'
    : undefined;
}

const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

type Unreachable = Error & {
  code: string;
  syscall?: string;
  address?: string;
  hostname?: string;
  port?: number;
};

function isUnreachable(error: Error): error is Unreachable {
  const { code, address, hostname, syscall } = error as Unreachable;
  // A missing Unix socket fails as a missing file.
  const isKnown = CONNECTION_CODES.has(code) || (code === 'ENOENT' && syscall === 'connect');
  return isKnown && (address ?? hostname) !== undefined;
}

/** Why a connection could not be opened. pg gives most of these errors no code, so the text identifies them. */
const unopened: readonly {
  is: (error: NodeJS.ErrnoException) => boolean;
  message: string;
  remedy: string;
}[] = [
  {
    is: ({ message }) => /^(timeout expired$|Connection terminated due to connection timeout)/.test(message),
    message: 'the database does not answer',
    remedy: 'Check the network, the VPN, the security group, and the port in the URL.',
  },
  {
    is: ({ message }) => message.startsWith('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password'),
    message: 'the database requires a password, and its URL has none',
    remedy: 'Write it as postgres://user:password@host:port/name, or set PGPASSWORD.',
  },
  {
    is: ({ message }) => message === 'The server does not support SSL connections',
    message: 'the database does not support TLS, and its URL requires it',
    remedy: 'Remove sslmode from the URL, but only where nobody can read the traffic.',
  },
  {
    is: ({ code = '' }) => /CERT|^UNABLE_TO_(GET|VERIFY)_/.test(code),
    message: 'the certificate of the server is not trusted',
    remedy: 'Add sslrootcert=FILE to the URL. For RDS, FILE is global-bundle.pem from AWS.',
  },
];

function describeUnopened(error: unknown): Failure | undefined {
  for (const { is, message, remedy } of unopened) {
    const found = findInCauses(error, is);
    if (found) return { message: `${message} (${found.message})`, remedy };
  }
  return undefined;
}

function describeLost(error: Error): Failure | undefined {
  if (!findInCauses(error, isConnectionFailure)) return undefined;
  return {
    message: 'the connection to the database was lost while the command ran',
    remedy: 'Check that the server is up, and run again.',
    code: 'connection_lost',
  };
}

/** A connection that is neither the database's nor of AWS was lost, such as the one to the issuer of tokens. */
function isOfNetwork({ code = '' }: NodeJS.ErrnoException): boolean {
  return /^(ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|ENETRESET|UND_ERR_SOCKET)$/.test(code);
}

function describeUnreachable(error: Error, what: string): Failure {
  const { code, address, hostname, port } = error as Unreachable;
  const place = [address ?? hostname, port].filter((part) => part !== undefined).join(':');
  return { message: `cannot reach ${what}${place}: is it running? (${code})`, code };
}

function describeProblem(problem: Problem): Failure {
  const fields =
    problem.options.errors?.map(({ field, message }) => `\n  ${field}: ${message}`).join('') ?? '';
  return { message: `${problem.message}${fields}`, code: problem.code };
}

const DATABASE_REMEDIES: Readonly<Record<string, string>> = {
  '25006':
    'The database is read-only: closed before a cut-over, or a standby. See docs/DISASTER_RECOVERY.md, "A bad migration".',
  '28000': 'Check the user in the database URL.',
  '28P01': 'Check the password in the database URL.',
  '3D000': 'Check the database name in the URL, or create the database first.',
  '3F000': 'The database has no Stockade schema yet: run `npm run migrate:all` first.',
  '42501': 'Connect as a user with this permission: the one that runs the migrations.',
  '42P01': 'The database has no Stockade schema, or an older one: run `npm run migrate:all` first.',
  '42883': 'The database has no Stockade schema, or an older one: run `npm run migrate:all` first.',
  '53100': 'The disk of the database server is full: increase its storage, then run again.',
  '53200': 'The database server is out of memory: run again later, or increase it.',
  '53300': 'The server has no connection left: try again, or increase max_connections.',
  '53400': 'The work met a limit of the server, such as temp_file_limit: the message names it.',
  '57P01': 'The server ended the session: run again.',
  '57P02': 'The server crashed and is restarting: run again in a moment.',
  '57P03': 'The server is starting or stopping: try again in a moment.',
  '58030': 'The disk of the database server fails: look at the server, then run again.',
};

function describeDatabaseError(error: DatabaseError): Failure {
  const { code = '' } = error;
  const message = `${error.message}${error.detail ? ` (${error.detail})` : ''} [SQLSTATE ${code}]`;
  // Class SK is what Stockade's own functions raise on purpose.
  const isExpected = code.startsWith('SK') || code in DATABASE_REMEDIES || isOutage(error);
  return {
    message,
    remedy: DATABASE_REMEDIES[code] ?? error.hint,
    code,
    stack: isExpected ? undefined : error.stack,
  };
}
