import { describe, expect, test } from 'vitest';
import * as config from './config.ts';
import { environment } from './environment.ts';
import { MissingSetting } from './errors.ts';

type Env = Readonly<Record<string, string>>;

const unset = (name: string) => `${name} is not set: the stack sets it; locally \`npm start\` does`;
const noNumber = (name: string, value: string) =>
  `${name} is "${value}": it must be a whole number of at least 1`;
const without = (env: Env, name: string): Env =>
  Object.fromEntries(Object.entries(env).filter(([each]) => each !== name));

/** The value of a setting, or the whole text of its refusal. */
function read<Value>(setting: (env: NodeJS.ProcessEnv) => Value, env: Env): Value | string {
  try {
    return setting({ ...env });
  } catch (error) {
    expect(error).toBeInstanceOf(MissingSetting);
    return (error as Error).message;
  }
}

describe('the database', () => {
  const logins = [
    [config.databaseConfig, 'STOCKADE_DATABASE_URL', 'STOCKADE_DATABASE_USER', 20_000],
    [config.adminDatabaseConfig, 'STOCKADE_ADMIN_DATABASE_URL', 'STOCKADE_ADMIN_DATABASE_USER', 20_000],
    [config.jobsDatabaseConfig, 'STOCKADE_JOBS_DATABASE_URL', 'STOCKADE_JOBS_DATABASE_USER', 900_000],
  ] as const;

  describe.each(logins)('%o', (setting, url, user, deadlineMs) => {
    const endpoint: Env = {
      STOCKADE_DATABASE_HOST: 'db.example.com',
      STOCKADE_DATABASE_NAME: 'stockade',
      [user]: 'me',
    };

    test('is an endpoint with the usual port, or a whole URL, which takes precedence', () => {
      const one = { maxConnections: 1, deadlineMs };
      const place = { host: 'db.example.com', port: 5432, name: 'stockade', user: 'me' };
      expect(read(setting, endpoint)).toEqual({ ...one, ...place });
      expect(read(setting, { [url]: 'postgres://x' })).toEqual({ ...one, url: 'postgres://x' });
      expect(read(setting, { ...endpoint, [url]: 'postgres://x' })).toEqual({ ...one, url: 'postgres://x' });
      expect(read(setting, { ...endpoint, [url]: '' })).toEqual({ ...one, ...place });
    });

    test.each(Object.keys(endpoint))(
      'without %s, reading it fails with an error that names it',
      (missing) => {
        expect(read(setting, without(endpoint, missing))).toBe(unset(missing));
        expect(read(setting, { ...endpoint, [missing]: '' })).toBe(unset(missing));
      },
    );

    test('ignores the settings of another login', () => {
      const others = logins.filter(([other]) => other !== setting);
      const theirs = others.flatMap(([, otherUrl, otherUser]) => [
        [otherUrl, 'postgres://theirs'],
        [otherUser, 'them'],
      ]);
      expect(read(setting, { ...without(endpoint, user), ...Object.fromEntries(theirs) })).toBe(unset(user));
    });
  });

  const whole = { STOCKADE_DATABASE_URL: 'postgres://x' };
  const endpoint = {
    STOCKADE_DATABASE_HOST: 'h',
    STOCKADE_DATABASE_NAME: 'n',
    STOCKADE_DATABASE_USER: 'u',
  };

  test.each([
    ['STOCKADE_DATABASE_PORT', endpoint, 'port', 5432],
    ['STOCKADE_DATABASE_MAX_CONNECTIONS', whole, 'maxConnections', 1],
    ['STOCKADE_DATABASE_DEADLINE_MS', whole, 'deadlineMs', 20_000],
  ] as const)('%s is a whole number of at least 1, and has a default', (name, env, key, byDefault) => {
    const value = (text: string) => {
      const answer = read(config.databaseConfig, { ...env, [name]: text });
      return typeof answer === 'string' ? answer : (answer as unknown as Record<string, unknown>)[key];
    };
    expect(value('')).toBe(byDefault);
    expect([value('1'), value('2'), value('65536'), value('1e3')]).toEqual([1, 2, 65_536, 1000]);
    for (const wrong of ['0', '-1', '1.5', 'ten', 'NaN', 'Infinity', ' ', '1,000', '1ms'])
      expect(value(wrong)).toBe(noNumber(name, wrong));
  });

  test('a deadline that is set applies to jobs too', () => {
    const env = { STOCKADE_JOBS_DATABASE_URL: 'postgres://x', STOCKADE_DATABASE_DEADLINE_MS: '7' };
    expect(read(config.jobsDatabaseConfig, env)).toEqual({
      maxConnections: 1,
      deadlineMs: 7,
      url: 'postgres://x',
    });
  });
});

