import type { QueryParameters } from '../../query-parameters.ts';
import { invalidParameter, missingParameter } from '../errors.ts';
import type { Settings, Tags } from '../records.ts';

/** @throws AwsError MissingParameter */
export function required(parameters: QueryParameters, name: string): string {
  const value = parameters.text(name);
  if (value === undefined || value === '') throw missingParameter(name);
  return value;
}

/** @throws AwsError InvalidParameterValue */
export function booleanOf(parameters: QueryParameters, name: string): boolean | undefined {
  const value = parameters.text(name);
  if (value === undefined) return undefined;
  if (value !== 'true' && value !== 'false') throw invalidParameter(`Invalid value ${value} for ${name}.`);
  return value === 'true';
}

/** @throws AwsError InvalidParameterValue */
export function integerOf(
  parameters: QueryParameters,
  name: string,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  const text = parameters.text(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw invalidParameter(`Invalid value ${text} for ${name}. Must be between ${min} and ${max}`);
}

/** @throws AwsError InvalidParameterValue */
export function timeOf(parameters: QueryParameters, name: string): Date | undefined {
  const text = parameters.text(name);
  if (text === undefined) return undefined;
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw invalidParameter(`Invalid value ${text} for ${name}.`);
  return time;
}

/**
 * The identifier of something new, in lower case.
 * @throws AwsError MissingParameter, InvalidParameterValue
 */
export function newIdentifier(parameters: QueryParameters, name: string, maxLength: number): string {
  const identifier = required(parameters, name).toLowerCase();
  const isOne = /^[a-z][a-z\d]*(-[a-z\d]+)*$/.test(identifier) && identifier.length <= maxLength;
  if (isOne) return identifier;
  throw invalidParameter(
    `The parameter ${name} is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens.`,
  );
}

/** The tags of a request; undefined when it has none at all. */
export function tagsOf(parameters: QueryParameters): Tags | undefined {
  const list = parameters.list('Tags', 'Tag');
  if (list.length === 0) return undefined;
  return Object.fromEntries(list.map((tag) => [tag.text('Key') ?? '', tag.text('Value') ?? '']));
}

/** The settings that a request names. */
export function settingsOf(parameters: QueryParameters): Partial<Settings> {
  const given: { -readonly [Name in keyof Settings]?: Settings[Name] | undefined } = {
    DBInstanceClass: parameters.text('DBInstanceClass'),
    MultiAZ: booleanOf(parameters, 'MultiAZ'),
    PubliclyAccessible: booleanOf(parameters, 'PubliclyAccessible'),
    BackupRetentionPeriod: integerOf(parameters, 'BackupRetentionPeriod', { min: 0, max: 35 }),
    CopyTagsToSnapshot: booleanOf(parameters, 'CopyTagsToSnapshot'),
    DeletionProtection: booleanOf(parameters, 'DeletionProtection'),
    IAMDatabaseAuthenticationEnabled: booleanOf(parameters, 'EnableIAMDatabaseAuthentication'),
    AutoMinorVersionUpgrade: booleanOf(parameters, 'AutoMinorVersionUpgrade'),
    DBSubnetGroupName: parameters.text('DBSubnetGroupName'),
    DBParameterGroupName: parameters.text('DBParameterGroupName'),
  };
  const groups = parameters
    .list('VpcSecurityGroupIds', 'VpcSecurityGroupId')
    .map((each) => each.text() ?? '');
  if (groups.length > 0) given.VpcSecurityGroupIds = groups;
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
