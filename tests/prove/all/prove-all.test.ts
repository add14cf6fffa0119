import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '#tests/commands/run.ts';
import { proofs } from './proofs.ts';
import { allHeld, type ProofResult, proveAll } from './prove-all.ts';
import { allText } from './report.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stockade-proofs-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function proveWith(
  code: string,
  signal = new AbortController().signal,
): Promise<readonly ProofResult[]> {
  const file = join(folder, 'proof.mjs');
  await writeFile(file, code);
  return await proveAll([{ name: 'sample', file }], { signal, onStart: () => {}, onResult: () => {} });
}

const print = (answer: unknown) => `console.log(${JSON.stringify(JSON.stringify(answer))});`;

test('every prove command of package.json is a proof', () => {
  expect(proofs.map(({ name }) => name)).toContain('faults');
  expect(proofs.filter(({ file }) => !existsSync(file))).toEqual([]);
});

test('a proof holds when it ends well and has a tally', async () => {
  const results = await proveWith(print({ tally: { tried: 3, held: 3 } }));
  expect(allHeld(results)).toBe(true);
  expect(allText(results)).toMatch(/^sample +3 +3 +0 +0 min \d+ s$/m);
});

test.each([
  ['fails', `${print({ tally: { tried: 3, held: 1 } })} process.exitCode = 1;`, 'sample does not hold'],
  ['has no tally', print({ ok: true }), 'sample could not run: it ended with exit code 0'],
  ['breaks', `console.error('{"error":{"message":"no room"}}'); process.exit(1);`, 'could not run: no room.'],
])('a proof that %s does not hold', async (_, code, says) => {
  const results = await proveWith(code);
  expect(allHeld(results)).toBe(false);
  expect(allText(results)).toContain(says);
});

test('a proof ends with the command that runs it', async () => {
  const stopping = new AbortController();
  const running = proveWith('setInterval(() => {}, 1_000);', stopping.signal);
  setTimeout(() => stopping.abort(), 100);
  await expect(running).rejects.toThrow('aborted');
});

test('a proof that nobody knows, and no proof at all, are wrong usage', async () => {
  expect(await run('develop/prove.ts', ['--only', 'nothing'])).toMatchObject({ exitCode: 2 });
  expect(await run('develop/prove.ts', ['--only', 'faults', '--skip', 'faults'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('no proof is left'),
  });
});