describe('tokens and passes', () => {
  const secret = Buffer.alloc(32, 7);
  const env: Env = {
    STOCKADE_JWT_ISSUER: 'https://issuer.example.com/',
    STOCKADE_JWT_AUDIENCE: 'client',
    STOCKADE_PASS_KEY_ID: 'k1',
    STOCKADE_PASS_KEY: secret.toString('base64'),
  };
  const trust = {
    issuer: 'https://issuer.example.com/',
    audience: 'client',
    jwksUri: new URL('https://issuer.example.com/.well-known/jwks.json'),
    passKey: { id: 'k1', secret },
  };

  test('without an issuer no token is accepted, even with all other settings', () => {
    for (const none of [{}, without(env, 'STOCKADE_JWT_ISSUER'), { ...env, STOCKADE_JWT_ISSUER: '' }])
      expect(read(config.tokenConfig, none)).toBeUndefined();
  });

  test('with an issuer, its keys are at the URL that is set, or where OpenID providers publish them', () => {
    expect(read(config.tokenConfig, env)).toEqual(trust);
    expect(read(config.tokenConfig, { ...env, STOCKADE_JWT_JWKS_URI: '' })).toEqual(trust);
    const bare = 'https://issuer.example.com';
    expect(read(config.tokenConfig, { ...env, STOCKADE_JWT_ISSUER: bare })).toEqual({
      ...trust,
      issuer: bare,
    });
    const jwksUri = 'https://keys.example.com/all';
    expect(read(config.tokenConfig, { ...env, STOCKADE_JWT_JWKS_URI: jwksUri })).toEqual({
      ...trust,
      jwksUri: new URL(jwksUri),
    });
  });

  test('an invalid URL of the keys is an error that shows the URL', () => {
    const fault = (uri: string) =>
      `"${uri}" is not a URL: set STOCKADE_JWT_JWKS_URI to the URL where the issuer publishes its keys`;
    expect(read(config.tokenConfig, { ...env, STOCKADE_JWT_JWKS_URI: 'nowhere' })).toBe(fault('nowhere'));
    expect(read(config.tokenConfig, { ...env, STOCKADE_JWT_ISSUER: 'x' })).toBe(
      fault('x/.well-known/jwks.json'),
    );
  });

  test.each(['STOCKADE_JWT_AUDIENCE', 'STOCKADE_PASS_KEY_ID', 'STOCKADE_PASS_KEY'])(
    'an issuer without %s is an error that names it',
    (name) => {
      expect(read(config.tokenConfig, without(env, name))).toBe(unset(name));
      expect(read(config.tokenConfig, { ...env, [name]: '' })).toBe(unset(name));
    },
  );

  test('the secret of passes has 32 to 64 bytes', () => {
    const ofBytes = (bytes: number) =>
      read(config.passKey, { ...env, STOCKADE_PASS_KEY: Buffer.alloc(bytes, 7).toString('base64') });
    for (const bytes of [32, 33, 64])
      expect(ofBytes(bytes)).toEqual({ id: 'k1', secret: Buffer.alloc(bytes, 7) });
    for (const bytes of [1, 31, 65])
      expect(ofBytes(bytes)).toBe(`STOCKADE_PASS_KEY has ${bytes} bytes: it must have 32 to 64, in base64`);
    expect(read(config.passKey, {})).toBe(unset('STOCKADE_PASS_KEY_ID'));
  });
});

test('the base domain is compared in lower case, and an empty one counts as not set', () => {
  const ofDomain = (domain: string) => read(config.baseDomain, { STOCKADE_BASE_DOMAIN: domain });
  expect(ofDomain('API.Example.com')).toBe('api.example.com');
  expect([ofDomain(''), read(config.baseDomain, {})]).toEqual([undefined, undefined]);
});

test('an operator key that could be guessed is an error that does not show it; an empty one counts as not set', () => {
  const ofKey = (key: string) => read(config.operatorKey, { STOCKADE_OPERATOR_KEY: key });
  expect([ofKey(''), read(config.operatorKey, {})]).toEqual([undefined, undefined]);
  for (const length of [1, 31])
    expect(ofKey('k'.repeat(length))).toBe(
      `STOCKADE_OPERATOR_KEY has ${length} characters: it must have at least 32`,
    );
  for (const length of [32, 33]) expect(ofKey('k'.repeat(length))).toBe('k'.repeat(length));
});

test.each([
  [config.keyEnvironment, 'STOCKADE_KEY_ENVIRONMENT'],
  [config.alertTopicArn, 'STOCKADE_ALERT_TOPIC_ARN'],
  [config.stage, 'STOCKADE_STAGE'],
] as const)('%o reads %s, and has no default', (setting, name) => {
  expect(read(setting, { [name]: 'value' })).toBe('value');
  expect([read(setting, {}), read(setting, { [name]: '' })]).toEqual([unset(name), unset(name)]);
});

