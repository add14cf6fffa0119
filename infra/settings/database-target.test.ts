import { describe, expect, test } from 'vitest';
import { ConfigurationError } from './configuration-error.ts';
import { databaseTarget, placeholderDatabase } from './database-target.ts';

const described = {
  databaseHost: 'stockade.abc.eu-central-1.rds.amazonaws.com',
  databaseResourceId: 'db-ABCDEFGHIJKLMNOP',
  databaseVpcId: 'vpc-0a1b2c3d',
  databaseSubnetIds: 'subnet-0a,subnet-0b',
  databaseSecurityGroupId: 'sg-0a1b2c3d',
};
const target = {
  host: described.databaseHost,
  port: 5432,
  databaseName: 'stockade',
  resourceId: described.databaseResourceId,
  vpcId: described.databaseVpcId,
  subnetIds: ['subnet-0a', 'subnet-0b'],
  securityGroupId: described.databaseSecurityGroupId,
};

/** The target, or the whole text of its refusal. */
function read(stage: 'dev' | 'prod', values: Readonly<Record<string, unknown>>) {
  try {
    return databaseTarget(stage, (key) => values[key]);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }
}

const remedies = [
  '  -c databaseHost=…  (the endpoint address)',
  '  -c databaseResourceId=…  (DbiResourceId, DbClusterResourceId, or the last part of the proxy ARN)',
  '  -c databaseVpcId=…  (the VPC it is in)',
  '  -c databaseSubnetIds=…  (private subnets of that VPC, separated by commas)',
  '  -c databaseSecurityGroupId=…  (the security group of the database)',
];
const missing = (stage: string, lines: readonly string[]) =>
  [`Stage ${stage} does not say which database to use. Pass:`, ...lines].join('\n');

test('dev can be synthesized without a database, and its placeholder cannot be deployed', () => {
  expect(read('dev', {})).toBe(placeholderDatabase);
  expect(placeholderDatabase).toEqual({
    host: 'database.invalid',
    port: 5432,
    databaseName: 'stockade',
    resourceId: 'db-PLACEHOLDER',
    vpcId: 'vpc-00000000000000000',
    subnetIds: ['subnet-00000000000000000', 'subnet-00000000000000001'],
    securityGroupId: 'sg-00000000000000000',
  });
});

test('prod without a database is refused, and the error names all keys to pass', () => {
  expect(read('prod', {})).toBe(missing('prod', remedies));
});

test.each(['dev', 'prod'] as const)(
  'half a description is refused in %s, and the error names the other half',
  (stage) => {
    Object.keys(described).forEach((key, index) => {
      for (const none of [undefined, '']) {
        expect(read(stage, { ...described, [key]: none })).toBe(missing(stage, [remedies[index] ?? '']));
      }
    });
    for (const optional of [{ databasePort: '6432' }, { databaseName: 'ledger' }])
      expect(read(stage, optional)).toBe(missing(stage, remedies));
  },
);

test.each(['dev', 'prod'] as const)(
  'in %s a description is used as given, with the usual port and name',
  (stage) => {
    expect(read(stage, described)).toEqual(target);
    expect(read(stage, { ...described, databasePort: '', databaseName: '' })).toEqual(target);
  },
);

test('an empty value counts as not set', () => {
  const empty = Object.fromEntries(Object.keys(described).map((key) => [key, '']));
  expect(read('dev', { ...empty, databasePort: '', databaseName: '' })).toBe(placeholderDatabase);
  expect(read('prod', empty)).toBe(missing('prod', remedies));
});

test('port and name may differ, and the port must be valid', () => {
  const other = { ...described, databasePort: '6432', databaseName: 'ledger' };
  expect(read('dev', other)).toEqual({ ...target, port: 6432, databaseName: 'ledger' });
  for (const port of [1, '65535'])
    expect(read('prod', { ...described, databasePort: port })).toEqual({ ...target, port: Number(port) });
  for (const port of ['0', '65536', '-1', '5432.5', 'postgres', '70000', ' '])
    expect(read('prod', { ...described, databasePort: port })).toBe(
      `databasePort is ${JSON.stringify(port)}: it must be a port number, 1 to 65535`,
    );
});

