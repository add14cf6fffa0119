import { describe, expect, test } from 'vitest';
import { databaseTarget, placeholderDatabase } from './database-target.ts';

const described = {
  databaseHost: 'stockade.abc.eu-central-1.rds.amazonaws.com',
  databaseResourceId: 'db-ABCDEFGHIJKLMNOP',
  databaseVpcId: 'vpc-0a1b2c3d',
  databaseSubnetIds: 'subnet-0a,subnet-0b',
  databaseSecurityGroupId: 'sg-0a1b2c3d',
};

const from = (values: Readonly<Record<string, unknown>>) => (key: string) => values[key];

test('dev needs no database to synthesize', () => {
  expect(databaseTarget('dev', from({}))).toBe(placeholderDatabase);
});

test('prod without a database is refused, and the error names every key to pass', () => {
  for (const key of Object.keys(described)) {
    expect(() => databaseTarget('prod', from({}))).toThrow(`-c ${key}=…`);
  }
});

test.each(['dev', 'prod'] as const)('half a description is refused in %s', (stage) => {
  const { databaseVpcId: _, ...rest } = described;
  expect(() => databaseTarget(stage, from(rest))).toThrow('-c databaseVpcId=…');
  expect(() => databaseTarget(stage, from(rest))).not.toThrow('-c databaseHost=…');
});

test('a description is taken as given, with the usual port and name', () => {
  expect(databaseTarget('prod', from(described))).toEqual({
    host: described.databaseHost,
    port: 5432,
    databaseName: 'stockade',
    resourceId: described.databaseResourceId,
    vpcId: described.databaseVpcId,
    subnetIds: ['subnet-0a', 'subnet-0b'],
    securityGroupId: described.databaseSecurityGroupId,
  });
});

test('port and name may be others', () => {
  const target = databaseTarget('dev', from({ ...described, databasePort: '6432', databaseName: 'ledger' }));
  expect(target).toMatchObject({ port: 6432, databaseName: 'ledger' });
});

describe('an id of the wrong kind is refused where it is written, not when the first connection fails', () => {
  test.each([
    ['databaseResourceId', 'stockade-db'],
    ['databaseVpcId', 'subnet-0a'],
    ['databaseSubnetIds', 'subnet-0a subnet-0b'],
    ['databaseSecurityGroupId', 'default'],
    ['databasePort', 'postgres'],
    ['databasePort', '70000'],
  ])('%s = %j', (key, value) => {
    expect(() => databaseTarget('prod', from({ ...described, [key]: value }))).toThrow(
      `${key} is "${value}"`,
    );
  });
});
