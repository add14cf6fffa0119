import { describe, expect, test } from 'vitest';
import { environment } from '#platform/environment.ts';
import { backupTarget, backupVariables } from './backup-target.ts';
import { ConfigurationError } from './configuration-error.ts';

type Values = Readonly<Record<string, unknown>>;

/** The target, or the whole text of its refusal. */
function read(stage: 'dev' | 'prod', values: Values) {
  try {
    return backupTarget(stage, (key) => values[key]);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }
}

const named = { databaseInstanceIdentifier: 'stockade-prod', backupCopyRegion: 'eu-west-1' };
const target = {
  kind: 'instance',
  identifier: 'stockade-prod',
  copyRegion: 'eu-west-1',
  kmsKeyArn: undefined,
  drillSubnetGroup: undefined,
};
const open = { ...target, identifier: undefined, copyRegion: undefined };

test('an instance or a cluster is watched, and functions get its name', () => {
  expect(read('prod', named)).toEqual(target);
  expect(backupVariables(backupTarget('prod', (key) => (named as Values)[key]))).toEqual({
    [environment.dbInstanceIdentifier]: 'stockade-prod',
    [environment.backupCopyRegion]: 'eu-west-1',
  });
  const cluster = { databaseClusterIdentifier: 'stockade', backupCopyRegion: 'none' };
  expect(read('prod', cluster)).toEqual({
    ...target,
    kind: 'cluster',
    identifier: 'stockade',
    copyRegion: 'none',
  });
  expect(backupVariables(backupTarget('prod', (key) => (cluster as Values)[key]))).toEqual({
    [environment.dbClusterIdentifier]: 'stockade',
    [environment.backupCopyRegion]: 'none',
  });
});

test('dev may leave it open, and then no variable looks like a decision', () => {
  const empty = Object.fromEntries(Object.keys(named).map((key) => [key, '']));
  for (const none of [{}, empty]) expect(read('dev', none)).toEqual(open);
  expect(backupVariables(backupTarget('dev', () => undefined))).toEqual({});
  expect(read('dev', { backupCopyRegion: 'none' })).toEqual({ ...open, copyRegion: 'none' });
  expect(read('dev', { databaseInstanceIdentifier: 'a' })).toEqual({ ...open, identifier: 'a' });
});

test.each([{}, { ...named, databaseInstanceIdentifier: '' }, { ...named, backupCopyRegion: undefined }])(
  'prod with only %j is refused, and the error says what to pass',
  (values) => {
    expect(read('prod', values)).toBe(
      [
        'Stage prod does not say which backups to watch. Pass:',
        '  -c databaseInstanceIdentifier=…  (DBInstanceIdentifier; for Aurora, -c databaseClusterIdentifier=…)',
        '  -c backupCopyRegion=…  (the region that backups are copied to, or none if you decided to have no copy)',
      ].join('\n'),
    );
  },
);

test.each(['dev', 'prod'] as const)('in %s an instance and a cluster together are refused', (stage) => {
  expect(read(stage, { ...named, databaseClusterIdentifier: 'another' })).toBe(
    'databaseInstanceIdentifier and databaseClusterIdentifier are both set: pass only the one that holds the database',
  );
});

describe('an invalid name is refused, and the error shows the valid form', () => {
  const key = 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab';
  const shapes: Readonly<Record<string, readonly [shape: string, good: string[], bad: string[]]>> = {
    databaseInstanceIdentifier: [
      '/^[a-z](-?[a-z0-9])*$/',
      ['a', 'db-1', 'stockade-prod-2'],
      ['db-ABC', '1db', '-db', 'db-', 'd--b', 'd_b', ' db', 'db '],
    ],
    databaseClusterIdentifier: ['/^[a-z](-?[a-z0-9])*$/', [], ['Aurora', 'cl-']],
    backupCopyRegion: [
      '/^[a-z]{2}(-[a-z]+)+-\\d$/',
      ['us-gov-west-1', 'ap-southeast-2', 'none'],
      ['Ireland', 'eu-west', 'eu-west-10', 'None', 'e-west-1', 'xeu-west-1', 'eu-west-1 '],
    ],
    databaseKmsKeyArn: [
      '/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:key\\/[A-Za-z0-9-]+$/',
      [key, key.replace('aws', 'aws-us-gov'), key.replace('/1234', '/mrk-1234')],
      [
        'alias/mine',
        key.replace('123456789012', '12345678901'),
        key.replace(':key/', ':alias/'),
        `${key} `,
        `x${key}`,
      ],
    ],
    drillSubnetGroup: [
      '/^[a-z0-9][a-z0-9_. -]{0,254}$/',
      ['d', '0', 'drills of.prod_1', 'd'.repeat(255)],
      ['Drills', '-drills', 'd'.repeat(256), 'd/s'],
    ],
  };

  test.each(Object.entries(shapes))('%s', (name, [shape, good, bad]) => {
    const values = name === 'databaseClusterIdentifier' ? { backupCopyRegion: 'none' } : named;
    for (const value of good) {
      const answer = read('prod', { ...values, [name]: value });
      expect(typeof answer === 'string' ? answer : Object.values(answer)).toContain(value);
    }
    for (const value of bad) {
      expect(read('prod', { ...values, [name]: value })).toBe(
        `${name} is ${JSON.stringify(value)}: it must match ${shape}`,
      );
    }
  });

  test('the key and the subnets of drills are optional, and an empty one counts as not set', () => {
    const more = { databaseKmsKeyArn: key, drillSubnetGroup: 'drills' };
    expect(read('prod', { ...named, ...more })).toEqual({
      ...target,
      kmsKeyArn: key,
      drillSubnetGroup: 'drills',
    });
    expect(read('prod', { ...named, databaseKmsKeyArn: '', drillSubnetGroup: '' })).toEqual(target);
  });
});
