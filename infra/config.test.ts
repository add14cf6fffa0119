import { expect, test } from 'vitest';
import { stageConfig } from './config.ts';
import { ConfigurationError } from './configuration-error.ts';

test('without a stage it is dev, so that nothing reaches prod by omission', () => {
  expect(stageConfig(undefined).name).toBe('dev');
});

test.each(['dev', 'prod'] as const)('%s is a stage', (name) => {
  expect(stageConfig(name).name).toBe(name);
});

test.each(['staging', '', 'toString', null, ['dev']])(
  '%j is no stage, and the error lists those that are',
  (stage) => {
    expect(() => stageConfig(stage)).toThrow(ConfigurationError);
    expect(() => stageConfig(stage)).toThrow(/-c stage=….*dev, prod/);
  },
);

test.each(['dev', 'prod'] as const)('in %s a function answers before API Gateway gives up', (name) => {
  const gatewayTimeoutSeconds = 29;
  expect(stageConfig(name).apiFunction.timeoutSeconds).toBeLessThan(gatewayTimeoutSeconds);
});

test('keys of one stage are refused by the other', () => {
  expect(stageConfig('dev').keyEnvironment).not.toBe(stageConfig('prod').keyEnvironment);
});
