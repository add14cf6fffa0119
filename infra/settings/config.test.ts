import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { stageConfig } from './config.ts';
import { ConfigurationError } from './configuration-error.ts';

test('the default stage is dev, so that nothing reaches prod by omission', () => {
  expect(stageConfig(undefined)).toBe(stageConfig('dev'));
  expect(stageConfig()).toBe(stageConfig('dev'));
});

/** Every number of a stage, written a second time, so that nobody changes one by accident. */
const reviewed = {
  dev: {
    name: 'dev',
    api: { throttleRatePerSecond: 50, throttleBurstRequests: 100 },
    apiFunction: { memoryMb: 512, timeoutSeconds: 15, reservedConcurrency: undefined },
    passKeyGeneration: 1,
    jobFunction: { memoryMb: 512, timeoutSeconds: 900, reservedConcurrency: undefined },
    evidenceRetentionDays: 1,
    evidenceGeneration: 1,
    alarms: { serverErrorsIn5Minutes: 5, organizationMismatchesIn5Minutes: 50 },
    keyEnvironment: 'test',
    logRetentionDays: 14,
    keepsLogs: false,
  },
  prod: {
    name: 'prod',
    api: { throttleRatePerSecond: 1000, throttleBurstRequests: 2000 },
    apiFunction: { memoryMb: 1024, timeoutSeconds: 15, reservedConcurrency: 25 },
    passKeyGeneration: 1,
    jobFunction: { memoryMb: 1024, timeoutSeconds: 900, reservedConcurrency: 1 },
    evidenceRetentionDays: 400,
    evidenceGeneration: 1,
    alarms: { serverErrorsIn5Minutes: 5, organizationMismatchesIn5Minutes: 50 },
    keyEnvironment: 'live',
    logRetentionDays: 90,
    keepsLogs: true,
  },
} as const;

test.each(['dev', 'prod'] as const)('%s is a stage, with the reviewed numbers', (name) => {
  expect(stageConfig(name)).toEqual(reviewed[name]);
});

test.each(['staging', '', 'toString', 'Prod', null, ['dev'], 1])(
  '%j is not a stage, and the error lists the stages',
  (stage) => {
    expect(() => stageConfig(stage)).toThrow(
      new ConfigurationError(
        `There is no stage ${JSON.stringify(stage)}: pass -c stage=… with one of dev, prod`,
      ),
    );
  },
);

test.each(['dev', 'prod'] as const)('in %s a function answers before API Gateway gives up', (name) => {
  const gatewayTimeoutSeconds = 29;
  expect(stageConfig(name).apiFunction.timeoutSeconds).toBeLessThan(gatewayTimeoutSeconds);
});

test('two new organizations at their limit leave a function an instance for another', () => {
  const schema = readFileSync(new URL('../../sql/schema.sql', import.meta.url), 'utf8');
  const [, limit] = schema.match(/max_concurrency integer default (\d+)/) ?? [];
  expect(2 * Number(limit)).toBeLessThan(stageConfig('prod').apiFunction.reservedConcurrency ?? 0);
});
