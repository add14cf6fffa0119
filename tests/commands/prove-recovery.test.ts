import { expect, test } from 'vitest';
import { run } from './run.ts';

test('a proof of no sabotage at all proves nothing: exit code 2, and which there are', async () => {
  const outcome = await run('develop/prove-recovery.ts', ['--only', 'no such sabotage']);
  expect(outcome).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('tenant missing') });
});

test('it needs nothing but itself, and says who has told, and of how many', async () => {
  const { exitCode, stdout } = await run('develop/prove-recovery.ts', ['--only', 'deletion protection']);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^deletion protection off +check deletion-protection +failed +—$/m);
  expect(stdout).toMatch(
    /\n1 sabotages, 1 told by whom they concern and by nobody else; 0 healthy, 0 false alarms; \d+ s\.\n$/,
  );
});
