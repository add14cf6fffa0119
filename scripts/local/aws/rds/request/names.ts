import { randomBytes } from 'node:crypto';
import { accountId } from '../../account.ts';
import { invalidParameter } from '../errors.ts';
import type { Instance, Snapshot } from '../records.ts';

export function instanceArn({ region, identifier }: Pick<Instance, 'region' | 'identifier'>): string {
  return `arn:aws:rds:${region}:${accountId}:db:${identifier}`;
}

export function snapshotArn({ region, identifier }: Pick<Snapshot, 'region' | 'identifier'>): string {
  return `arn:aws:rds:${region}:${accountId}:snapshot:${identifier}`;
}

/** As in `db-ABCDEFGHIJKLMNOPQRSTUVWXYZ`. */
export function newResourceId(): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  return `db-${[...randomBytes(26)].map((byte) => letters[byte % 32]).join('')}`;
}

export interface Name {
  readonly region: string;
  readonly identifier: string;
}

/**
 * What an identifier or an ARN names, in lower case; the caller's region is that of an identifier.
 * @throws AwsError InvalidParameterValue for an ARN of something else
 */
export function readName(text: string, kind: 'db' | 'snapshot', region: string): Name {
  if (!text.startsWith('arn:')) return { region, identifier: text.toLowerCase() };
  const [, , service, arnRegion = '', , arnKind, ...rest] = text.split(':');
  if (service !== 'rds' || arnKind !== kind) throw invalidParameter(`Invalid resource name: ${text}`);
  return { region: arnRegion, identifier: rest.join(':').toLowerCase() };
}
