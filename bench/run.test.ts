import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';
import { runFile } from '#tests/commands/run.ts';

const file = join(import.meta.dirname, 'run.ts');

test('Ctrl-C ends a run at once, and leaves no server and no folder', async () => {
  const folder = makeScratchFolder('bench-test');
  onTestFinished(() => rm(folder, { recursive: true }));
  const child = spawn(process.execPath, [file, '--only', 'wall'], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let shown = '';
  child.stderr.on('data', (data) => {
    shown += data;
  });
  const serverOf = async () => {
    const [made = ''] = (await readdir(folder)).filter((name) => name.startsWith('stockade-bench-'));
    const pidFile = join(folder, made, 'data', 'postmaster.pid');
    return Number((await readFile(pidFile, 'utf8')).split('\n')[0]);
  };
  const pid = await vi.waitFor(serverOf, { timeout: 50_000, interval: 20 });
  child.kill('SIGINT');
  const [code] = await once(child, 'exit');
  expect(shown).toContain('10 comparisons, about 4 minutes on two cores.\nwall …\n');
  expect(shown).toMatch(/Deleting the databases …\nerror: interrupted\n$/);
  expect(code).toBe(130);
  expect(await readdir(folder)).toEqual([]);
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('the page is written only by a whole run', async () => {
  for (const option of [['--only', 'wall'], ['--quick']]) {
    const { exitCode, stderr } = await runFile(file, ['--write', ...option]);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('--write needs a whole run')]);
  }
});

test('a figure of another program has its version', async () => {
  const { exitCode, stderr } = await runFile(file, ['--pgledger', file]);
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining('--pgledger-version')]);
});

test('without the other program, the bench says that it is left out', async () => {
  const { exitCode, stderr } = await runFile(file, ['--only', 'transfers']);
  expect([exitCode, stderr]).toEqual([
    0,
    expect.stringContaining('transfers is left out: pgledger is needed'),
  ]);
});
