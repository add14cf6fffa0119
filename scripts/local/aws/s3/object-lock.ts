import type { AwsError } from '../aws-error.ts';
import type { AwsRequest } from '../http-service.ts';
import { refusal } from './errors.ts';
import { hasIntegrity, headerOf } from './receive.ts';
import type { Bucket, LockMode, Retention, Version } from './store.ts';

const dayMs = 86_400_000;
const modes: readonly string[] = ['COMPLIANCE', 'GOVERNANCE'] satisfies LockMode[];

/** What a request asks a new version to be locked with. */
export interface Lock {
  readonly retention?: Retention;
  readonly legalHold?: boolean;
}

/**
 * The lock of a version that is about to be put: what the request says, else what the bucket gives to all.
 * @throws AwsError when the bucket cannot lock, the headers make no sense, or nothing guards the body on its way
 */
export function lockOfPut(request: AwsRequest, bucket: Bucket, now: Date): Lock {
  const mode = headerOf(request, 'x-amz-object-lock-mode');
  const until = headerOf(request, 'x-amz-object-lock-retain-until-date');
  const hold = headerOf(request, 'x-amz-object-lock-legal-hold');
  const isAsked = mode !== undefined || until !== undefined || hold !== undefined;
  if (!bucket.objectLock && isAsked) throw missingLockConfiguration();
  if ((isAsked || bucket.objectLock?.defaultRetention) && !hasIntegrity(request)) {
    throw refusal.invalidRequest(
      'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
    );
  }
  if ((mode === undefined) !== (until === undefined)) {
    throw refusal.invalidArgument(
      'x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied',
      mode === undefined ? 'x-amz-object-lock-retain-until-date' : 'x-amz-object-lock-mode',
      mode ?? until ?? '',
    );
  }
  if (hold !== undefined && !['ON', 'OFF'].includes(hold)) {
    throw refusal.invalidArgument(
      "Legal Hold must be either of 'ON' or 'OFF'",
      'x-amz-object-lock-legal-hold',
      hold,
    );
  }
  const retention =
    mode === undefined || until === undefined ? defaultRetention(bucket, now) : retentionOf(mode, until, now);
  return { ...(retention ? { retention } : {}), ...(hold === 'ON' ? { legalHold: true } : {}) };
}

/**
 * Reads a retention that somebody asks for.
 * @throws AwsError for an unknown mode, or a date that is none or is over
 */
export function retentionOf(mode: string, until: string, now: Date): Retention {
  if (!modes.includes(mode)) {
    throw refusal.invalidArgument('Unknown wormMode directive.', 'x-amz-object-lock-mode', mode);
  }
  const date = new Date(until);
  if (Number.isNaN(date.getTime())) {
    throw refusal.invalidArgument(
      'The retain until date must be provided in ISO 8601 format',
      'x-amz-object-lock-retain-until-date',
      until,
    );
  }
  if (date <= now) {
    throw refusal.invalidArgument(
      'The retain until date must be in the future!',
      'x-amz-object-lock-retain-until-date',
      until,
    );
  }
  return { mode: mode as LockMode, until: date.toISOString() };
}

/**
 * Refuses to delete a version that is still locked.
 * @throws AwsError AccessDenied
 */
export function refuseLockedDelete(version: Version, bypassesGovernance: boolean, now: Date): void {
  const isRetained = isLocked(version.retention, now) && !mayBypass(version.retention, bypassesGovernance);
  if (isRetained || version.legalHold) throw objectLocked();
}

/**
 * Refuses to weaken a retention: COMPLIANCE can only be made longer, GOVERNANCE can be weakened by who may bypass it.
 * @throws AwsError AccessDenied
 */
export function refuseWeakerRetention(
  { retention }: Version,
  next: Retention | undefined,
  bypassesGovernance: boolean,
  now: Date,
): void {
  if (!retention || !isLocked(retention, now) || mayBypass(retention, bypassesGovernance)) return;
  const isWeaker =
    !next || next.until < retention.until || (retention.mode === 'COMPLIANCE' && next.mode !== 'COMPLIANCE');
  if (isWeaker) throw objectLocked();
}

/** Whether the caller has asked to pass over GOVERNANCE. */
export function asksToBypass(request: AwsRequest): boolean {
  return headerOf(request, 'x-amz-bypass-governance-retention')?.toLowerCase() === 'true';
}

export function missingLockConfiguration(): AwsError {
  return refusal.invalidRequest('Bucket is missing Object Lock Configuration');
}

/** The headers by which S3 tells the lock of a version. */
export function lockHeaders({ retention, legalHold }: Version): Record<string, string> {
  return {
    ...(retention && {
      'x-amz-object-lock-mode': retention.mode,
      'x-amz-object-lock-retain-until-date': retention.until,
    }),
    ...(legalHold && { 'x-amz-object-lock-legal-hold': 'ON' }),
  };
}

function defaultRetention({ objectLock }: Bucket, now: Date): Retention | undefined {
  const rule = objectLock?.defaultRetention;
  if (!rule) return undefined;
  const until = new Date(now.getTime() + (rule.days ?? 0) * dayMs);
  until.setUTCFullYear(until.getUTCFullYear() + (rule.years ?? 0));
  return { mode: rule.mode, until: until.toISOString() };
}

function isLocked(retention: Retention | undefined, now: Date): boolean {
  return retention !== undefined && new Date(retention.until) > now;
}

function mayBypass(retention: Retention | undefined, bypassesGovernance: boolean): boolean {
  return retention?.mode === 'GOVERNANCE' && bypassesGovernance;
}

function objectLocked(): AwsError {
  return refusal.accessDenied('Access Denied because object protected by object lock.');
}
