import { expect, test } from 'vitest';
import { run } from './run.ts';

test('an unknown name of a sabotage ends with exit code 2 and the known names', async () => {
  const outcome = await run('develop/prove-recovery.ts', ['--only', 'no such sabotage']);
  expect(outcome).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('tenant missing') });
});

test('the proof needs no platform, and reports who has noticed each sabotage', async () => {
  const { exitCode, stdout } = await run('develop/prove-recovery.ts', ['--only', 'deletion protection']);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^deletion protection off +check deletion-protection +failed +—$/m);
  expect(stdout).toMatch(
    /\n1 sabotage reported correctly, 0 healthy backups without a false alarm; \d+ s\.\n$/,
  );
});
