import { AwsError } from '../aws-error.ts';
import type { OwnFaultWords } from '../faults.ts';

/**
 * What can go wrong with RDS alone:
 * - `kms-denied`: the key cannot be used; `quota`: there may be no more snapshots or instances; `invalid-state`: the
 *   instance or snapshot is busy. They are answered, and nothing happens
 * - `stuck`: what was set going stays in `creating`; `failed`: it ends in `failed`
 * - `incompatible-restore`: an instance ends in that status
 */
export type RdsFault = 'kms-denied' | 'quota' | 'invalid-state' | 'stuck' | 'failed' | 'incompatible-restore';

export const rdsFaultWords: OwnFaultWords<RdsFault> = {
  'kms-denied': () => kmsKeyNotAccessible('arn:aws:kms:local:000000000000:key/denied'),
  quota: (operation) => (/Restore/.test(operation) ? instanceQuotaExceeded() : snapshotQuotaExceeded()),
  'invalid-state': (operation) =>
    /DBSnapshot$/.test(operation) && operation !== 'CreateDBSnapshot'
      ? invalidSnapshotState('The snapshot is not currently in the available state.')
      : invalidInstanceState('Database instance is not in available state.'),
};

export function instanceNotFound(identifier: string): AwsError {
  return new AwsError('DBInstanceNotFound', 404, `DBInstance ${identifier} not found.`);
}

export function instanceAlreadyExists(): AwsError {
  return new AwsError('DBInstanceAlreadyExists', 400, 'DB instance already exists');
}

export function invalidInstanceState(message: string): AwsError {
  return new AwsError('InvalidDBInstanceState', 400, message);
}

export function instanceQuotaExceeded(): AwsError {
  return new AwsError('InstanceQuotaExceeded', 400, 'DB Instance quota exceeded');
}

export function snapshotNotFound(identifier: string): AwsError {
  return new AwsError('DBSnapshotNotFound', 404, `DBSnapshot ${identifier} not found.`);
}

export function snapshotAlreadyExists(identifier: string): AwsError {
  return new AwsError(
    'DBSnapshotAlreadyExists',
    400,
    `Cannot create the snapshot because a snapshot with the identifier ${identifier} already exists.`,
  );
}

export function invalidSnapshotState(message: string): AwsError {
  return new AwsError('InvalidDBSnapshotState', 400, message);
}

export function snapshotQuotaExceeded(): AwsError {
  return new AwsError(
    'SnapshotQuotaExceeded',
    400,
    'The request cannot be processed because it would exceed the maximum number of snapshots.',
  );
}

export function kmsKeyNotAccessible(keyId: string): AwsError {
  return new AwsError(
    'KMSKeyNotAccessibleFault',
    400,
    `The specified KMS key [${keyId}] does not exist, is not enabled or you do not have permissions to access it.`,
  );
}

export function pointInTimeNotEnabled(identifier: string): AwsError {
  return new AwsError(
    'PointInTimeRestoreNotEnabled',
    400,
    `Point in time restore is not enabled for ${identifier}: its backup retention period is 0.`,
  );
}

export function invalidParameter(message: string): AwsError {
  return new AwsError('InvalidParameterValue', 400, message);
}

export function invalidCombination(message: string): AwsError {
  return new AwsError('InvalidParameterCombination', 400, message);
}

export function missingParameter(name: string): AwsError {
  return new AwsError('MissingParameter', 400, `The request must contain the parameter ${name}.`);
}

/** The refusal of a call that the platform must never make, as an IAM policy would express it. */
export function explicitlyDenied(action: string, arn: string): AwsError {
  return new AwsError(
    'AccessDenied',
    403,
    `User: arn:aws:iam::000000000000:user/local is not authorized to perform: ${action} on resource: ${arn} with an explicit deny`,
  );
}

/** For what RDS has and this one has not: passing over it would answer for something that has not happened. */
export function notImplemented(what: string): AwsError {
  return new AwsError('NotImplemented', 501, `${what} is not implemented by the local RDS.`);
}
