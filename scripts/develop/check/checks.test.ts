import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { paths } from '#scripts/paths.ts';
import { commandFaults } from './documented-commands.ts';
import { findFiles } from './files.ts';
import { wordFaults } from './forbidden-words.ts';
import { lockfileFaults } from './lockfile.ts';
import { englishFaults } from './plain-english.ts';
import { resultText, runCheck } from './run-check.ts';
import { toolFaults } from './tool.ts';

test('a download address in the lockfile is found', () => {
  const lockfile = (resolved?: string) =>
    JSON.stringify({ packages: { 'node_modules/a': { version: '1.0.0', resolved } } });
  expect(lockfileFaults('package-lock.json', lockfile('https://registry.example/a.tgz'))).toEqual([
    'package-lock.json: node_modules/a has the download address https://registry.example/a.tgz',
  ]);
  expect(lockfileFaults('package-lock.json', lockfile('git+ssh://git@example.com/a.git'))).toEqual([
    'package-lock.json: node_modules/a has the download address git+ssh://git@example.com/a.git',
  ]);
  expect(lockfileFaults('package-lock.json', lockfile())).toEqual([]);
});

test('an optional package that the lockfile leaves out is found, wherever it could have been', () => {
  const optional = { optionalDependencies: { 'b-darwin': '2.0.0' } };
  const fault =
    'package-lock.json: node_modules/@s/a/node_modules/b may use b-darwin@2.0.0, which is not locked';
  const lockfile = (more: object) =>
    JSON.stringify({ packages: { '': {}, 'node_modules/@s/a/node_modules/b': optional, ...more } });
  expect(lockfileFaults('package-lock.json', lockfile({}))).toEqual([fault]);
  expect(
    lockfileFaults('package-lock.json', lockfile({ 'node_modules/other/node_modules/b-darwin': {} })),
  ).toEqual([fault]);
  expect(lockfileFaults('package-lock.json', lockfile({ 'node_modules/b-darwin': {} }))).toEqual([]);
  expect(
    lockfileFaults('package-lock.json', lockfile({ 'node_modules/@s/a/node_modules/b-darwin': {} })),
  ).toEqual([]);
  const bundled = { 'node_modules/@s/a/node_modules/b': { ...optional, inBundle: true } };
  expect(lockfileFaults('package-lock.json', lockfile(bundled))).toEqual([]);
});

test('a page that names a command that does not exist is found, with its line', () => {
  const page = [
    'Run `npm run org:create -- --slug acme`, then npm start.',
    '    npm run --silent org:list --json',
    'Or `npm run org:delete`.',
    'npm test; npm ci; npm install; npm run',
  ].join('\n');
  expect(commandFaults('README.md', page, new Set(['org:create', 'org:list', 'test']))).toEqual([
    'README.md:1: there is no npm script "start"',
    'README.md:3: there is no npm script "org:delete"',
  ]);
});

test.each([
  [`see ${'/root'}/notes`, 'a path of one machine'],
  [`${'/home'}/ann/stockade`, 'a path of one machine'],
  [`// ${'TO'}${'DO'}: later`, 'unfinished work'],
  [`${'<'.repeat(7)} HEAD`, 'an unresolved merge'],
])('%s is found', (line, why) => {
  expect(wordFaults('a.ts', `fine\n${line}`)).toEqual([
    expect.stringMatching(new RegExp(`^a\\.ts:2: ".*" is ${why}$`)),
  ]);
});

test.each([
  `import.meta${'/root'}/x`,
  'the root/work folder',
  `https://example.com${'/home'}/x`,
  `${'TO'}${'DO'}S`,
  'mastodon',
])('%s is no fault', (line) => {
  expect(wordFaults('a.ts', line)).toEqual([]);
});

test('a tool that succeeds has no faults, one that fails has what it said', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stockade-check-'));
  try {
    const file = join(folder, 'a.mjs');
    const { signal } = new AbortController();
    await writeFile(file, '');
    expect(await toolFaults(paths.root, 'node', [file], signal)).toEqual([]);
    await writeFile(file, `console.log('one'); console.error('two'); process.exit(3)`);
    expect(await toolFaults(paths.root, 'node', [file], signal)).toEqual(['one\ntwo']);
    await writeFile(file, `process.exit(3)`);
    expect(await toolFaults(paths.root, 'node', [file], signal)).toEqual(['node exited with code 3']);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('what was installed is not ours to check', async () => {
  const files = await findFiles(paths.root, '**/package.json');
  expect(files).toContain('package.json');
  expect(files.filter((file) => file.includes('node_modules'))).toEqual([]);
});

test('files are in the order of their paths, wherever they are', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stockade-files-'));
  try {
    const ours = ['a/b/z.ts', 'a/c.ts', 'b.ts', 'c/a.ts', 'd.ts'];
    for (const file of [
      'd.ts',
      'a/c.ts',
      'c/a.ts',
      'b.ts',
      'a/b/z.ts',
      'cdk.out/a.ts',
      'a/coverage/a.ts',
      'e.js',
    ]) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), '');
    }
    expect(await findFiles(folder, '**/*.ts')).toEqual(ours);
    expect(await findFiles(folder, '{d,c/a,b}.ts')).toEqual(['b.ts', 'c/a.ts', 'd.ts']);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a check that could not run has not passed', async () => {
  const check = {
    name: 'broken',
    promise: 'it runs',
    faults: () => Promise.reject(new Error('no such tool')),
  };
  const result = await runCheck(check, paths.root, new AbortController().signal);
  expect(result).toMatchObject({
    name: 'broken',
    ok: false,
    faults: [expect.stringContaining('no such tool')],
  });
});

test('a result says what is wrong, and not more than a screen of it', () => {
  const faults = Array.from({ length: 100 }, (_, index) => `fault ${index}`);
  const lines = resultText({ name: 'types', ok: false, durationMs: 1234, faults }).split('\n');
  expect(lines.slice(0, 2)).toEqual(['FAIL  types      1.2 s', '  fault 0']);
  expect(lines.at(-1)).toBe('  … and 40 more lines');
  expect(resultText({ name: 'types', ok: true, durationMs: 0, faults: [] })).toBe('ok    types      0.0 s');
});

test.each([
  ['// Whoever asks gets an answer', '"Whoever": write name who acts: "anyone who", "the caller", "you"'],
  ['read, write; without end', '"without end": write "never expires", "unlimited"'],
  ['3 movements behind the last seal', '"movements behind": write "after", "since"'],
  ['it makes an API key', '"makes an API key": write "create"'],
])('the plainer word for %j is shown', (line, fault) => {
  expect(englishFaults('docs/a.md', `fine\n${line}`)).toEqual([`docs/a.md:2: ${fault}`]);
});

test.each(['a proxy behind the gateway', 'tell a person', 'the key is created, the decision was made'])(
  '%j is plain English',
  (line) => {
    expect(englishFaults('docs/a.md', line)).toEqual([]);
  },
);
