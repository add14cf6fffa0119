import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { prepareData } from './prepared-data.ts';
import { run, startPlatform } from './run.ts';

let data: string;

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'stockade-token-'));
  await chmod(data, 0o755);
  await prepareData(data);
});
afterAll(() => rm(data, { recursive: true, force: true }));

/** Asks with curl, which takes every name below localhost to this machine. */
function statusAt(url: string, token: string): Promise<string> {
  const form = '%{http_code}';
  return new Promise((resolve) => {
    execFile(
      'curl',
      ['-sS', '-o', '/dev/null', '-w', form, '-H', `Authorization: Bearer ${token}`, url],
      (_, out) => resolve(out),
    );
  });
}

test('a printed token logs its user in, in the organizations the user is assigned to, across restarts', async () => {
  const early = await run('develop/token.ts', ['--email', 'ada@example.com', '--data', data]);
  expect([early.exitCode, early.stderr]).toEqual([1, expect.stringContaining('npm start')]);

  const platform = await startPlatform(['--no-schedules', '--data', data]);
  const printed = await run('develop/token.ts', ['--email', 'Ada@example.com', '--data', data]);
  const token = printed.stdout.trim();
  expect(printed.stderr).toContain(`${platform.url}/v1/organization`);
  const { port } = new URL(platform.url);
  const mine = `http://acme.localhost:${port}/v1/organization`;
  expect(await statusAt(mine, token)).toBe('403');
  await run('users/assign.ts', [
    '--org',
    'acme',
    '--email',
    'ada@example.com',
    '--role',
    'viewer',
    '--data',
    data,
  ]);
  expect(await statusAt(`${platform.url}/v1/organization`, token)).toBe('200');
  expect(await statusAt(mine, token)).toBe('200');
  expect(await statusAt(`http://globex.localhost:${port}/v1/organization`, token)).toBe('403');

  const operatorKey = await readFile(join(data, 'operator-key'), 'utf8');
  expect(operatorKey).toMatch(/^op_[0-9a-f]{48}$/);
  expect(platform.output()).not.toContain('CloudWatchMetrics');
  await platform.stop('SIGINT');

  const again = await startPlatform(['--no-schedules', '--data', data]);
  expect(await statusAt(`${again.url}/v1/organization`, token)).toBe('200');
  expect(await readFile(join(data, 'operator-key'), 'utf8')).toBe(operatorKey);
  const json = await run('develop/token.ts', [
    '--email',
    'ada@example.com',
    '--lifetime',
    '1m',
    '--data',
    data,
    '--json',
  ]);
  const printedAgain = JSON.parse(json.stdout);
  expect(printedAgain).toMatchObject({ email: 'ada@example.com', token: expect.stringMatching(/^ey/) });
  const { iat = 0, exp = 0 } = decodeJwt(printedAgain.token);
  expect(exp - iat).toBe(60);
  // Both are read from the clock, one after the other.
  expect(Math.abs(Date.parse(printedAgain.expiresAt) / 1_000 - exp)).toBeLessThanOrEqual(1);
  await again.stop('SIGINT');
}, 120_000);

test('a token that would outlive every calendar is refused', async () => {
  const args = ['--email', 'ada@example.com', '--lifetime', '99999999d', '--data', data];
  expect(await run('develop/token.ts', args)).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('at most 36500d'),
  });
});
