import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

async function load(environment: string | undefined) {
  vi.stubEnv('STOCKADE_KEY_ENVIRONMENT', environment);
  vi.resetModules();
  return (await import('./key-environment.ts')).keyEnvironmentOption.keyEnvironment;
}

test('keys are of the environment that the functions are of, or live', async () => {
  expect((await load('test')).default).toBe('test');
  expect((await load(undefined)).default).toBe('live');
});

test('an environment is 1 to 16 lower-case letters', async () => {
  const { parse } = await load(undefined);
  for (const typed of ['a', 'l'.repeat(16)]) expect(parse?.(typed)).toBe(typed);
  for (const typed of ['', 'l'.repeat(17), 'Live', 'test1', 'te_st', 'te st'])
    expect(() => parse?.(typed), typed).toThrow(
      /^It must be 1 to 16 lower-case letters, as the functions are configured\.$/,
    );
});