test('evidence is kept in a bucket for a whole number of days', () => {
  const env = { STOCKADE_EVIDENCE_BUCKET: 'b', STOCKADE_EVIDENCE_RETENTION_DAYS: '400' };
  const ofDays = (days: string) =>
    read(config.evidenceConfig, { ...env, STOCKADE_EVIDENCE_RETENTION_DAYS: days });
  expect(read(config.evidenceConfig, env)).toEqual({ bucket: 'b', retentionDays: 400 });
  expect(ofDays('1')).toEqual({ bucket: 'b', retentionDays: 1 });
  for (const wrong of ['0', '-1', '0.5', 'long'])
    expect(ofDays(wrong)).toBe(noNumber('STOCKADE_EVIDENCE_RETENTION_DAYS', wrong));
  for (const name of Object.keys(env)) {
    expect(read(config.evidenceConfig, without(env, name))).toBe(unset(name));
    expect(read(config.evidenceConfig, { ...env, [name]: '' })).toBe(unset(name));
  }
});

describe('the database whose backups are watched', () => {
  const instance = { STOCKADE_DB_INSTANCE_IDENTIFIER: 'db' };
  const cluster = { STOCKADE_DB_CLUSTER_IDENTIFIER: 'cl' };

  test('is an instance or a cluster, never both, and one is required', () => {
    const copyRegion = undefined;
    expect(read(config.backedUpConfig, instance)).toEqual({ kind: 'instance', identifier: 'db', copyRegion });
    expect(read(config.backedUpConfig, cluster)).toEqual({ kind: 'cluster', identifier: 'cl', copyRegion });
    expect(read(config.backedUpConfig, { ...instance, STOCKADE_DB_CLUSTER_IDENTIFIER: '' })).toEqual({
      kind: 'instance',
      identifier: 'db',
      copyRegion,
    });
    expect(read(config.backedUpConfig, { ...instance, ...cluster })).toBe(
      'STOCKADE_DB_INSTANCE_IDENTIFIER and STOCKADE_DB_CLUSTER_IDENTIFIER are both set: set only the one that holds the database',
    );
    expect(read(config.backedUpConfig, {})).toBe(unset('STOCKADE_DB_INSTANCE_IDENTIFIER'));
  });

  test.each([instance, cluster])('%j may name the region of its copies', (env) => {
    const ofRegion = (region: string) => {
      const answer = read(config.backedUpConfig, { ...env, STOCKADE_BACKUP_COPY_REGION: region });
      return typeof answer === 'string' ? answer : answer.copyRegion;
    };
    expect([ofRegion('eu-west-1'), ofRegion('none'), ofRegion('')]).toEqual(['eu-west-1', 'none', undefined]);
  });

  test('a drill restores an instance, in the network that is set or beside production', () => {
    const env: Env = { ...instance, STOCKADE_SQL_DIRECTORY: 'sql' };
    const plain = {
      source: 'db',
      sqlDirectory: 'sql',
      subnetGroup: undefined,
      securityGroupIds: undefined,
    };
    expect(read(config.drillConfig, env)).toEqual(plain);
    expect(read(config.drillConfig, { ...env, STOCKADE_DRILL_SUBNET_GROUP: '' })).toEqual(plain);
    const placed = {
      STOCKADE_DRILL_SUBNET_GROUP: 'drills',
      STOCKADE_DRILL_SECURITY_GROUP_IDS: 'sg-1,,sg-2,',
    };
    expect(read(config.drillConfig, { ...env, ...placed })).toEqual({
      ...plain,
      subnetGroup: 'drills',
      securityGroupIds: ['sg-1', 'sg-2'],
    });
    expect(read(config.drillConfig, instance)).toBe(unset('STOCKADE_SQL_DIRECTORY'));
    expect(read(config.drillConfig, { ...cluster, STOCKADE_SQL_DIRECTORY: 'sql' })).toBe(
      'STOCKADE_DB_CLUSTER_IDENTIFIER is set, but drills restore only instances: restore the cluster by hand and prove it',
    );
    expect(read(config.drillConfig, {})).toBe(unset('STOCKADE_DB_INSTANCE_IDENTIFIER'));
  });
});

test('every variable has its own name, which begins with STOCKADE_', () => {
  const names = Object.values(environment);
  expect(new Set(names).size).toBe(names.length);
  // Written out: functions of an earlier deploy read the variables that today's stack sets.
  const spelt = (key: string) => `STOCKADE_${key.replaceAll(/[A-Z]/g, '_$&').toUpperCase()}`;
  expect(names).toEqual(Object.keys(environment).map(spelt));
});
