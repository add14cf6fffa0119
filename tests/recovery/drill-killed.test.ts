import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { environment } from '#platform/environment.ts';
import { brokenLinks, drillStages } from '#recovery/drill-records.ts';
import { paths } from '#scripts/paths.ts';
import { openDrillWorld, theDrill } from './drill-world.ts';

const world = openDrillWorld();
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

function verifyBackup(...args: string[]): {
  child: ChildProcess;
  ended: Promise<{ code: number | null; stdout: string }>;
} {
  const child = spawn(process.execPath, [join(paths.root, 'scripts/verify-backup.ts'), ...args], {
    env: { ...process.env, DATABASE_URL: world.rds.adminUrl },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.push(child);
  let stdout = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  return { child, ended: once(child, 'close').then(([code]) => ({ code, stdout })) };
}

const written = (stage: string) =>
  world.rds.local.s3
    .keys(process.env[environment.evidenceBucket] ?? '')
    .filter((key) => key.startsWith('drills/') && key.endsWith(`-${stage}.json`)).length;

describe('a drill that is killed with -9 is carried on with, to a verdict and to the end of its instance', () => {
  test.each(drillStages.slice(0, -1))('behind the stage %s', async (stage) => {
    const before = written(stage);
    const { child, ended } = verifyBackup();
    await vi.waitFor(() => expect(written(stage)).toBeGreaterThan(before), { timeout: 25_000, interval: 5 });
    child.kill('SIGKILL');
    expect((await ended).code).toBeNull();
    const killed = await theDrill();
    expect(killed.tornDownAt).toBeUndefined();

    const again = await verifyBackup('--json').ended;
    expect(again.code).toBe(0);
    const over = JSON.parse(again.stdout);
    expect(over).toMatchObject({ id: killed.id, verdict: { passed: true } });
    expect(over.tornDownAt).toBeDefined();
    expect(await world.instancesLeft()).toEqual([]);
    expect(await brokenLinks()).toEqual([]);
  });
});

test('Ctrl-C gives a drill up: it has not passed, and nothing is left', async () => {
  const before = written('available');
  const { child, ended } = verifyBackup('--json');
  await vi.waitFor(() => expect(written('available')).toBeGreaterThan(before), {
    timeout: 25_000,
    interval: 5,
  });
  child.kill('SIGINT');
  const { code } = await ended;
  expect(code).not.toBe(0);
  expect(await theDrill()).toMatchObject({ verdict: { passed: false, summary: 'It was interrupted.' } });
  expect((await theDrill()).tornDownAt).toBeDefined();
  expect(await world.instancesLeft()).toEqual([]);
});

test('--keep leaves the instance there, and whoever asks next gets the drill it belongs to', async () => {
  const kept = await verifyBackup('--keep', '--json').ended;
  expect(kept.code).toBe(0);
  const drill = JSON.parse(kept.stdout);
  expect(await world.instancesLeft()).toEqual([drill.request.instance]);
  const again = JSON.parse((await verifyBackup('--json').ended).stdout);
  expect(again).toMatchObject({ id: drill.id, verdict: { passed: true } });
});
