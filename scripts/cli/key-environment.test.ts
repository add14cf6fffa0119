import { afterEach, expect, test, vi } from 'vitest';
import { keyEnvironmentOption } from './key-environment.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

function optionIn(environment: string | undefined) {
  vi.stubEnv('STOCKADE_KEY_ENVIRONMENT', environment);
  return keyEnvironmentOption().keyEnvironment;
}

test('keys are of the environment that the functions are of, or live', () => {
  expect(optionIn('test').default).toBe('test');
  expect(optionIn(undefined).default).toBe('live');
});

test('an environment is 1 to 16 lower-case letters', () => {
  const { parse } = optionIn(undefined);
  for (const typed of ['a', 'l'.repeat(16)]) expect(parse?.(typed)).toBe(typed);
  for (const typed of ['', 'l'.repeat(17), 'Live', 'test1', 'te_st', 'te st'])
    expect(() => parse?.(typed), typed).toThrow(
      /^It must be 1 to 16 lower-case letters, the same as in the configuration of the functions\.$/,
    );
});
