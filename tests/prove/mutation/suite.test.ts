import { mkdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';
import { runSuite } from './suite.ts';

let root: string;
beforeEach(() => {
  root = makeScratchFolder('suite');
  mkdirSync(join(root, 'node_modules/vitest'), { recursive: true });
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** Runs a checkout whose vitest is the given program. */
async function run(vitest: string) {
  writeFileSync(join(root, 'node_modules/vitest/vitest.mjs'), vitest);
  return await runSuite(root, { workers: 1, timeoutMs: 60_000, signal: new AbortController().signal });
}

function reporting(assertionResults: readonly object[], code: number): string {
  const file = { name: join(root, 'a.test.ts'), status: code === 0 ? 'passed' : 'failed', message: '' };
  const report = { testResults: [{ ...file, startTime: 1, endTime: 3, assertionResults }] };
  return `import { writeFileSync } from 'node:fs';
    const output = process.argv.find((each) => each.startsWith('--outputFile=')).slice('--outputFile='.length);
    writeFileSync(output, ${JSON.stringify(JSON.stringify(report))});
    process.exit(${code});`;
}

test('a run passes with its report, and fails with the names of the tests that failed', async () => {
  expect(await run(reporting([{ status: 'passed', fullName: 'works' }], 0))).toEqual({
    passed: true,
    failures: [],
    files: [{ file: 'a.test.ts', durationMs: 2, passed: true }],
  });
  expect(await run(reporting([{ status: 'failed', fullName: 'works' }], 1))).toMatchObject({
    passed: false,
    failures: ['a.test.ts: works'],
  });
});

test('a run that ends before its report has failed, whatever its exit code is', async () => {
  for (const code of [0, 13]) {
    expect(await run(`process.exit(${code})`)).toEqual({
      passed: false,
      failures: [`the run itself failed (exit code ${code})`],
      files: [],
    });
  }
});