describe('the secret of the master', () => {
  const arn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-1-a1B2c3';
  const key = 'arn:aws:kms:eu-central-1:123456789012:key/1f2e';

  test('may be named, with its key', () => {
    expect(read('prod', { ...described, databaseMasterSecretArn: arn })).toEqual({
      ...target,
      masterSecret: { arn, kmsKeyArn: undefined },
    });
    expect(
      read('dev', { ...described, databaseMasterSecretArn: arn, databaseMasterSecretKeyArn: key }),
    ).toEqual({ ...target, masterSecret: { arn, kmsKeyArn: key } });
  });

  test.each([
    [{ databaseMasterSecretArn: 'hunter2' }, 'databaseMasterSecretArn is "hunter2": it must match'],
    [
      { databaseMasterSecretKeyArn: key },
      'databaseMasterSecretKeyArn is set without databaseMasterSecretArn',
    ],
    [
      { databaseMasterSecretArn: arn, databaseMasterSecretKeyArn: 'alias/x' },
      'databaseMasterSecretKeyArn is "alias/x": it must match',
    ],
    [
      { databaseMasterSecretArn: arn, databaseResourceId: 'prx-0a1b2c' },
      'a migration needs the database itself',
    ],
  ])('is refused as %o', (more, message) => {
    expect(read('prod', { ...described, ...more })).toContain(message);
  });
});

describe('an id of the wrong kind is refused at synthesis, not when the first connection fails', () => {
  const shapes = {
    databaseResourceId: [
      'DbiResourceId, DbClusterResourceId, or the last part of the proxy ARN',
      '/^(db|cluster|prx)-[A-Za-z0-9]+$/',
    ],
    databaseVpcId: ['the VPC it is in', '/^vpc-[0-9a-f]+$/'],
    databaseSubnetIds: [
      'private subnets of that VPC, separated by commas',
      '/^subnet-[0-9a-f]+(,subnet-[0-9a-f]+)*$/',
    ],
    databaseSecurityGroupId: ['the security group of the database', '/^sg-[0-9a-f]+$/'],
  } as const;

  test.each([
    ['databaseResourceId', 'stockade-db'],
    ['databaseResourceId', 'my-db-ABC'],
    ['databaseResourceId', 'db-'],
    ['databaseResourceId', 'db-ABC/*'],
    ['databaseVpcId', 'subnet-0a'],
    ['databaseVpcId', 'my-vpc-0a'],
    ['databaseVpcId', 'vpc-0a '],
    ['databaseSubnetIds', 'subnet-0a subnet-0b'],
    ['databaseSubnetIds', 'subnet-0a,'],
    ['databaseSubnetIds', 'subnet-0a, subnet-0b'],
    ['databaseSubnetIds', 'my-subnet-0a'],
    ['databaseSecurityGroupId', 'default'],
    ['databaseSecurityGroupId', 'sg-0g'],
    ['databaseSecurityGroupId', 'my-sg-0a'],
  ] as const)('%s = %j', (key, value) => {
    const [what, shape] = shapes[key];
    expect(read('prod', { ...described, [key]: value })).toBe(
      `${key} is "${value}", which is not ${what} (it must match ${shape})`,
    );
  });

  test.each([
    ['databaseResourceId', 'cluster-ABC1', { resourceId: 'cluster-ABC1' }],
    ['databaseResourceId', 'prx-0a1b2c', { resourceId: 'prx-0a1b2c' }],
    ['databaseSubnetIds', 'subnet-0f', { subnetIds: ['subnet-0f'] }],
    [
      'databaseSubnetIds',
      'subnet-0a,subnet-0b,subnet-0c',
      { subnetIds: ['subnet-0a', 'subnet-0b', 'subnet-0c'] },
    ],
  ])('%s = %j is accepted', (key, value, more) => {
    expect(read('prod', { ...described, [key]: value })).toEqual({ ...target, ...more });
  });
});
