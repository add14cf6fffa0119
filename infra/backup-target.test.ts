import { expect, test } from 'vitest';
import { environment } from '#platform/environment.ts';
import { backupTarget, backupVariables } from './backup-target.ts';

const from = (values: Readonly<Record<string, unknown>>) => (key: string) => values[key];
const named = { databaseInstanceIdentifier: 'stockade-prod', backupCopyRegion: 'eu-west-1' };

test('an instance or a cluster is watched, and functions are told which', () => {
  expect(backupVariables(backupTarget('prod', from(named)))).toEqual({
    [environment.dbInstanceIdentifier]: 'stockade-prod',
    [environment.backupCopyRegion]: 'eu-west-1',
  });
  const cluster = { databaseClusterIdentifier: 'stockade-prod', backupCopyRegion: 'none' };
  expect(backupVariables(backupTarget('prod', from(cluster)))).toEqual({
    [environment.dbClusterIdentifier]: 'stockade-prod',
    [environment.backupCopyRegion]: 'none',
  });
});

test('dev may leave it open, and then nothing is set that could pass for a decision', () => {
  expect(backupVariables(backupTarget('dev', from({})))).toEqual({});
});

test.each(Object.keys(named))('prod without %s is refused, and told what to pass', (key) => {
  const rest = { ...named, [key]: undefined };
  expect(() => backupTarget('prod', from(rest))).toThrow(`-c ${key}=…`);
});

test.each([
  [{ ...named, databaseClusterIdentifier: 'another' }, 'are both there'],
  [{ ...named, databaseInstanceIdentifier: 'db-ABC' }, 'databaseInstanceIdentifier is "db-ABC"'],
  [{ ...named, backupCopyRegion: 'Ireland' }, 'backupCopyRegion is "Ireland"'],
  [{ ...named, databaseKmsKeyArn: 'alias/mine' }, 'databaseKmsKeyArn is "alias/mine"'],
  [{ ...named, drillSubnetGroup: 'Drills' }, 'drillSubnetGroup is "Drills"'],
])('%j is refused', (values, message) => {
  expect(() => backupTarget('prod', from(values))).toThrow(message);
});
